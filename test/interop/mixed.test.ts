// Workers of both languages on one queue: each task is done once, by either.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Cluster, startCluster } from './python.ts';

const TASKS = 2000;
const OURS = 'ts@interop';
const THEIRS = 'py@interop';

describeNeedsPythonOnRedis('workers of both languages on one queue', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  it(`${TASKS} tasks from both kinds of client are done once each, and every result is there`, async () => {
    const app = cluster.app({ worker_prefetch_multiplier: 1 });
    // As slow as the Python task is on the whole, so that both get their share.
    app.task({ name: 'mix.count' }, async (number: number) => {
      await cluster.keys.rpush('counted', `${number} ${OURS}`);
      await new Promise((next) => setTimeout(next, 2));
      return number;
    });
    const theirs = await cluster.worker(THEIRS, ['-P', 'threads', '-c', '2']);
    const ours = await cluster.ours(app, { hostname: OURS, concurrency: 2 });

    const sent = Promise.all(Array.from({ length: TASKS / 2 }, (_, number) => app.sendTask('mix.count', [number])));
    const ids = (await cluster.py(
      `result = [count.delay(number).id for number in range(${TASKS / 2}, ${TASKS})]`,
    )) as string[];
    const all = [...(await sent).map((result) => result.id), ...ids];
    await until(async () => (await cluster.keys.llen('counted')) >= TASKS, 'all to be done', { timeoutMs: 25_000 });

    const backend = await app.backend();
    await until(async () => (await backend.getMany(all)).size === TASKS, 'all results');
    const results = await backend.getMany(all);
    expect(all.map((id) => results.get(id)?.result)).toEqual(all.map((_, number) => number));
    const counted = (await cluster.keys.lrange('counted', 0, -1)).map((text) => text.split(' '));
    expect(counted.map(([number]) => Number(number)).sort((a, b) => a - b)).toEqual(all.map((_, number) => number));
    const shares = [OURS, THEIRS].map((host) => counted.filter(([, by]) => by === host).length);
    expect(Math.min(...shares)).toBeGreaterThan(TASKS / 100);

    // Nothing is left: neither waiting, nor unacked.
    await until(async () => (await cluster.keys.hlen('unacked')) === 0, 'all to be acknowledged');
    expect(await cluster.keys.llen('celery')).toBe(0);
    expect(theirs.output()).not.toMatch(/ERROR|CRITICAL|Traceback/);
    expect(ours.lines.filter((line) => /ERROR|CRITICAL/.test(line))).toEqual([]);
  });
});
