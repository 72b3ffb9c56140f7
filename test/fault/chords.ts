// Chords under fire: three workers of ours are killed in turn, and one of their lines is cut each quarter of a second, while a Python worker
// works beside them. Counts the bodies that succeeded, and says of each that is missing what is left of its chord in Redis, so that one
// sees where it was lost.
//   npm run build && UMBEL_BUILT=1 npx tsx --conditions=umbel-source test/fault/chords.ts       300 chords, the Python worker left in peace
//   CHORDS=30 PYTHON=no npx tsx ...          without one
//   PYTHON=killed                            it is on good lines, too, killed every few seconds and started again
//   PYTHON=store | PYTHON=cut                its line to the result store is cut as ours are; all its lines are
//   STORE=db+postgresql://host:port/name     results stand there and not in Redis; PYTHON is no or yes. Our workers' lines to it are cut, too
// All bodies are promised where Python is left in peace (no, yes). Elsewhere they cannot be: kombu pops a message and records it in a second
// command, and what it popped when it was killed or cut between the two, nobody has any more. So each chord without a body must
// lack exactly such messages (message-trace.ts), every other part of it must be counted, and our scripts must have recorded all they took.
// Celery 5.2 with its store line cut fails the part aloud.
// A small one that runs with the tests: chords-under-fire.test.ts.
import { setTimeout as pause } from 'node:timers/promises';
import { chord, group } from '../../server/canvas/compose.ts';
import type { AsyncResult } from '../../server/results/async-result.ts';
import type { GroupResult } from '../../server/results/group-result.ts';
import { report } from '../support/bench-report.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { MessageTrace } from './message-trace.ts';
import { type WorkerProcess, World } from './world.ts';

const chords = Number(process.env.CHORDS ?? 300);
const MODES = ['no', 'yes', 'killed', 'store', 'cut'];
const python = process.env.PYTHON ?? 'yes';
if (!MODES.includes(python)) throw new RangeError(`PYTHON=${python}: it is one of ${MODES.join(', ')}`);
const { STORE: store } = process.env;
const address = store && /\/\/(?:.*@)?[\w.]+:(\d+)/.exec(store);
const storeLine = address ? await tcpProxy(Number(address[1])) : null;
const settings = {
  ...(store ? { result_backend: store, result_chord_retry_interval: 0.2 } : {}),
  task_acks_late: true,
  task_reject_on_worker_lost: true,
  worker_prefetch_multiplier: 2,
  broker_transport_options: { visibility_timeout: 5, unacked_mutex_expire: 5 },
};

const world = await World.open({ settings });
const trace = await MessageTrace.open(world.keys);
const line = await tcpProxy(world.redis.port);
const cutUrl = `redis://127.0.0.1:${line.port}/0`;
const cutStore = { result_backend: store?.replace(`:${address?.[1]}`, `:${storeLine?.port}`) };
const cutLines = {
  FAULT_URL: cutUrl,
  ...(storeLine ? { FAULT_SETTINGS: JSON.stringify({ ...settings, ...cutStore }) } : {}),
};
// Not until it is ready: on a busy machine cuts can meet one start after the other, each with a longer back-off.
const start = (name: string) => world.umbel(name, ['-c', '8'], /\[tasks\]/, cutLines);
const workers: WorkerProcess[] = await Promise.all(['a@fault', 'b@fault', 'c@fault'].map(start));
const pythonLines: Record<string, string> =
  python === 'cut' ? cutLines : python === 'store' ? { FAULT_STORE: cutUrl } : {};
const startPython = () => world.python('p@fault', ['-P', 'threads', '-c', '4'], pythonLines);
let pythonWorker = python === 'no' ? null : await startPython();

let on = true;
const cutting = (async () => {
  for (; on; await pause(250)) {
    line.cutOne();
    storeLine?.cutOne();
  }
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

let kills = 0;
const killingPython = (async () => {
  while (on && python === 'killed' && pythonWorker) {
    await pause(1500 + Math.random() * 2000);
    if (!on) break;
    await pythonWorker.kill();
    kills++;
    pythonWorker = await startPython();
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
// Given up when for so long no other body has come: on a busy machine all of them take longer.
let left = chords + 1;
for (let since = performance.now(); left > 0 && performance.now() < since + 120_000; await pause(500)) {
  const { length } = await missing();
  if (length < left) since = performance.now();
  left = length;
}
on = false;
await Promise.all([cutting, killing, killingPython]);
const lost = await missing();
await trace.settle();
let lostByKombu = 0;
const unexplained: string[] = [];
for (const body of lost) {
  const header = body.parent as unknown as GroupResult;
  const parts = header.results.map(({ id }) => id);
  const results = await world.results([body.id, ...parts]);
  const unrun = parts.filter((id) => !results.has(id));
  const gone: string[] = [];
  for (const id of [body.id, ...unrun]) if (await trace.lostBetweenPopAndRecord(id)) gone.push(id);
  lostByKombu += gone.length;
  const counted = await world.keys.zcard(`celery-taskset-meta-${header.id}.j`);
  const isKombu =
    gone.includes(body.id) || (gone.length > 0 && gone.length === unrun.length && counted === 5 - gone.length);
  const ways = [body.id, ...parts].map((id) => [id, results.get(id)?.status ?? 'no result', trace.way(id)]);
  const line = `body ${body.id} of ${header.id}, ${counted} counted, lost by kombu: ${gone.join(', ') || 'none'}`;
  console.error(line, ...(isKombu ? [] : [JSON.stringify(ways)]));
  if (!isKombu) unexplained.push(body.id);
}
const { ours, others } = trace;
if (python !== 'killed' && python !== 'cut' && lostByKombu > 0) unexplained.push('no Python was killed or cut');
if (ours.taken !== ours.recorded) unexplained.push(`we took ${ours.taken} and recorded ${ours.recorded}`);
if (others.size > 0) unexplained.push(`others took: ${[...others].join(', ')}`);
const again = sent.filter(({ id }) => trace.way(id).pushed > 1).length;
report({
  case: `chords under fire${store ? ` on ${store.split(':')[0]}` : ''}, Python ${python}${kills > 0 ? ` (${kills} times)` : ''}`,
  value: chords - lost.length,
  unit: 'bodies',
  goal: chords,
  better: 'more',
  lostByKombu,
  unexplained,
  ours,
  /** Bodies whose message was put into a list more than once: sent again under the same id, or given back. */
  again,
});
if (unexplained.length > 0) process.exitCode = 1;
trace.close();
await line.close();
await storeLine?.close();
await world[Symbol.asyncDispose]();
