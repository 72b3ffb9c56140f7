// Workers of both languages on one queue: each task is done once, by either.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Celery } from '../../server/index.ts';
import type { Worker } from '../../server/worker/worker.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Cluster, type PythonWorker, startCluster } from './python.ts';

/** UMBEL_LONG=1 for as many as the guides promise. */
const TASKS = process.env['UMBEL_LONG'] ? 20_000 : 6000;
const OURS = 'ts@interop';
const THEIRS = 'py@interop';

describeNeedsPythonOnRedis('workers of both languages on one queue', () => {
  let cluster: Cluster;
  let app: Celery;
  let theirs: PythonWorker;
  let ours: Worker & { readonly lines: readonly string[] };
  let theirsBegan: Promise<unknown> | undefined;
  const hops = async () =>
    (await cluster.keys.lrange('hops', 0, -1)).map((text) => JSON.parse(text) as [string, number, string]);
  beforeAll(async () => {
    cluster = await startCluster();
    app = cluster.app({ worker_prefetch_multiplier: 1 });
    // As slow as the Python task is on the whole, so that both get their share.
    app.task({ name: 'mix.count' }, async (number: number) => {
      await cluster.keys.rpush('counted', `${number} ${OURS}`);
      await new Promise((next) => setTimeout(next, 2));
      return number;
    });
    app.task({ name: 'mix.retry', bind: true, max_retries: null }, async function (times: number) {
      const { id, retries } = this.request;
      await cluster.keys.rpush('hops', JSON.stringify([id, retries, OURS]));
      // Fast as it is, it would do them all.
      theirsBegan ??= until(async () => (await hops()).some(([, , by]) => by === THEIRS), 'a try in Python');
      await theirsBegan;
      if (retries < times) this.retry({ countdown: 0.01, exc: new RangeError('again') });
      return retries;
    });
    theirs = await cluster.worker(THEIRS, ['-P', 'threads', '-c', '2']);
    ours = await cluster.ours(app, { hostname: OURS, concurrency: 6 });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  it(`${TASKS} tasks from both kinds of client are done once each, and every result is there`, async () => {
    const ids: string[] = [];
    const send = async () => {
      // A hundred at a time, as programs do.
      for (let first = 0; first < TASKS / 2; first += 100) {
        const some = Array.from({ length: 100 }, (_, i) => app.sendTask('mix.count', [first + i]));
        ids.push(...(await Promise.all(some)).map((result) => result.id));
      }
    };
    const theirIds = cluster.py(
      `ids = [count.delay(number).id for number in range(${TASKS / 2}, ${TASKS})]\nresult = ids`,
    );
    await send();
    ids.push(...((await theirIds) as string[]));
    await until(async () => (await cluster.keys.llen('counted')) >= TASKS, 'all to be done', { timeoutMs: 120_000 });

    const backend = await app.backend();
    const stored = async () =>
      (await cluster.keys.eval("return #redis.call('keys', 'celery-task-meta-*')", 0)) as number;
    await until(async () => (await stored()) === TASKS, 'all results', { everyMs: 100 });
    const results = await backend.getMany(ids);
    const numbers = ids.map((_, number) => number);
    expect(ids.map((id) => results.get(id)?.result)).toEqual(numbers);
    const given = JSON.stringify(ids.slice(0, TASKS / 2));
    const read = `found = {id: meta['result'] for id, meta in app.backend.get_many(all)}\nresult = [found[id] for id in all]`;
    expect(await cluster.py(`all = loads('${given}') + ids\n${read}`)).toEqual(numbers);
    const counted = (await cluster.keys.lrange('counted', 0, -1)).map((text) => text.split(' '));
    expect(counted.map(([number]) => Number(number)).sort((a, b) => a - b)).toEqual(numbers);
    const shares = [OURS, THEIRS].map((host) => counted.filter(([, by]) => by === host).length);
    expect(Math.min(...shares)).toBeGreaterThan(TASKS / 100);

    // Nothing is left: neither waiting, nor unacked.
    await until(async () => (await cluster.keys.hlen('unacked')) === 0, 'all to be acknowledged');
    expect(await cluster.keys.llen('celery')).toBe(0);
    expect(theirs.output()).not.toMatch(/ERROR|CRITICAL|Traceback/);
    expect(ours.lines.filter((line) => /ERROR|CRITICAL/.test(line))).toEqual([]);
  });

  it('a task tried again goes from one language to the other, and no try is lost or made twice', async () => {
    const times = 4;
    const results = await Promise.all(Array.from({ length: 100 }, () => app.sendTask('mix.retry', [times])));
    expect(await Promise.all(results.map((result) => result.get({ timeout: 120 })))).toEqual(results.map(() => times));
    const made = await hops();
    const wanted = results.flatMap(({ id }) => [0, 1, 2, 3, 4].map((retries) => `${id} ${retries}`));
    expect(made.map(([id, retries]) => `${id} ${retries}`).sort()).toEqual(wanted.sort());
    expect(new Set(made.map(([, , by]) => by))).toEqual(new Set([OURS, THEIRS]));
    expect(theirs.output()).not.toMatch(/ERROR|CRITICAL/);
  });
});
