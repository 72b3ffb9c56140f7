// One result store, two languages: what one keeps the other reads, waits for, counts and raises.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CountingBackend } from '../../server/backends/contract.ts';
import { RemoteError, TaskRevokedError } from '../../server/errors.ts';
import { encodeFailure, pythonTraceback } from '../../server/protocol/failure.ts';
import { buildResultMeta, resultOf } from '../../server/protocol/result-meta.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { type Cluster, Raised, startCluster } from './python.ts';

const meta = (task_id: string, status: string, result: unknown, traceback: string | null = null) =>
  buildResultMeta({ task_id, status, result, traceback, children: [], nowMs: Date.now() });
const failure = (id: string, error: Error, status = 'FAILURE') =>
  meta(id, status, encodeFailure(error), pythonTraceback(error));

describeNeedsPythonOnRedis('results of both languages in one Redis', () => {
  let cluster: Cluster;
  let backend: CountingBackend;
  beforeAll(async () => {
    cluster = await startCluster();
    backend = (await cluster.app().backend()) as CountingBackend;
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  it('Python gets the values we store, of every kind', async () => {
    const value = { text: 'žluť 😀', list: [1, 2.5, null, true, []], big: 2n ** 70n, nested: { a: { b: 'c' } } };
    await backend.store(meta('kinds', 'SUCCESS', value));
    expect(await cluster.py("result = app.AsyncResult('kinds').get(timeout=60)")).toEqual(value);
  });

  it('Python that waits is woken by what we store', async () => {
    const waiting = cluster.py("result = app.AsyncResult('woken').get(timeout=60)");
    await backend.store(meta('woken', 'STARTED', { pid: 1, hostname: 'w@h' }));
    await backend.store(meta('woken', 'SUCCESS', [1, 2]));
    expect(await waiting).toEqual([1, 2]);
  });

  class ValueError extends Error {
    override name = 'ValueError';
  }
  class OrderRefused extends Error {
    override name = 'OrderRefused';
  }
  it.each([
    ['a name Python knows', new ValueError('bad'), 'ValueError', ['bad']],
    ["an error of JavaScript's", new RangeError('too far'), 'RangeError', ['too far']],
    ["a class of the user's own", new OrderRefused('no stock'), 'OrderRefused', ['no stock']],
  ])('Python raises %s as an exception of that name', async (_, error, type, args) => {
    await backend.store(failure(`fail-${type}`, error));
    const raised = (await cluster.py(`app.AsyncResult('fail-${type}').get(timeout=60)`).catch((e) => e)) as Raised;
    expect(raised).toBeInstanceOf(Raised);
    expect([raised.type, raised.args]).toEqual([type, args]);
    expect(await cluster.py(`result = app.AsyncResult('fail-${type}').traceback`)).toContain(
      `${type}: ${error.message}`,
    );
  });

  it('a revoked task raises TaskRevokedError on both sides', async () => {
    await backend.store(failure('gone', new TaskRevokedError('revoked'), 'REVOKED'));
    await expect(cluster.py("app.AsyncResult('gone').get(timeout=60)")).rejects.toMatchObject({
      type: 'TaskRevokedError',
      args: ['revoked'],
    });
    await cluster.py(
      "from celery.exceptions import TaskRevokedError\napp.backend.store_result('gone2', TaskRevokedError('expired'), 'REVOKED')",
    );
    expect(resultOf((await backend.get('gone2'))!)).toBeInstanceOf(TaskRevokedError);
  });

  it('we get what Python stores, and are woken by it', async () => {
    const waiting = backend.wait('from-python', AbortSignal.timeout(60_000));
    await cluster.py("app.backend.store_result('from-python', {'a': [1, None, 'ž', 2.5, 2**70]}, 'SUCCESS')");
    expect((await waiting).result).toEqual({ a: [1, null, 'ž', 2.5, 2n ** 70n] });
  });

  it("Python's exceptions come as errors with their type, module, arguments and traceback", async () => {
    await cluster.py("app.backend.store_result('custom', Custom(42, 'why'), 'FAILURE', traceback='Traceback: here')");
    const error = resultOf((await backend.get('custom'))!) as RemoteError;
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ excType: 'Custom', excModule: 'proj', args: [42, 'why'] });
    expect(error.remoteTraceback).toBe('Traceback: here');
    await cluster.py("app.backend.store_result('type', TypeError('x'), 'FAILURE')");
    expect(resultOf((await backend.get('type'))!)).toBeInstanceOf(TypeError);
  });

  it('neither overwrites the SUCCESS of the other', async () => {
    await backend.store(meta('ours', 'SUCCESS', 1));
    await cluster.py("app.backend.store_result('ours', 2, 'STARTED')");
    expect((await backend.get('ours'))?.result).toBe(1);
    await cluster.py("app.backend.store_result('theirs', 1, 'SUCCESS')");
    await backend.store(meta('theirs', 'FAILURE', 2));
    expect(await cluster.py("result = app.AsyncResult('theirs').state")).toBe('SUCCESS');
  });

  it('groups saved by one are restored by the other', async () => {
    const saved = [
      ['g1', null],
      [
        [['a', null], null],
        [['b', null], null],
      ],
    ];
    await backend.saveGroup('g1', saved);
    expect(await cluster.py("result = [r.id for r in app.GroupResult.restore('g1').results]")).toEqual(['a', 'b']);
    await cluster.py("app.GroupResult('g2', [app.AsyncResult('a'), app.AsyncResult('b')]).save()");
    expect(await backend.restoreGroup('g2')).toEqual([['g2', null], saved[1]]);
    await cluster.py("app.GroupResult.restore('g1').delete()");
    expect(await backend.restoreGroup('g1')).toBeNull();
  });

  const partOfPython = (group: string, id: string, index: number, value: number): Promise<unknown> =>
    cluster.py(`
from types import SimpleNamespace
request = SimpleNamespace(id='${id}', group='${group}', group_index=${index}, chord=keep.s())
app.backend.on_chord_part_return(request, 'SUCCESS', ${value})`);

  it('a chord whose parts end in both languages is completed by the last, whoever that is', async () => {
    await cluster.py("app.backend.set_chord_size('c1', 3)");
    await partOfPython('c1', 'p0', 0, 10);
    const ours = (groupId: string, taskId: string, index: number, result: unknown) =>
      backend.completeChordPart({ groupId, taskId, index, state: 'SUCCESS', result });
    expect(await ours('c1', 'p2', 2, 30)).toBeNull();
    // Told of again by the other language: one part still.
    expect(await ours('c1', 'p0', 0, 10)).toBeNull();
    expect(await ours('c1', 'p1', 1, 20)).toEqual({ results: [10, 20, 30], failure: null, repeated: false });
    await backend.forgetChord('c1');

    await backend.startChord('c2', 2);
    expect(await ours('c2', 'p1', 1, 'ž')).toBeNull();
    await partOfPython('c2', 'p0', 0, 1);
    expect(await cluster.keys.keys('celery-taskset-meta-c2*')).toEqual([]);
    // The body, as Python sent it.
    const [body] = await cluster.keys.lrange('celery', 0, -1);
    const args = JSON.parse(Buffer.from(JSON.parse(body!).body, 'base64').toString())[0];
    expect(args).toEqual([[1, 'ž']]);
  });
});
