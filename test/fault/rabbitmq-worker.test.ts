// A worker on RabbitMQ that is killed in the middle of its work, or whose event loop stands still for longer than the heartbeat: what it
// held is delivered again, marked, and done; chords whose parts are cut off so have their bodies run. RabbitMQ itself going away: rabbitmq.test.ts. The tasks: tasks.mjs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { chord, group } from '../../server/canvas/compose.ts';
import { silentLogger } from '../../server/log.ts';
import { describeNeedsRabbit, type Rabbit, sharedRabbit } from '../support/rabbitmq-server.ts';
import { hasRedis, redisServer } from '../support/redis-server.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';

const TASKS = fileURLToPath(new URL('./tasks.mjs', import.meta.url));

interface Run {
  readonly number: number;
  readonly redelivered: boolean;
  readonly pid: number;
}

describeNeedsRabbit('a worker on RabbitMQ', () => {
  async function world(settings: object) {
    const rabbit = await sharedRabbit();
    const vhost = await rabbit.freshVhost();
    const folder = mkdtempSync(join(tmpdir(), 'umbel-fault-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [diary, gate] = [join(folder, 'diary'), join(folder, 'gate')];
    writeFileSync(diary, '');
    const shared = { backend: 'rpc://', task_acks_late: true, ...settings };
    // Its own line is not what is tried.
    const patient = { ...shared, broker_heartbeat: 60 };
    const client = new Celery('fault', { broker: rabbit.url(vhost), ...patient }, { env: {}, log: silentLogger });
    onTestFinished(() => client.close());
    const worker = async (name = 'w@fault', url = rabbit.url(vhost)) => {
      const env = { FAULT_URL: url, FAULT_DIARY: diary, FAULT_SETTINGS: JSON.stringify(shared) };
      const running = startUmbel(['-A', TASKS, 'worker', '-n', name, '-l', 'INFO', '-c', '10'], {
        cwd: folder,
        env,
      });
      onTestFinished(() => running[Symbol.asyncDispose]());
      await running.says(/ ready\./);
      return running;
    };
    const lines = (what: string) =>
      readFileSync(diary, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(`${what} `))
        .map((line) => line.split(' '));
    return {
      rabbit,
      vhost,
      client,
      worker,
      open: () => writeFileSync(gate, ''),
      gate,
      runs: (): Run[] =>
        lines('start').map(([, number, again, pid]) => ({
          number: Number(number),
          redelivered: again === 'true',
          pid: Number(pid),
        })),
      ended: () => lines('end').length,
    };
  }

  async function connectionsOf(rabbit: Rabbit, vhost: string): Promise<number> {
    const mine = `[C || C <- rabbit_networking:connections(), rabbit_networking:connection_info(C, [vhost]) =:= [{vhost, <<"${vhost}">>}]]`;
    return Number(await rabbit.ask(`length(${mine})`));
  }

  it('that is killed: the next does all that was left, what was held marked as redelivered, and every result arrives', async () => {
    const COUNT = 300;
    const { client, worker, runs, ended } = await world({});
    const first = await worker();
    const results = await Promise.all(
      Array.from({ length: COUNT }, (_, number) => client.sendTask('fault.work', [number, 0.005])),
    );
    await until(() => ended() >= 100, 'a hundred to be done');
    await first[Symbol.asyncDispose]();
    const before = runs().length;
    await worker();
    expect(await Promise.all(results.map((one) => one.get({ timeout: 120 })))).toEqual(
      results.map((_, number) => number),
    );
    const again = runs().filter(({ redelivered }) => redelivered);
    // Ten at work and forty taken.
    expect(again.length).toBeGreaterThan(0);
    expect(again.length).toBeLessThanOrEqual(50);
    expect(
      runs()
        .slice(0, before)
        .every(({ redelivered }) => !redelivered),
    ).toBe(true);
    expect(new Set(runs().map(({ number }) => number)).size).toBe(COUNT);
  });

  const itNeedsRedisToo = hasRedis ? it : it.skip;
  itNeedsRedisToo('that is killed, or whose line is cut, in the middle of chords: every body runs, once', async () => {
    const CHORDS = 10;
    const redis = await redisServer();
    onTestFinished(() => redis.close());
    const { rabbit, vhost, client, worker, open, gate, runs } = await world({
      backend: redis.url(),
      worker_prefetch_multiplier: 2,
    });
    const line = await tcpProxy(rabbit.port);
    onTestFinished(() => line.close());
    const killed = await worker('killed@fault');
    const cut = await worker('cut@fault', `amqp://guest:guest@127.0.0.1:${line.port}/${vhost}`);
    const part = (number: number) => client.signature('fault.work', [number, 0, gate]);
    const bodies = await Promise.all(
      Array.from({ length: CHORDS }, (_, i) =>
        chord(group([0, 1, 2, 3, 4].map(part)), client.signature('fault.gather', [i])).applyAsync(),
      ),
    );
    await until(() => new Set(runs().map(({ pid }) => pid)).size === 2, 'both to be in the middle of parts');
    await killed[Symbol.asyncDispose]();
    line.cut();
    open();
    const results = await Promise.all(bodies.map((body) => body.get({ timeout: 120 })));
    expect(results).toEqual(Array.from({ length: CHORDS }, (_, i) => i));
    expect(runs().some(({ redelivered }) => redelivered)).toBe(true);
    // Each is sent once, whoever counted its last part.
    const said = () => `${cut.stdout()}${cut.stderr()}`;
    const gathered = () => said().match(/Task fault\.gather\[\S+ succeeded/g)?.length ?? 0;
    await until(() => gathered() >= CHORDS, 'the last to be told of');
    expect(gathered()).toBe(CHORDS);
  });

  it('whose event loop stands still for longer than the heartbeat comes back, and what it held is delivered again', async () => {
    const { rabbit, vhost, client, worker, open, gate, runs } = await world({ broker_heartbeat: 2 });
    const running = await worker();
    const blocked = await client.sendTask('fault.block', [1, gate]);
    await until(() => runs().length === 1, 'it to stand still');
    const after = await client.sendTask('fault.work', [2, 0]);
    await until(async () => (await connectionsOf(rabbit, vhost)) === 1, 'RabbitMQ to give its connections up');
    open();
    expect(await blocked.get({ timeout: 120 })).toBe(1);
    expect(await after.get({ timeout: 120 })).toBe(2);
    const marks = () =>
      runs()
        .filter(({ number }) => number === 1)
        .map(({ redelivered }) => redelivered);
    await until(() => marks().length > 1, 'it to be delivered again');
    expect([...new Set(marks())]).toEqual([false, true]);
    expect(running.stdout() + running.stderr()).toMatch(/Connection to broker lost/);
    expect(running.stdout() + running.stderr()).not.toMatch(/Unrecoverable/);
  });
});
