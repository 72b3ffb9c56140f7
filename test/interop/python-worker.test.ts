// We call, Python runs: what our client sends to a Python worker, what it gets back, and tasks of both in one chain.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import { instrument } from '../../server/app/otel.ts';
import { RemoteError, TaskRevokedError } from '../../server/errors.ts';
import { chain, chord, group } from '../../server/index.ts';
import { remoteTraceback } from '../../server/protocol/failure.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Cluster, type PythonWorker, startCluster } from './python.ts';
import { tracing } from './tracing.ts';

describeNeedsPythonOnRedis('a client of ours and a Python worker', () => {
  let cluster: Cluster;
  let app: Celery;
  let worker: PythonWorker;
  const get = { timeout: 120 };
  const call = async (name: string, args: unknown[] = [], kwargs = {}, options = {}): Promise<unknown> =>
    (await app.sendTask(name, args, kwargs, options)).get(get);

  beforeAll(async () => {
    cluster = await startCluster();
    app = cluster.app();
    worker = await cluster.worker('py@interop', ['-P', 'prefork', '-c', '2', '--without-gossip', '--without-mingle']);
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    // It understood all we sent.
    expect(worker.output()).not.toMatch(
      /Unrecoverable error|unknown message|invalid task message|DecodeError|ContentDisallowed/,
    );
  });

  it('arguments and results of every JSON kind arrive, as the types Python has for them', async () => {
    const args = [1, 2.5, -3, 2n ** 70n, 'žluť 😀 \u2028', '', null, true, [], [1, [2]], { k: { n: null } }];
    expect(await call('py.echo', args, { a: 1, b: [null, 'ž'] })).toEqual({ args, kwargs: { a: 1, b: [null, 'ž'] } });
    const types = ['int', 'float', 'int', 'int', 'str', 'str', 'NoneType', 'bool', 'list', 'list', 'dict'];
    expect(await call('py.types', args)).toEqual(types);
  });

  it("its trace goes on in Python: where Python's instrumentation looks, there is the context of our span", async () => {
    const { spans, options, end } = tracing();
    const stop = instrument(app, options);
    try {
      const [traceparent] = (await call('py.trace')) as [string];
      const { traceId, spanId } = spans()[0]!.spanContext();
      expect(traceparent).toBe(`00-${traceId}-${spanId}-01`);
    } finally {
      stop();
      end();
    }
  });

  it('keyword arguments, a countdown and a megabyte', async () => {
    expect(await call('py.add', [2], { y: 3 })).toBe(5);
    const started = performance.now();
    expect(await call('py.add', [1, 1], {}, { countdown: 0.5 })).toBe(2);
    expect(performance.now() - started).toBeGreaterThan(490);
    const text = 'ž'.repeat(524_288);
    expect(await call('py.echo', [text])).toEqual({ args: [text], kwargs: {} });
  });

  it('a Python exception comes as a typed error with its traceback', async () => {
    const custom = (await call('py.fail_custom').catch((e: unknown) => e)) as RemoteError;
    expect(custom).toBeInstanceOf(RemoteError);
    expect(custom).toMatchObject({ name: 'Custom', excModule: 'proj', args: [42, 'custom failure'] });
    expect(custom.remoteTraceback).toMatch(/proj\.py.*in fail_custom[\s\S]*Custom: \(42, 'custom failure'\)/);
    await expect(call('py.fail', ['wrong'])).rejects.toMatchObject({ name: 'ValueError', message: 'wrong' });
    const type = (await call('py.fail_type').catch((e: unknown) => e)) as TypeError;
    expect(type).toBeInstanceOf(TypeError);
    expect(remoteTraceback(type)).toContain('in fail_type');
    await expect(call('py.add', [1])).rejects.toThrow("add() missing 1 required positional argument: 'y'");
    await expect(call('py.nowhere')).rejects.toMatchObject({ name: 'NotRegistered' });
  });

  it('a task that retries comes to its end, and an ignored one leaves no result', async () => {
    expect(await call('py.retry', [2])).toBe(2);
    const ignored = await app.sendTask('py.ignore');
    await call('py.add', [1, 1]);
    expect(await ignored.ready()).toBe(false);
  });

  it('a task is seen as STARTED with the worker that runs it, and ended by a revoke', async () => {
    const result = await app.sendTask('py.sleep', [30]);
    await until(async () => (await result.state()) === 'STARTED', 'the task to start');
    expect(await result.info()).toMatchObject({ hostname: 'py@interop', pid: expect.any(Number) });
    await result.revoke({ terminate: true });
    await expect(result.get(get)).rejects.toThrow(TaskRevokedError);
  });

  it('a task that was revoked before it came is not run', async () => {
    const id = randomUUID();
    expect(await app.control.revoke(id, { reply: true, limit: 1, timeout: 120 })).toHaveLength(1);
    const result = await app.sendTask('py.add', [1, 1], {}, { task_id: id });
    await expect(result.get(get)).rejects.toThrow(TaskRevokedError);
  });

  it('an expired task is revoked', async () => {
    await expect(call('py.add', [1, 1], {}, { expires: -1 })).rejects.toThrow(TaskRevokedError);
  });

  it('chains, groups and chords of Python tasks', async () => {
    const add = (...args: number[]) => app.signature('py.add', args);
    const ended = await chain(add(1, 2), add(10), add(100)).applyAsync();
    expect(await ended.get(get)).toBe(113);
    expect(await (await group([add(1, 1), add(2, 2)]).applyAsync()).get(get)).toEqual([2, 4]);
    const gathered = await chord([add(1, 1), add(2, 2), add(3, 3)], app.signature('py.echo')).applyAsync();
    expect(await gathered.get(get)).toEqual({ args: [[2, 4, 6]], kwargs: {} });
  });

  it('messages of protocol 1 are run', async () => {
    const old = cluster.app({ task_protocol: 1 });
    expect(await (await old.sendTask('py.add', [2], { y: 5 })).get(get)).toBe(7);
    expect(await (await old.sendTask('py.retry', [1])).get(get)).toBe(1);
  });

  it.each(['zlib', 'gzip'])('messages compressed with %s are run', async (compression) => {
    const text = 'x'.repeat(1000);
    expect(await call('py.echo', [text], {}, { compression })).toEqual({ args: [text], kwargs: {} });
  });

  it('links, error links, chains and chords lead from one language to the other and back', async () => {
    const here = cluster.app({ task_default_queue: 'ts' });
    const kept: unknown[] = [];
    here.task({ name: 'ts.double' }, (x: number) => 2 * x);
    here.task({ name: 'ts.keep' }, (...args: unknown[]) => {
      kept.push(args);
      return args[0];
    });
    here.task({ name: 'ts.fail' }, () => {
      throw new Error('here');
    });
    await cluster.ours(here, { hostname: 'ts@interop', queues: ['ts'], concurrency: 10 });
    const py = (name: string, args: unknown[] = []) => here.signature(name, args, {}, { queue: 'celery' });
    const ts = (name: string, args: unknown[] = []) => here.signature(name, args, {}, { queue: 'ts' });

    const there = await chain(py('py.add', [1, 2]), ts('ts.double'), py('py.add', [100]), ts('ts.double')).applyAsync();
    expect(await there.get(get)).toBe(212);

    await here.sendTask('py.add', [3, 4], {}, { queue: 'celery', link: ts('ts.keep') });
    await until(() => kept.some((args) => (args as unknown[])[0] === 7), 'our callback of a Python task');
    const failed = await here.sendTask('py.fail', [], {}, { queue: 'celery', link_error: ts('ts.keep') });
    await until(() => kept.some((args) => (args as unknown[])[0] === failed.id), 'our errback of a Python task');

    await here.sendTask('ts.double', [21], {}, { link: py('py.keep') });
    const broken = await here.sendTask('ts.fail', [], {}, { link_error: py('py.keep') });
    const keptThere = async () => (await cluster.keys.lrange('kept', 0, -1)).map((text) => JSON.parse(text)[0]);
    await until(async () => (await keptThere()).length === 2, "Python's callback and errback of our tasks");
    expect((await keptThere()).sort()).toEqual([42, broken.id].sort());

    const mixed = await chord(
      [py('py.add', [1, 1]), ts('ts.double', [2]), py('py.add', [3, 3]), ts('ts.double', [4])],
      py('py.echo'),
    ).applyAsync();
    expect(await mixed.get(get)).toEqual({ args: [[2, 4, 6, 8]], kwargs: {} });
    const back = await chord([py('py.add', [1, 1]), ts('ts.double', [2])], ts('ts.keep')).applyAsync();
    expect(await back.get(get)).toEqual([2, 4]);
    const spoilt = await chord([py('py.fail', ['spoilt']), ts('ts.double', [2])], ts('ts.keep')).applyAsync();
    await expect(here.AsyncResult(spoilt.id).get(get)).rejects.toMatchObject({
      name: 'ChordError',
      message: expect.stringContaining("raised ValueError('spoilt')"),
    });
  });
});
