// Python's Celery and this package on one RabbitMQ, both ways; results in Redis. What both declare and send there:
// flow/rabbitmq-startup.test.ts, flow/rabbitmq-publish.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Celery, chain, chord, group } from '../../server/index.ts';
import type { Worker } from '../../server/worker/worker.ts';
import { hasPythonOnRedis } from '../support/needs.ts';
import { hasRabbit, sharedRabbit } from '../support/rabbitmq-server.ts';
import { until } from '../support/until.ts';
import { type Cluster, type PythonWorker, startCluster } from './python.ts';

const OURS = 'ts@interop';
const THEIRS = 'py@interop';

describe.runIf(hasPythonOnRedis && hasRabbit)('Python and this package on one RabbitMQ', () => {
  let cluster: Cluster;
  let app: Celery;
  let theirs: PythonWorker;
  let ours: Worker & { readonly lines: readonly string[] };
  const counted = async () => (await cluster.keys.lrange('counted', 0, -1)).map((text) => text.split(' '));
  beforeAll(async () => {
    const rabbit = await sharedRabbit();
    cluster = await startCluster({ worker_prefetch_multiplier: 1 }, await rabbit.freshUrl());
    app = cluster.app();
    app.task({ name: 'mix.count' }, async (number: number) => {
      await cluster.keys.rpush('counted', `${number} ${OURS}`);
      await new Promise((next) => setTimeout(next, 2));
      return number;
    });
    app.task({ name: 'ts.headers', bind: true }, function () {
      return this.request.headers;
    });
    app.task({ name: 'ts.again', bind: true, max_retries: 5 }, function (times: number) {
      if (this.request.retries < times) this.retry({ countdown: 0.01 });
      return this.request.retries;
    });
    app.task({ name: 'ts.add', params: ['x', 'y'] }, (x: number, y: number) => x + y);
    app.task('ts.sum', (all: number[]) => all.reduce((a, b) => a + b, 0));
    // Expected, so that it is no error in the log.
    app.task({ name: 'ts.fail', throws: [TypeError] }, (message: string) => {
      throw new TypeError(message);
    });
    app.task({ name: 'ts.stamps', bind: true }, function () {
      return this.request.stamps;
    });
    app.conf.task_routes = { 'py.*': { queue: 'python' }, 'ts.*': { queue: 'ts' } };
    [theirs, ours] = await Promise.all([
      cluster.worker(THEIRS, ['-P', 'threads', '-c', '2', '-Q', 'celery,python']),
      cluster.ours(app, { hostname: OURS, concurrency: 4, queues: ['celery', 'ts'] }),
    ]);
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  it('calls of ours run there: values, errors, retries, countdowns', async () => {
    const send = (name: string, args: unknown[] = [], options = {}) => app.sendTask(name, args, {}, options);
    expect(await (await send('py.add', [2, 3])).get({ timeout: 90 })).toBe(5);
    expect(await (await send('py.add', [2, 4], { countdown: 0.1 })).get({ timeout: 90 })).toBe(6);
    expect(await (await send('py.retry', [2])).get({ timeout: 90 })).toBe(2);
    await expect((await send('py.fail', ['no'])).get({ timeout: 90 })).rejects.toThrow('no');
  });

  it('calls of theirs run here: values, errors, retries, and headers of every type that AMQP has', async () => {
    const found = await cluster.py(`
import datetime
from decimal import Decimal
def call(name, *args, **options):
    return app.send_task(name, args, queue='ts', **options).get(timeout=90)
headers = {'big': 2**40, 'less': -2**40, 'small': 200, 'half': 1.5, 'none': None, 'list': [1, 'two', {'three': True}],
           'when': datetime.datetime(2024, 1, 2, 3, 4, 5), 'price': Decimal('1.25'), 'bytes': b'ab'}
result = [call('ts.again', 2), call('ts.headers', headers=headers)]`);
    expect(found).toEqual([
      2,
      expect.objectContaining({ big: 2 ** 40, less: -(2 ** 40), small: 200, half: 1.5, none: null }),
    ]);
    const [, headers] = found as [number, Record<string, unknown>];
    expect(headers.list).toEqual([1, 'two', { three: true }]);
  });

  it('workflows of either go through both, with their errors and stamps', async () => {
    const s = (name: string, ...args: unknown[]) =>
      app.signature(name, args, {}, { queue: name.startsWith('py') ? 'python' : 'ts' });
    const header = () => [chain(s('py.add', 1, 2), s('ts.add', 10)), chain(s('ts.add', 3, 4), s('py.add', 20))];
    const workflow = chain(chord(header(), s('ts.sum')), s('py.add', 100), group(s('ts.add', 1), s('py.add', 2)));
    expect(await (await workflow.applyAsync()).get({ timeout: 90 })).toEqual([141, 142]);
    const theirs = await cluster.py(`
from celery import chain, chord, group
def s(name, *args): return signature(name, args, queue='python' if name[:2] == 'py' else 'ts')
header = [chain(s('py.add', 1, 2), s('ts.add', 10)), chain(s('ts.add', 3, 4), s('py.add', 20))]
result = (chord(header, s('ts.sum')) | s('py.add', 100) | group(s('ts.add', 1), s('py.add', 2))).apply_async().get(timeout=90)`);
    expect(theirs).toEqual([141, 142]);
    for (const [failing, other] of [
      ['ts.fail', 'py.add'],
      ['py.fail', 'ts.add'],
    ] as const) {
      const broken = await chord([s(failing, 'broken'), s(other, 1, 1)], s(other, 1)).applyAsync();
      await expect(broken.get({ timeout: 90 })).rejects.toMatchObject({ name: 'ChordError' });
    }
    const stamped = s('ts.stamps').stamp(null, { customer: 'acme' });
    expect(
      await (await chain(s('ts.add', 1, 1), stamped.setImmutable(true)).applyAsync()).get({ timeout: 90 }),
    ).toEqual({
      customer: 'acme',
    });
  });

  it('each asks the workers of both, and revokes their tasks', async () => {
    const pong = { [OURS]: { ok: 'pong' }, [THEIRS]: { ok: 'pong' } };
    expect(await app.control.inspect({ timeout: 60, limit: 2 }).ping()).toEqual(pong);
    const replies = (await cluster.py('result = app.control.ping(timeout=60, limit=2)')) as Record<string, unknown>[];
    expect(Object.assign({}, ...replies)).toEqual(pong);
    const later = await app.sendTask('py.add', [1, 1], {}, { countdown: 600, queue: 'python' });
    await until(
      async () => JSON.stringify(await app.control.inspect({ destination: [THEIRS] }).scheduled()).includes(later.id),
      'theirs to have it',
    );
    await app.control.revoke(later.id);
    await until(() => theirs.output().includes(later.id), 'theirs to drop it');
    const revoked = (await cluster.py(`
late = app.send_task('ts.again', (0,), queue='ts', countdown=600)
import time
while late.id not in str(app.control.inspect(['${OURS}']).scheduled()): time.sleep(0.1)
app.control.revoke(late.id)
result = late.id`)) as string;
    await until(() => ours.lines.some((line) => line.includes(revoked) && /revoked/i.test(line)), 'ours to drop it');
  });

  it('workers of both on one queue do each task once', async () => {
    const COUNT = 600;
    const half = COUNT / 2;
    const theirIds = cluster.py(`result = [count.delay(number).id for number in range(${half}, ${COUNT})]`);
    await Promise.all(Array.from({ length: half }, (_, i) => app.sendTask('mix.count', [i])));
    await theirIds;
    await until(async () => (await counted()).length >= COUNT, 'all to be done');
    const done = await counted();
    expect(done.map(([number]) => Number(number)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: COUNT }, (_, i) => i),
    );
    for (const host of [OURS, THEIRS]) expect(done.filter(([, by]) => by === host).length).toBeGreaterThan(0);
    expect(theirs.output()).not.toMatch(/CRITICAL|Unrecoverable/);
    expect(ours.lines.filter((line) => /ERROR|CRITICAL/.test(line))).toEqual([]);
  });
});
