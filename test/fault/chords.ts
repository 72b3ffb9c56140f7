// Chords under fire: workers of ours are killed, lines are cut each quarter of a second, and a Python worker works beside them. Counts the
// bodies, and says of each that is missing what is left of its chord in Redis, so that one sees where it was lost.
//   npm run build && UMBEL_BUILT=1 npx tsx --conditions=umbel-source test/fault/chords.ts       300 chords, the Python worker's broker on a good line
//   CHORDS=30 PYTHON=no | PYTHON=cut npx tsx ...                                                without one; with all its lines cut
// With all lines cut it cannot be 300 of 300: kombu pops a message (BRPOP) and records it (HSET unacked) in a second command. What is
// lost between the two nobody has any more: such a chord has its size, lacks a part, and that part has no result.
import { setTimeout as pause } from 'node:timers/promises';
import { chord, group } from '../../server/canvas/compose.ts';
import type { AsyncResult } from '../../server/results/async-result.ts';
import type { GroupResult } from '../../server/results/group-result.ts';
import { report } from '../support/bench-report.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { type WorkerProcess, World } from './world.ts';

const chords = Number(process.env.CHORDS ?? 300);
const python = process.env.PYTHON ?? 'yes';
const settings = {
  task_acks_late: true,
  task_reject_on_worker_lost: true,
  worker_prefetch_multiplier: 2,
  broker_transport_options: { visibility_timeout: 5, unacked_mutex_expire: 5 },
};

const world = await World.open({ settings });
const line = await tcpProxy(world.redis.port);
const cutUrl = `redis://127.0.0.1:${line.port}/0`;
const cutLines = { FAULT_URL: cutUrl };
const start = (name: string) => world.umbel(name, ['-c', '8'], / ready\./, cutLines);
const workers: WorkerProcess[] = await Promise.all(['a@fault', 'b@fault', 'c@fault'].map(start));
if (python !== 'no') {
  const lines = python === 'cut' ? cutLines : { FAULT_STORE: cutUrl };
  await world.python('p@fault', ['-P', 'threads', '-c', '4'], lines);
}

let on = true;
const cutting = (async () => {
  for (; on; await pause(250)) line.cutOne();
})();
const killing = (async () => {
  for (let i = 0; on; i++) {
    await pause(1000 + Math.random() * 1500);
    if (!on) break;
    const at = i % workers.length;
    await workers[at]!.kill();
    workers[at] = await start(['a@fault', 'b@fault', 'c@fault'][at]!);
  }
})();

const part = (number: number) => world.app.signature('fault.work', [number, 0.01]);
const sent: AsyncResult[] = [];
for (let i = 0; i < chords; i++) {
  const header = group([0, 1, 2, 3, 4].map(part));
  sent.push((await chord(header, world.app.signature('fault.gather', [i])).applyAsync()) as AsyncResult);
  await pause(20);
}
const missing = async () => {
  const done = await world.results(sent.map(({ id }) => id));
  return sent.filter(({ id }) => done.get(id)?.status !== 'SUCCESS');
};
const end = performance.now() + 120_000;
while (performance.now() < end && (await missing()).length > 0) await pause(500);
on = false;
await Promise.all([cutting, killing]);
const lost = await missing();
for (const body of lost) {
  const header = body.parent as unknown as GroupResult;
  const key = `celery-taskset-meta-${header.id}`;
  const parts = await world.results(header.results.map(({ id }) => id));
  const [size, counted] = [await world.keys.get(`${key}.s`), await world.keys.zrange(`${key}.j`, '0', '-1')];
  const unrun = header.results.map(({ id }) => id).filter((id) => !parts.has(id));
  console.error(
    `missing body ${body.id} of ${header.id}: size ${size}, counted ${counted.length}, no result of`,
    unrun,
  );
}
report({
  case: `chords under fire, Python ${python}`,
  value: chords - lost.length,
  unit: 'bodies',
  goal: chords,
  better: 'more',
});
if (lost.length > 0) process.exitCode = 1;
await line.close();
await world[Symbol.asyncDispose]();
