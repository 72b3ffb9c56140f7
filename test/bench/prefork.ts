// Pools of processes: `umbel worker -P prefork -c 2`, Celery's prefork with two processes (where it is installed) and BullMQ with two
// sandboxed processors, on one Redis server, the same tasks: a sum, and 5 ms of CPU time. Then what it takes to have a new child, and to
// kill one that computes. Workers are started as their users start them, and looked at from outside: by their results and CPU time.
// All results are looked at before a figure is printed; figures are the median of three rounds.
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import { median, report } from '../support/bench-report.ts';
import { redisServer } from '../support/redis-server.ts';
import { startWorker, type WorkerName } from './prefork/workers.ts';
import { asking } from './support/asking.ts';
import { celeryVersion } from './support/celery.ts';
import { inFlight } from './support/measure.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const KILLS = 10;
const COUNTS: Readonly<Record<WorkerName, { readonly short: number; readonly compute: number }>> = {
  ours: { short: 10_000, compute: 800 },
  wide: { short: 20_000, compute: 800 },
  bullmq: { short: 10_000, compute: 800 },
  celery: { short: 3000, compute: 800 },
};
const COMPUTE_MS = 5;

interface Drain {
  /** @unit tasks a second */
  readonly rate: number;
  /** Of the worker and its children. @unit microseconds a task */
  readonly cpuUs: number;
}

const only = process.env.CASES?.split(',');
const wanted = (name: string) => only === undefined || only.includes(name);
const version = celeryVersion();
const names: WorkerName[] = version === null ? ['ours', 'wide', 'bullmq'] : ['ours', 'wide', 'bullmq', 'celery'];
const labels = {
  ours: '',
  wide: 'ours, --child-concurrency 10',
  bullmq: 'BullMQ, 2 sandboxed processors',
  celery: `Celery ${version}, prefork -c 2`,
};

const server = await redisServer();
try {
  if (wanted('short')) await drains('short', 'short tasks', { bullmq: 3, celery: 10 });
  if (wanted('compute')) await drains('compute', `tasks of ${COMPUTE_MS} ms CPU`, {});
  if (wanted('kill')) await kills();
} finally {
  await server.close();
}

async function drains(
  kind: 'short' | 'compute',
  title: string,
  goals: Partial<Record<WorkerName, number>>,
): Promise<void> {
  const seen: Record<WorkerName, Drain[]> = { ours: [], wide: [], bullmq: [], celery: [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const name of names) seen[name].push(await drain(name, kind, COUNTS[name][kind]));
  const figures = (rounds: readonly Drain[]) => ({
    value: median(rounds.map(({ rate }) => rate)),
    cpuUs: median(rounds.map(({ cpuUs }) => cpuUs)),
    runs: rounds.map(({ rate }) => Math.round(rate)),
  });
  report({
    case: `prefork, 2 children: ${title}`,
    ...figures(seen.ours),
    unit: 'tasks/s',
    better: 'more',
    tasks: COUNTS.ours[kind],
    peers: names
      .filter((name) => name !== 'ours')
      .map((name) => ({ name: labels[name], ...figures(seen[name]), goal: goals[name]! })),
  });
}

async function drain(name: WorkerName, kind: 'short' | 'compute', count: number): Promise<Drain> {
  await asking(server.url(), (redis) => redis.flushall());
  const url = server.url();
  const ms = kind === 'compute' ? COMPUTE_MS : 0;
  if (name === 'bullmq') await publishJobs(count, ms);
  else await publishTasks(url, count, ms);
  const worker = startWorker(name, { url });
  try {
    return await asking(server.url(), async (redis) => {
      const done = () => (name === 'bullmq' ? redis.zcard('bull:bench:completed') : redis.dbsize());
      const cold = await reached(done, count / 10);
      const [begun, cpuUs] = [performance.now(), worker.cpuUs()];
      const measured = (await reached(done, count)) - cold;
      const figures = {
        rate: (measured / (performance.now() - begun)) * 1000,
        cpuUs: (worker.cpuUs() - cpuUs) / measured,
      };
      await check(redis, name, count);
      return figures;
    });
  } finally {
    await worker.stop();
  }
}

async function publishTasks(url: string, count: number, ms: number): Promise<void> {
  const app = appOn(url);
  const send = () => (ms === 0 ? app.sendTask('bench.add', [2, 3]) : app.sendTask('bench.compute', [2, 3, ms]));
  await inFlight(500, count, send);
  await app.close();
}

async function publishJobs(count: number, ms: number): Promise<void> {
  const queue = new Queue('bench', { connection: { host: '127.0.0.1', port: server.port } });
  const data = ms === 0 ? { a: 2, b: 3 } : { a: 2, b: 3, ms };
  for (let sent = 0; sent < count; sent += 1000)
    await queue.addBulk(Array.from({ length: Math.min(1000, count - sent) }, () => ({ name: 'add', data })));
  await queue.close();
}

/** How many are done, once so many are. Beside results there are a few keys of a broker. */
async function reached(done: () => Promise<number>, count: number): Promise<number> {
  for (;;) {
    const so = await done();
    if (so >= count) return so;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function check(redis: Redis, name: WorkerName, count: number): Promise<void> {
  if (name === 'bullmq') {
    const ids = await redis.zrange('bull:bench:completed', '0', '-1');
    if (ids.length !== count) throw new Error(`BullMQ: ${ids.length} completed of ${count}`);
    const values = await Promise.all(ids.map((id) => redis.hget(`bull:bench:${id}`, 'returnvalue')));
    for (const value of values) if (value !== '5') throw new Error(`BullMQ: a wrong result: ${value}`);
    return;
  }
  const keys = () => redis.keys('celery-task-meta-*');
  await reached(async () => (await keys()).length, count);
  for (const row of await redis.mget(await keys())) {
    const { status, result } = JSON.parse(row!);
    if (status !== 'SUCCESS' || result !== 5) throw new Error(`${name}: a wrong result: ${row}`);
  }
}

/** With one child: a running task is terminated by SIGKILL until its caller knows, and then the next one until it has run. */
async function kills(): Promise<void> {
  const seen: Record<'ours' | 'celery', { known: number[]; next: number[] }> = {
    ours: { known: [], next: [] },
    celery: { known: [], next: [] },
  };
  for (const name of ['ours', 'celery'] as const) {
    if (!names.includes(name)) continue;
    await asking(server.url(), (redis) => redis.flushall());
    const url = server.url();
    const app = appOn(url);
    const worker = startWorker(name, { url, children: 1 });
    try {
      for (let n = 0; n < KILLS; n++) await killOne(app, seen[name]);
    } finally {
      await worker.stop();
      await app.close();
    }
  }
  for (const [what, part] of [
    ['terminate by SIGKILL until the caller knows', 'known'],
    ['from then until the next task has run in a new child', 'next'],
  ] as const)
    report({
      case: `prefork, 1 child: ${what}, p50`,
      value: median(seen.ours[part]),
      max: Math.max(...seen.ours[part]),
      unit: 'ms',
      better: 'less',
      kills: KILLS,
      peers: names
        .filter((name) => name === 'celery')
        .map((name) => ({ name: `Celery ${version}`, value: median(seen[name as 'celery'][part]) })),
    });
}

async function killOne(app: Celery, seen: { known: number[]; next: number[] }): Promise<void> {
  await (await app.sendTask('bench.add', [2, 3])).get({ timeout: 60 });
  const endless = await app.sendTask('bench.endless');
  const active = async () => Object.values((await app.control.inspect({ limit: 1, timeout: 5 }).active()) ?? {}).flat();
  while ((await active()).length === 0);
  // A child of Celery is told of its task before it has begun to compute.
  await new Promise((resolve) => setTimeout(resolve, 50));
  let at = performance.now();
  await endless.revoke({ terminate: true, signal: 'SIGKILL' });
  await endless.get({ timeout: 60 }).catch(() => {});
  seen.known.push(performance.now() - at);
  at = performance.now();
  if ((await (await app.sendTask('bench.add', [2, 3])).get({ timeout: 60 })) !== 5) throw new Error('a wrong sum');
  seen.next.push(performance.now() - at);
}

function appOn(url: string): Celery {
  return new Celery('bench', { broker: url, backend: url }, { env: {}, log: silentLogger });
}
