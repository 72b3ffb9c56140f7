// What every result store must keep. Each store's test runs this list with a URL of its own.
import { afterEach, describe, expect, test } from 'vitest';
import type { Backend, BackendContext, CountingBackend } from '../../server/backends/contract.ts';
import { backendFlags, createBackend } from '../../server/backends/registry.ts';
import { BackendError } from '../../server/errors.ts';
import { buildResultMeta } from '../../server/protocol/result-meta.ts';
import { record, testContext } from '../server/backends/context.ts';
import { until } from '../support/until.ts';
import { chordContract, promised } from './backend-chords.ts';

export interface BackendContractOptions {
  /** Records outlive the last backend that had the store open. */
  readonly durable: boolean;
  /**
   * Who tells when a record has expired: the context's clock, or the store by its own, in whole seconds, deleting it itself; or nobody
   * before `cleanup` runs, which deletes what has ended.
   */
  readonly expiry?: 'context' | 'own' | 'cleanup';
  /**
   * What the store's wire keeps of a record beside its result: all; neither children nor group and parent; or its traceback and children
   * alone. Default all.
   */
  readonly keeps?: 'all' | 'no family' | 'no times';
  /** Groups are kept. Default true. */
  readonly groups?: boolean;
  /** Who notices that a chord is complete: what `flags.chords` says. Default 'counts'. */
  readonly chords?: 'counts' | 'unlock' | 'refused';
  /** Settings of a store of its own for each test, where its URL is the same. */
  readonly settings?: () => Readonly<Record<string, unknown>>;
  /** ... and `result_backend_transport_options`. */
  readonly transport?: () => Readonly<Record<string, unknown>>;
  /** Which failure of a chord is named: the first in time, or in the header's order where the store's wire keeps no time. */
  readonly failureNamed?: 'in time' | 'in header';
}

const forever = new AbortController().signal;

export function backendContract(
  name: string,
  makeUrl: () => string | Promise<string>,
  options: BackendContractOptions,
): void {
  describe(`result store ${name}`, () => {
    const opened: Backend[] = [];
    let url = '';
    let settings: Readonly<Record<string, unknown>> = {};
    let transport: Readonly<Record<string, unknown>> = {};
    const open = async (change: Partial<BackendContext> = {}, at = url): Promise<CountingBackend> => {
      // What a store that does not count has no such promises of, its tests do not ask.
      const backend = (await createBackend(
        testContext(at, { settings, options: transport, ...change }),
      )) as CountingBackend;
      opened.push(backend);
      return backend;
    };
    const fresh = async (change: Partial<BackendContext> = {}): Promise<CountingBackend> => {
      url = await makeUrl();
      settings = options.settings?.() ?? {};
      transport = options.transport?.() ?? {};
      return open(change);
    };
    const { keeps = 'all', groups = true } = options;
    const clocked = (options.expiry ?? 'context') === 'context';
    const saveGroup = async (backend: Backend, id: string, result: unknown) => {
      if (groups) await backend.saveGroup(id, result);
    };
    const restoreGroup = async (backend: Backend, id: string) => (groups ? backend.restoreGroup(id) : null);
    afterEach(async () => {
      for (const backend of opened.splice(0)) await backend.close();
    });

    test('what was stored is found, and what was not is null', async () => {
      const backend = await fresh();
      const meta = buildResultMeta({
        task_id: 'a',
        status: 'SUCCESS',
        result: { text: 'žluť 😀', big: 2n ** 63n, at: new Date(0), none: null, list: [1.5, true] },
        children: [[['b', null], null]],
        nowMs: 0,
        group_id: 'g',
        parent_id: 'p',
      });
      await backend.store(meta);
      const { group_id: _group, parent_id: _parent, ...alone } = meta;
      expect(await backend.get('a')).toEqual({
        ...(keeps === 'all'
          ? meta
          : { ...alone, ...(keeps === 'no times' ? { date_done: null } : { children: null }) }),
        result: expect.objectContaining({ text: 'žluť 😀', big: 2n ** 63n }),
      });
      expect(((await backend.get('a'))!.result as { at: Date }).at.getTime()).toBe(0);
      expect(await backend.get('b')).toBeNull();
    });

    test('a record passes through its states, and SUCCESS is the last one', async () => {
      const backend = await fresh();
      for (const state of ['STARTED', 'PROGRESS', 'RETRY', 'FAILURE', 'STARTED', 'SUCCESS']) {
        await backend.store(record('a', state, state));
        expect((await backend.get('a'))?.status).toBe(state);
      }
      for (const state of ['STARTED', 'REVOKED', 'FAILURE', 'SUCCESS']) {
        await backend.store(record('a', state, 'late'));
        expect(await backend.get('a')).toMatchObject({ status: 'SUCCESS', result: 'SUCCESS' });
      }
    });

    test('of two records stored in one turn the later one stands, unless the first was SUCCESS', async () => {
      const backend = await fresh();
      await Promise.all([backend.store(record('a', 'STARTED')), backend.store(record('a', 'FAILURE', 1))]);
      await Promise.all([backend.store(record('b', 'SUCCESS', 1)), backend.store(record('b', 'REVOKED', 2))]);
      expect((await backend.get('a'))?.status).toBe('FAILURE');
      expect(await backend.get('b')).toMatchObject({ status: 'SUCCESS', result: 1 });
    });

    test('a value that cannot be written is refused, and the others of its turn are kept', async () => {
      const backend = await fresh();
      const outcome = await Promise.allSettled([
        backend.store(record('a', 'SUCCESS', 1)),
        backend.store(record('b', 'SUCCESS', new Set([1]))),
        backend.store(record('c', 'SUCCESS', 3)),
      ]);
      expect(outcome.map((o) => o.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect([...(await backend.getMany(['a', 'b', 'c'])).keys()].sort()).toEqual(['a', 'c']);
    });

    test('a stored value does not change with the object it was made from', async () => {
      const backend = await fresh();
      const value = { n: 1 };
      const stored = backend.store(record('a', 'SUCCESS', value));
      value.n = 2;
      await stored;
      expect((await backend.get('a'))?.result).toEqual({ n: 1 });
      ((await backend.get('a'))?.result as { n: number }).n = 3;
      expect((await backend.get('a'))?.result).toEqual({ n: 1 });
    });

    test('many are asked for at once', async () => {
      const backend = await fresh();
      const ids = Array.from({ length: 1000 }, (_, i) => `id-${i}`);
      await Promise.all(ids.map((id, i) => backend.store(record(id, 'SUCCESS', i))));
      const found = await backend.getMany([...ids, 'missing', "x'; --"]);
      expect(found.size).toBe(1000);
      expect(found.get('id-999')?.result).toBe(999);
      expect((await backend.getMany([])).size).toBe(0);
    });

    test('forget removes the record', async () => {
      const backend = await fresh();
      await backend.store(record('a', 'SUCCESS'));
      await backend.forget('a');
      await backend.forget('never-there');
      expect(await backend.get('a')).toBeNull();
    });

    test('waiting ends with the first ready record', async () => {
      const backend = await fresh();
      const waiting = backend.wait('a', forever);
      await backend.store(record('a', 'STARTED'));
      await backend.store(record('a', 'RETRY'));
      await backend.store(record('a', 'FAILURE', 'x'));
      expect(await waiting).toMatchObject({ task_id: 'a', status: 'FAILURE', result: 'x' });
      expect(await backend.wait('a', forever)).toMatchObject({ status: 'FAILURE' });
    });

    test('waiting sees what another user of the store writes', async () => {
      const [reader, writer] = [await fresh(), await open()];
      const waiting = reader.wait('a', forever);
      await writer.store(record('a', 'SUCCESS', 7));
      expect((await waiting).result).toBe(7);
    });

    test('an aborted wait ends with the reason, before or while it waits', async () => {
      const backend = await fresh();
      const reason = new Error('enough');
      await expect(backend.wait('a', AbortSignal.abort(reason))).rejects.toBe(reason);
      const abort = new AbortController();
      const waiting = backend.wait('a', abort.signal);
      abort.abort(reason);
      await expect(waiting).rejects.toBe(reason);
    });

    test('a wait ends with an error when the store is closed under it', async () => {
      const backend = await fresh();
      const waiting = expect(backend.wait('a', forever)).rejects.toThrow(BackendError);
      await new Promise((next) => setImmediate(next));
      await backend.close();
      await waiting;
    });

    test('watching yields each once, in the order they become ready', async () => {
      const backend = await fresh();
      await backend.store(record('b', 'SUCCESS', 'b'));
      const seen: string[] = [];
      const watching = (async () => {
        for await (const meta of backend.watch(['a', 'b', 'c', 'a'], forever)) seen.push(meta.task_id);
      })();
      await until(() => seen.length === 1, 'the one that was ready');
      await backend.store(record('c', 'STARTED'));
      await backend.store(record('c', 'SUCCESS', 'c'));
      await until(() => seen.length === 2, 'the second');
      await backend.store(record('a', 'REVOKED', 'a'));
      await watching;
      expect(seen).toEqual(['b', 'c', 'a']);
      for await (const _ of backend.watch([], forever)) expect.unreachable();
    });

    test('a subscriber hears every state until it unsubscribes', async () => {
      const backend = await fresh();
      const heard: string[] = [];
      const stop = backend.subscribe('a', (meta) => heard.push(meta.status));
      await backend.listening?.();
      for (const state of ['STARTED', 'PROGRESS', 'SUCCESS']) {
        await backend.store(record('a', state));
        await until(() => heard.at(-1) === state, state);
      }
      stop();
      await backend.store(record('b', 'SUCCESS'));
      expect(heard).toEqual(['STARTED', 'PROGRESS', 'SUCCESS']);
    });

    promised(options.expiry === 'own')('records expire by the clock of the store', async () => {
      // Memcached counts whole seconds by a clock of its own: one may be over at once.
      const backend = await fresh({ expiresMs: 3000 });
      await backend.store(record('a', 'SUCCESS'));
      await backend.saveGroup('g', [['g', null], []]);
      expect(await backend.get('a')).not.toBeNull();
      await until(async () => (await backend.get('a')) === null, 'the record to expire');
      await until(async () => (await backend.restoreGroup('g')) === null, 'the group to expire');
      expect(await backend.cleanup()).toBe(0);
    });

    promised(clocked)('records expire', async () => {
      let now = 1_000_000;
      const backend = await fresh({ now: () => now, expiresMs: 1000 });
      await backend.store(record('a', 'SUCCESS'));
      await saveGroup(backend, 'g', [['g', null], []]);
      now += 999;
      expect(await backend.get('a')).not.toBeNull();
      now += 1;
      expect(await backend.get('a')).toBeNull();
      expect((await backend.getMany(['a'])).size).toBe(0);
      expect(await restoreGroup(backend, 'g')).toBeNull();
    });

    promised(clocked && groups)('cleanup deletes what has expired and tells how many', async () => {
      let now = 1_000_000;
      const backend = await fresh({ now: () => now, expiresMs: 1000 });
      await backend.store(record('a', 'SUCCESS'));
      await backend.store(record('b', 'STARTED'));
      await backend.saveGroup('g', 1);
      now += 500;
      await backend.store(record('c', 'SUCCESS'));
      now += 600;
      expect(await backend.cleanup()).toBe(3);
      expect((await backend.get('c'))?.status).toBe('SUCCESS');
    });

    promised(options.expiry === 'cleanup')(
      'cleanup deletes what has ended and expired, and tells how many',
      async () => {
        let now = Date.now();
        const backend = await fresh({ now: () => now, expiresMs: 60_000 });
        await backend.store(record('a', 'SUCCESS'));
        await backend.store(record('b', 'FAILURE'));
        await backend.saveGroup('g', [['g', null], []]);
        expect(await backend.cleanup()).toBe(0);
        now += 120_000;
        expect(await backend.get('a')).not.toBeNull();
        expect(await backend.cleanup()).toBe(3);
        expect((await backend.getMany(['a', 'b'])).size).toBe(0);
        expect(await backend.restoreGroup('g')).toBeNull();
      },
    );

    test('without expiry records stay', async () => {
      let now = 0;
      const backend = await fresh({ now: () => now, expiresMs: null });
      await backend.store(record('a', 'SUCCESS'));
      now = Number.MAX_SAFE_INTEGER;
      expect(await backend.cleanup()).toBe(0);
      expect(await backend.get('a')).not.toBeNull();
    });

    promised(groups)('groups are saved, found and forgotten', async () => {
      const backend = await fresh();
      const result = [
        ['g', null],
        [
          [['a', null], null],
          [['b', null], null],
        ],
      ];
      await backend.saveGroup('g', result);
      expect(await backend.restoreGroup('g')).toEqual(result);
      await backend.forgetGroup('g');
      expect(await backend.restoreGroup('g')).toBeNull();
    });

    if ((options.chords ?? 'counts') === 'counts') chordContract(fresh, open, options);

    test('who subscribed is told when the store is closed', async () => {
      const backend = await fresh();
      const errors: Error[] = [];
      backend.subscribe(
        'a',
        () => {},
        (error) => errors.push(error),
      );
      await backend.close();
      expect(errors.map((error) => error.message)).toEqual(['The result store was closed']);
    });

    test('what it is stands in its flags, before it is opened and after', async () => {
      const backend = await fresh();
      expect(backendFlags(url)).toEqual(backend.flags);
    });

    test('a closed store refuses, and closing twice is fine', async () => {
      const backend = await fresh();
      await backend.close();
      await backend.close();
      await expect(backend.store(record('a', 'SUCCESS'))).rejects.toThrow(BackendError);
      await expect(backend.get('a')).rejects.toThrow(BackendError);
    });

    test('closing waits for what was stored', async () => {
      const [backend, other] = [await fresh(), await open()];
      const stored = backend.store(record('a', 'SUCCESS', 1));
      await backend.close();
      await stored;
      expect((await other.get('a'))?.result).toBe(1);
    });

    test(
      options.durable ? 'records outlive the process that stored them' : 'the last user takes the records along',
      async () => {
        await (await fresh()).store(record('a', 'SUCCESS', 1));
        for (const backend of opened.splice(0)) await backend.close();
        const meta = await (await open()).get('a');
        if (options.durable) expect(meta?.result).toBe(1);
        else expect(meta).toBeNull();
      },
    );
  });
}
