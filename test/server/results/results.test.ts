import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../../server/backends/contract.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import { NotImplementedError, RemoteError, TimeLimitExceeded, TimeoutError } from '../../../server/errors.ts';
import { encodeFailure, remoteTraceback } from '../../../server/protocol/failure.ts';
import { buildResultMeta } from '../../../server/protocol/result-meta.ts';
import { AsyncResult, EagerResult, restoreGroup, resultFromTuple } from '../../../server/results/async-result.ts';
import { GroupResult, ResultSet } from '../../../server/results/group-result.ts';
import type { ResultHost, RevokeOptions } from '../../../server/results/host.ts';
import { createTimer } from '../../../server/timer.ts';
import { ManualTimer } from '../../support/clock.ts';
import { until } from '../../support/until.ts';
import { record, testContext } from '../backends/context.ts';

let count = 0;
let backend: Backend;
let timer: ManualTimer;
let revoked: { ids: readonly string[]; options: RevokeOptions }[];
let host: ResultHost;

beforeEach(async () => {
  backend = await createBackend(testContext(`memory://results-${++count}`));
  timer = new ManualTimer();
  revoked = [];
  host = {
    backend: async () => backend,
    revoke: async (ids, options) => void revoked.push({ ids, options }),
    timer,
  };
});
afterEach(() => backend.close());

const succeed = (id: string, value: unknown) => backend.store(record(id, 'SUCCESS', value));
const fail = (id: string, error: Error, traceback: string | null = null) =>
  backend.store(buildResultMeta({ task_id: id, status: 'FAILURE', result: encodeFailure(error), traceback, nowMs: 0 }));

describe('AsyncResult', () => {
  test('get waits for the value and returns it', async () => {
    const result = new AsyncResult<number>('a', host);
    const waiting = result.get();
    await succeed('a', 5);
    expect(await waiting).toBe(5);
    expect(await result.get()).toBe(5);
  });

  test('a state that is not ready is told as it is', async () => {
    const result = new AsyncResult('a', host);
    expect(await result.state()).toBe('PENDING');
    expect(await result.result()).toBeNull();
    expect(await result.meta()).toBeNull();
    await backend.store(record('a', 'PROGRESS', { done: 3 }));
    expect(await result.state()).toBe('PROGRESS');
    expect(await result.info()).toEqual({ done: 3 });
    expect(await result.ready()).toBe(false);
    await succeed('a', 1);
    expect([await result.ready(), await result.successful(), await result.failed()]).toEqual([true, true, false]);
  });

  test('a failure is thrown as a typed error with the remote traceback, or returned when asked', async () => {
    await fail('a', new TypeError('bad'), 'Traceback (most recent call last):\nTypeError: bad\n');
    const result = new AsyncResult('a', host);
    const error = (await result.get().catch((e) => e)) as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe('bad');
    expect(remoteTraceback(error)).toContain('TypeError: bad');
    expect(error.stack).toContain('Remote traceback:');
    expect(await result.get({ propagate: false })).toBeInstanceOf(TypeError);
    expect(await result.failed()).toBe(true);
    expect(await result.traceback()).toContain('Traceback');
    await fail('b', new TimeLimitExceeded(3));
    await expect(new AsyncResult('b', host).get()).rejects.toMatchObject({ limit: 3, name: 'TimeLimitExceeded' });
    await fail('c', new RemoteError('ValueError', [1, 'two'], { excModule: 'builtins' }));
    await expect(new AsyncResult('c', host).get()).rejects.toMatchObject({ name: 'ValueError', args: [1, 'two'] });
  });

  test('a timeout names the task, its id and its state, and leaves nothing behind', async () => {
    await backend.store(record('a', 'STARTED'));
    const result = new AsyncResult('a', host, { taskName: 'shop.pay' });
    const waiting = result.get({ timeout: 2 });
    const refused = expect(waiting).rejects.toThrow(
      new TimeoutError('No result of shop.pay[a] within 2 s: its state is STARTED'),
    );
    await until(() => timer.size === 1, 'the deadline');
    timer.advance(2000);
    await refused;
    expect(timer.size).toBe(0);
    await succeed('a', 1);
    expect(await result.get({ timeout: 2 })).toBe(1);
    expect(timer.size).toBe(0);
  });

  test('waiting ends with the signal', async () => {
    const abort = new AbortController();
    const waiting = new AsyncResult('a', host).get({ signal: abort.signal });
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(new AsyncResult('a', host).get({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('when a task before it in the chain fails, waiting ends with that failure', async () => {
    const first = new AsyncResult('first', host);
    const last = new AsyncResult('last', host, { parent: new AsyncResult('middle', host, { parent: first }) });
    const waiting = last.get();
    await fail('first', new Error('head broke'));
    await expect(waiting).rejects.toThrow('head broke');
    expect(await last.state()).toBe('PENDING');
  });

  test('its children are those the record names', async () => {
    const children = [
      [['c1', null], null],
      [
        ['g', null],
        [
          [['m1', null], null],
          [['m2', null], null],
        ],
      ],
    ];
    await backend.store(buildResultMeta({ task_id: 'a', status: 'SUCCESS', result: 1, children, nowMs: 0 }));
    const found = await new AsyncResult('a', host).children();
    expect(found.map((child) => child.asTuple())).toEqual(children);
    expect(found[1]).toBeInstanceOf(GroupResult);
  });

  test('tuples of any depth go round', () => {
    const parent = [['p', [['pp', null], null]], null];
    const tuples = [
      [['a', null], null],
      [['a', parent], null],
      [
        ['g', parent],
        [
          [['a', null], null],
          [['h', null], []],
        ],
      ],
    ];
    for (const tuple of tuples) expect(resultFromTuple(tuple, host).asTuple()).toEqual(tuple);
    expect(resultFromTuple('bare', host).id).toBe('bare');
    for (const wrong of [null, 5, [], [[1]], {}, [[['x']]]])
      expect(() => resultFromTuple(wrong, host)).toThrow('Not a result');
  });

  test('forget deletes its record and those before it', async () => {
    await succeed('p', 1);
    await succeed('a', 1);
    await new AsyncResult('a', host, { parent: new AsyncResult('p', host) }).forget();
    expect([await backend.get('a'), await backend.get('p')]).toEqual([null, null]);
  });

  test('revoke asks for just this task', async () => {
    await new AsyncResult('a', host).revoke({ terminate: true, signal: 'SIGKILL' });
    expect(revoked).toEqual([{ ids: ['a'], options: { terminate: true, signal: 'SIGKILL' } }]);
  });

  test('an async function may return it without waiting for the task', async () => {
    const result = await (async () => new AsyncResult('a', host))();
    expect(result).toBeInstanceOf(AsyncResult);
  });

  test('without a result store it says how to configure one', async () => {
    backend = await createBackend(testContext(''));
    const refused = new AsyncResult('a', host).get();
    await expect(refused).rejects.toThrow(NotImplementedError);
    await expect(refused).rejects.toThrow(/no result store is configured.*backend: 'sqlite:\/\/\/results.db'/);
    await expect(new AsyncResult('a', host).state()).rejects.toThrow(NotImplementedError);
    await expect(backend.store(record('a', 'SUCCESS'))).resolves.toBeUndefined();
  });
});

describe('EagerResult', () => {
  test('knows all at once', async () => {
    const good = new EagerResult('a', 5, 'SUCCESS');
    expect([await good.get(), await good.ready(), await good.state()]).toEqual([5, true, 'SUCCESS']);
    const bad = new EagerResult('b', new Error('x'), 'FAILURE', { traceback: 'tb' });
    await expect(bad.get()).rejects.toThrow('x');
    expect(await bad.get({ propagate: false })).toBeInstanceOf(Error);
    expect(await bad.traceback()).toBe('tb');
  });
});

describe('GroupResult', () => {
  const group = (...ids: string[]) =>
    new GroupResult(
      'g',
      ids.map((id) => new AsyncResult(id, host)),
      host,
    );

  test('join gives the values in the order of its members, whatever order they came in', async () => {
    const joining = group('a', 'b', 'c').join();
    for (const id of ['c', 'a', 'b']) await succeed(id, id);
    expect(await joining).toEqual(['a', 'b', 'c']);
    expect(await group().join()).toEqual([]);
  });

  test('a nested group joins as an array in its place, and eager members count', async () => {
    const nested = new GroupResult(
      'outer',
      [group('a', 'b'), new EagerResult('e', 'eager', 'SUCCESS'), new AsyncResult('c', host)],
      host,
    );
    for (const id of ['c', 'a', 'b']) await succeed(id, id);
    expect(await nested.get()).toEqual([['a', 'b'], 'eager', 'c']);
    expect(await nested.completedCount()).toBe(4);
  });

  test('a failure ends the join as soon as it is known', async () => {
    const joining = group('a', 'b').join();
    await fail('b', new Error('b broke'));
    await expect(joining).rejects.toThrow('b broke');
    const settled = group('a', 'b').join({ propagate: false });
    await succeed('a', 1);
    expect(await settled).toEqual([1, expect.any(Error)]);
  });

  test('members are handed out as they complete', async () => {
    const order: unknown[] = [];
    const iterating = (async () => {
      for await (const [result, value] of group('a', 'b')) order.push([result.id, value]);
    })();
    await succeed('b', 2);
    await until(() => order.length === 1, 'the first');
    await succeed('a', 1);
    await iterating;
    expect(order).toEqual([
      ['b', 2],
      ['a', 1],
    ]);
  });

  test('leaving the iteration early leaves nothing behind', async () => {
    await succeed('a', 1);
    for await (const _ of group('a', 'b').iterate({ timeout: 5 })) break;
    expect(timer.size).toBe(0);
  });

  test('a timeout tells how many are missing', async () => {
    await succeed('a', 1);
    const joining = group('a', 'b', 'c').join({ timeout: 1 });
    const refused = expect(joining).rejects.toThrow(
      /2 of 3 results did not come within 1 s; the state of b is PENDING/,
    );
    await until(() => timer.size === 1, 'the deadline');
    timer.advance(1000);
    await refused;
  });

  test('its state sums up those of its members', async () => {
    const result = group('a', 'b');
    await succeed('a', 1);
    expect([await result.ready(), await result.waiting(), await result.completedCount()]).toEqual([false, true, 1]);
    await fail('b', new Error());
    expect([await result.ready(), await result.successful(), await result.failed()]).toEqual([true, false, true]);
  });

  test('a saved group is found again with its members and its parent', async () => {
    const result = new GroupResult('g', [new AsyncResult('a', host), group('b')], host, {
      parent: new AsyncResult('p', host),
    });
    await result.save();
    const found = await restoreGroup('g', host);
    expect(found?.asTuple()).toEqual(result.asTuple());
    await result.delete();
    expect(await restoreGroup('g', host)).toBeNull();
  });

  test('revoke and forget reach every member', async () => {
    await succeed('a', 1);
    const result = new ResultSet([new AsyncResult('a', host), group('b', 'c')], host);
    await result.revoke();
    expect(revoked[0]?.ids).toEqual(['a', 'b', 'c']);
    await result.forget();
    expect(await backend.get('a')).toBeNull();
  });

  test('ten thousand members are joined with one watch', async () => {
    const ids = Array.from({ length: 10_000 }, (_, i) => `t${i}`);
    host = { ...host, timer: createTimer({ unref: true }) };
    const joining = group(...ids).join({ timeout: 60 });
    await Promise.all(ids.map((id, i) => succeed(id, i)));
    expect(await joining).toEqual(ids.map((_, i) => i));
  });
});
