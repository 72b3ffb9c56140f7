// Ten chords whose workers are in trouble while the parts run: one is killed, the other's line is cut. At full size, over minutes and
// beside a Python worker: chords.ts.
import { afterEach, expect } from 'vitest';
import { chord, group } from '../../server/canvas/compose.ts';
import { itNeedsRedis } from '../support/redis-server.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { PATIENT, World } from './world.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const CHORDS = 10;
const settings = {
  task_acks_late: true,
  worker_prefetch_multiplier: 2,
  broker_transport_options: { visibility_timeout: 1, unacked_mutex_expire: 1 },
};

itNeedsRedis('every chord has its body run when one worker is killed and the line of the other is cut', async () => {
  const world = await World.open({ settings });
  closing.push(() => world[Symbol.asyncDispose]());
  const line = await tcpProxy(world.redis.port);
  closing.push(() => line.close());
  const [killed] = await Promise.all([
    world.umbel('killed@fault', ['-c', '4']),
    world.umbel('cut@fault', ['-c', '4'], / ready\./, { FAULT_URL: `redis://127.0.0.1:${line.port}/0` }),
  ]);
  const part = (number: number) => world.app.signature('fault.work', [number, 0, world.gate]);
  const bodies = await Promise.all(
    Array.from({ length: CHORDS }, (_, i) =>
      chord(group([0, 1, 2, 3, 4].map(part)), world.app.signature('fault.gather', [i])).applyAsync(),
    ),
  );
  const workers = () => new Set(world.runs().map(({ pid }) => pid));
  await until(() => workers().size === 2, 'both workers to be in the middle of parts', PATIENT);
  await killed.kill();
  line.cut();
  world.openGate();

  const ids = bodies.map(({ id }) => id);
  const results = async () => {
    const found = await world.results(ids);
    return ids.map((id) => found.get(id)?.result);
  };
  await expect.poll(results).toEqual(Array.from({ length: CHORDS }, (_, i) => i));
});
