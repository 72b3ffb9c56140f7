// One Redis server, and on it, in turn and in the same run: this package, BullMQ, Python Celery (where it is installed), and a bare
// loop with no worker round it. Publish, drain with results, round trip; then a dashboard under a flood of events, and how soon its pages show one.
// Each measured process is one of its own; all results are looked at before a figure is printed; figures are the median of three rounds.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { median, report } from '../support/bench-report.ts';
import { redisServer } from '../support/redis-server.ts';
import { live } from './redis/live.ts';
import { asking } from './support/asking.ts';
import { celeryVersion, type Done, PythonCelery } from './support/celery.ts';
import { ingest } from './support/ingest.ts';
import { type Figures, type Given, measured, served, type Trips } from './support/measure.ts';

const ROUNDS = 3;
const TASKS = 60_000;
const CELERY_TASKS = 4000;
const TRIPS = 2000;
const CELERY_TRIPS = 500;
const COUNT = `return #redis.call('KEYS', 'celery-task-meta-*')`;

const ours = fileOf('ours');
const bullmq = fileOf('bullmq');
const bareLoop = fileOf('bare-loop');

interface Measured {
  readonly publish: Figures[];
  readonly drain: Figures[];
  readonly trip: Trips[];
}

const only = process.env.CASES?.split(',');
const wanted = (name: string) => only === undefined || only.includes(name);

const server = await redisServer();
const version = celeryVersion();
const celery = version === null ? null : new PythonCelery('redis', storedOn);
const names = { bullmq: 'BullMQ', celery: `Celery ${version}, prefork -c 2`, loop: 'bare loop' };
try {
  const of = { ours: none(), bullmq: none(), celery: none(), loop: none() };
  for (let round = 0; round < ROUNDS; round++) {
    if (wanted('drain')) await drains(of);
    if (wanted('trip')) await trips(of);
  }
  if (wanted('drain')) reportDrains(of);
  if (wanted('trip')) reportTrips(of);
  if (wanted('ingest')) await ingest({ name: 'redis', pid: server.pid, freshUrl: async () => server.freshUrl() });
  if (wanted('live')) await live(server);
} finally {
  celery?.close();
  await server.close();
}

async function drains(of: Record<'ours' | 'bullmq' | 'celery' | 'loop', Measured>): Promise<void> {
  let given = await clean(TASKS);
  of.ours.publish.push(await measured(ours, 'publish', given));
  of.ours.drain.push(await measured(ours, 'drain', given));
  await checkRows(given);

  given = await clean(TASKS);
  await measured(ours, 'publish', given);
  of.loop.drain.push(await measured(bareLoop, 'drain', given));
  await checkRows(given);

  given = await clean(TASKS);
  of.bullmq.publish.push(await measured(bullmq, 'publish', given));
  of.bullmq.drain.push(await measured(bullmq, 'drain', given));
  await checkJobs(given);

  if (!celery) return;
  given = await clean(CELERY_TASKS);
  of.celery.publish.push(celery.publish(given));
  of.celery.drain.push(await celery.drain(given));
  await checkRows(given, 'told to stop');
}

async function trips(of: Record<'ours' | 'bullmq' | 'celery' | 'loop', Measured>): Promise<void> {
  for (const [file, mine] of [
    [ours, of.ours],
    [bullmq, of.bullmq],
    [bareLoop, of.loop],
  ] as const) {
    const given = await clean(TRIPS);
    const worker = await served(file, 'serve', given);
    mine.trip.push(await measured(file, 'trip', given));
    worker.stop();
  }
  if (celery) of.celery.trip.push(await celery.trip(await clean(CELERY_TRIPS)));
}

function reportDrains(of: Record<'ours' | 'bullmq' | 'celery' | 'loop', Measured>): void {
  const line = (name: string, what: 'publish' | 'drain', peers: (readonly [keyof typeof names, number])[]) =>
    report({
      case: `redis ${name}`,
      ...figuresOf(of.ours[what]),
      unit: 'tasks/s',
      better: 'more',
      tasks: TASKS,
      peers: peers
        .filter(([peer]) => of[peer][what].length > 0)
        .map(([peer, goal]) => ({ name: names[peer], ...figuresOf(of[peer][what]), goal })),
    });
  line('publish, one producer', 'publish', [
    ['celery', 20],
    ['bullmq', 1.5],
  ]);
  line('drain with results, one worker process', 'drain', [
    ['celery', 20],
    ['bullmq', 1.2],
    ['loop', 0.8],
  ]);
}

function reportTrips(of: Record<'ours' | 'bullmq' | 'celery' | 'loop', Measured>): void {
  const figures = (trips: Trips[]) => ({
    value: median(trips.map((t) => t.p50)),
    p99: median(trips.map((t) => t.p99)),
  });
  report({
    case: 'redis round trip delay().get(), p50',
    ...figures(of.ours.trip),
    unit: 'ms',
    better: 'less',
    goal: 0.6,
    trips: TRIPS,
    runs: of.ours.trip.map((t) => t.p50),
    peers: (
      [
        ['celery', undefined],
        ['bullmq', undefined],
        // Within 1.6 times of the loop.
        ['loop', 1 / 1.6],
      ] as const
    )
      .filter(([peer]) => of[peer].trip.length > 0)
      .map(([peer, goal]) => ({ name: names[peer], ...figures(of[peer].trip), goal })),
  });
}

function figuresOf(rounds: readonly Figures[]) {
  return {
    value: median(rounds.map((r) => r.rate)),
    cpuUs: median(rounds.map((r) => r.cpuUs)),
    serverCpuUs: median(rounds.map((r) => r.serverCpuUs)),
    runs: rounds.map((r) => r.rate),
  };
}

/** How many results there are. */
function storedOn({ url }: Given): Done {
  const redis = new Redis(url);
  return {
    count: async () => Number(await redis.eval(COUNT, 0)),
    close: () => redis.disconnect(),
  };
}

/** Everybody begins with an empty server. */
async function clean(count: number): Promise<Given> {
  await asking(server.url(), (redis) => redis.flushall());
  return { url: server.url(), server: server.pid, count };
}

/** As many results as tasks, each of them 5, and nothing left over. (Celery, told to stop, may leave an acknowledgement unsent.) */
async function checkRows({ count }: Given, stopped: 'all settled' | 'told to stop' = 'all settled'): Promise<void> {
  await asking(server.url(), async (redis) => {
    const keys = await redis.keys('celery-task-meta-*');
    const left = stopped === 'told to stop' ? 0 : (await redis.llen('celery')) + (await redis.hlen('unacked'));
    if (keys.length !== count || left !== 0) throw new Error(`${keys.length} results of ${count}, ${left} tasks left`);
    for (let at = 0; at < keys.length; at += 1000) {
      for (const row of await redis.mget(keys.slice(at, at + 1000))) {
        const { status, result } = JSON.parse(row!);
        if (status !== 'SUCCESS' || result !== 5) throw new Error(`a wrong result: ${row}`);
      }
    }
  });
}

async function checkJobs({ count }: Given): Promise<void> {
  await asking(server.url(), async (redis) => {
    const ids = await redis.zrange('bull:bench:completed', '0', '-1');
    if (ids.length !== count) throw new Error(`BullMQ: ${ids.length} completed of ${count}`);
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hget(`bull:bench:${id}`, 'returnvalue');
    for (const [, value] of (await pipeline.exec())!)
      if (value !== '5') throw new Error(`BullMQ: a wrong result: ${value}`);
  });
}

function none(): Measured {
  return { publish: [], drain: [], trip: [] };
}

function fileOf(name: string): string {
  const file = fileURLToPath(new URL(`./redis/${name}.ts`, import.meta.url));
  if (!existsSync(file)) throw new Error(`no such file: ${file}`);
  return file;
}
