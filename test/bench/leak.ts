// A worker of each pool runs 200,000 tasks with results over Redis; what it and its child hold on to, before and after. Memory that grows
// with what was run is a leak. What is asked: the worker, by a remote command of the bench's own, and the child, by a task; both collect
// garbage first. Warm-up is the first tenth. COUNT=n for more or fewer; POOLS=prefork,async for some.
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import { report } from '../support/bench-report.ts';
import { redisServer } from '../support/redis-server.ts';
import { startWorker } from './prefork/workers.ts';
import { inFlight } from './support/measure.ts';

const COUNT = Number(process.env.COUNT ?? 200_000);
const STEPS = 10;
const POOLS = process.env.POOLS?.split(',') ?? ['async', 'solo', 'prefork', 'threads'];
/** Of what is held after warm-up: more is a leak. */
const GROWTH = 0.1;
const MB = 2 ** 20;

interface Held {
  /** Of the worker's process, and where the pool has one, of its child. @unit bytes */
  readonly rss: number;
  readonly childRss: number;
  readonly heap: number;
  readonly childHeap: number;
}

const server = await redisServer();
try {
  for (const pool of POOLS) await run(pool);
} finally {
  await server.close();
}

async function run(pool: string): Promise<void> {
  const redis = new Redis(server.url());
  await redis.flushall();
  const url = server.url();
  const app = new Celery('bench', { broker: url, backend: url }, { env: {}, log: silentLogger });
  // One child, so that all of its tasks are in one memory; where bodies run in the worker, as many at a time as by default.
  const children = pool === 'async' ? 100 : 1;
  const worker = startWorker('ours', { url, pool, children, flags: ['--expose-gc'] });
  const samples: Held[] = [];
  try {
    for (let step = 1; step <= STEPS; step++) {
      const wanted = COUNT / STEPS;
      await inFlight(500, wanted, () => app.sendTask('bench.add', [2, 3]));
      while ((await redis.dbsize()) < wanted * step || (await redis.exists('celery', 'unacked')) > 0)
        await new Promise((resolve) => setTimeout(resolve, 50));
      samples.push(await held(app, worker.pid, pool));
    }
  } finally {
    await worker.stop();
    await app.close();
    redis.disconnect();
  }
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const growth = (of: keyof Held) => (first[of] === 0 ? 0 : last[of] / first[of] - 1);
  const series = (of: keyof Held) => samples.map((one) => Math.round((one[of] / MB) * 10) / 10);
  report({
    case: `leak, ${pool}: growth of what is held after a tenth of ${COUNT} tasks`,
    value: Math.max(growth('heap'), growth('childHeap')) * 100,
    unit: '%',
    better: 'less',
    goal: GROWTH * 100,
    rssGrowth: growth('rss') * 100,
    childRssGrowth: growth('childRss') * 100,
    rssMb: series('rss'),
    heapMb: series('heap'),
    ...(pool === 'prefork' || pool === 'threads'
      ? { childRssMb: series('childRss'), childHeapMb: series('childHeap') }
      : {}),
  });
}

async function held(app: Celery, pid: number, pool: string): Promise<Held> {
  const replies = await app.control.broadcast('memory', { reply: true, limit: 1, timeout: 60 });
  if (replies.length === 0) throw new Error('the worker did not say what it holds');
  const own = Object.values(replies[0] ?? {})[0] as NodeJS.MemoryUsage;
  const child =
    pool === 'prefork' || pool === 'threads'
      ? ((await (await app.sendTask('bench.memory')).get({ timeout: 60 })) as NodeJS.MemoryUsage)
      : null;
  return {
    rss: rssOf(pid),
    heap: own.heapUsed + own.external,
    childRss: pool === 'prefork' ? child!.rss : 0,
    childHeap: child ? child.heapUsed + child.external : 0,
  };
}

function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}
