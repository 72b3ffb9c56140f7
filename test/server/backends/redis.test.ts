import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BackendContext, CountingBackend } from '../../../server/backends/contract.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import { BackendError, BackendStoreError, ImproperlyConfigured } from '../../../server/errors.ts';
import { createLogger, silentLogger } from '../../../server/log.ts';
import { buildResultMeta, type ResultMeta } from '../../../server/protocol/result-meta.ts';
import { chordEvictionWarning } from '../../../server/transport/redis/eviction.ts';
import { backendContract } from '../../contract/backend.ts';
import plain from '../../golden/results-redis.json' with { type: 'json' };
import extended from '../../golden/results-redis-extended.json' with { type: 'json' };
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { record, testContext } from './context.ts';

let server: RedisServer;
/** For looking into it. */
let client: Redis;
describeNeedsRedis('results in Redis', () => {
  beforeAll(async () => {
    server = await redisServer({ durable: true });
    client = new Redis(server.url(), { retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on('error', () => {});
  });
  afterAll(async () => {
    client.disconnect();
    await server.close();
  });

  backendContract('redis', () => server.freshUrl(), { durable: true, expiry: 'own', failureNamed: 'in header' });

  const opened: CountingBackend[] = [];
  async function open(change: Partial<BackendContext> = {}, url = server.url()): Promise<CountingBackend> {
    const backend = (await createBackend(testContext(url, change))) as CountingBackend;
    opened.push(backend);
    return backend;
  }
  afterEach(async () => {
    for (const backend of opened.splice(0)) await backend.close();
    // Patient: the server may just have come back.
    await client.flushdb();
  });
  const forever = new AbortController().signal;
  const channels = async (): Promise<string[]> => (await client.call('PUBSUB', 'CHANNELS')) as string[];
  const row = async (key: string): Promise<unknown> => JSON.parse((await client.get(key)) ?? 'null');

  interface Golden {
    readonly name: string;
    readonly rows: readonly { readonly key: string; readonly value_text: string | null; readonly ttl: number }[];
  }
  const golden: [string, Golden][] = [
    ...(plain.cases as Golden[]).map((one): [string, Golden] => [one.name, one]),
    ...(extended.cases as Golden[]).map((one): [string, Golden] => [`${one.name}, extended`, one]),
  ];

  test('an account that may not publish stores all the same, and that nobody is told is said once', async () => {
    await client.call('ACL', 'SETUSER', 'mute', 'on', '>pw', '~*', '&*', '+@all', '-publish');
    const said: string[] = [];
    const log = { ...silentLogger, warning: (text: string) => said.push(text) };
    const backend = await open({ log }, server.url().replace('redis://', 'redis://mute:pw@'));
    await Promise.all(['a', 'b', 'c'].map((id) => backend.store(record(id, 'SUCCESS', 1))));
    await backend.saveGroup('g', [['g', null], []]);
    expect([...(await backend.getMany(['a', 'b', 'c'])).keys()]).toEqual(['a', 'b', 'c']);
    expect(await backend.restoreGroup('g')).not.toBeNull();
    expect(said).toEqual([
      expect.stringMatching(/stored, but Redis lets nobody be told of them \(PUBLISH: .*\): who waits/),
    ]);
  });

  describe('rows as Celery writes them', () => {
    test.each(golden)('%s', async (_, { rows }) => {
      const backend = await open();
      for (const { key, value_text } of rows) {
        const id = key.replace(/^celery-task(set)?-meta-/, '');
        const isGroup = key.startsWith('celery-taskset-meta-');
        if (value_text === null) {
          expect(await backend.get(id)).toBeNull();
          continue;
        }
        await client.set(key, value_text);
        const value = JSON.parse(value_text) as Record<string, unknown>;
        if (isGroup) {
          const group = await backend.restoreGroup(id);
          expect(group).toEqual(value.result);
          await client.del(key);
          await backend.saveGroup(id, group);
        } else {
          const meta = await backend.get(id);
          expect(meta).toMatchObject({ task_id: id, status: value.status });
          await client.del(key);
          await backend.store(meta as ResultMeta);
        }
        expect(await row(key)).toEqual(value);
        expect(await client.ttl(key)).toBeGreaterThan(86_000);
      }
    });
  });

  describe('keys and commands', () => {
    test.each([
      [undefined, 'celery-task-meta-a'],
      ['shop', 'shop_celery-task-meta-a'],
      ['shop_', 'shop_celery-task-meta-a'],
      ['shop:', 'shop:celery-task-meta-a'],
      ['shop-', 'shop-celery-task-meta-a'],
      ['shop.', 'shop.celery-task-meta-a'],
    ])('with the prefix %s a result stands under %s', async (global_keyprefix, key) => {
      const backend = await open(global_keyprefix ? { options: { global_keyprefix } } : {});
      const waiting = backend.wait('a', forever);
      await backend.store(record('a', 'SUCCESS', 1));
      expect(await client.keys('*')).toEqual([key]);
      expect((await waiting).result).toBe(1);
    });

    test('a row and its message are one step, and the message is the row', async () => {
      const listener = client.duplicate();
      const received: string[] = [];
      listener.on('message', (channel, message) => received.push(channel, message));
      await listener.subscribe('celery-task-meta-a');
      const backend = await open();
      await backend.store(record('a', 'STARTED', { pid: 1 }));
      await until(() => received.length === 2, 'the message');
      expect(received).toEqual(['celery-task-meta-a', await client.get('celery-task-meta-a')]);
      listener.disconnect();
    });

    test('without expiry rows have none', async () => {
      const backend = await open({ expiresMs: null });
      await backend.store(record('a', 'SUCCESS'));
      await backend.saveGroup('g', []);
      expect(await client.ttl('celery-task-meta-a')).toBe(-1);
      expect(await client.ttl('celery-taskset-meta-g')).toBe(-1);
    });

    test.each([
      ['as Python writes it', '{"status": "SUCCESS", "result": 1, "task_id": "a"}', true],
      ['written compactly', '{"status":"SUCCESS","result":1,"task_id":"a"}', true],
      ['with the status further on', '{"task_id": "a", "result": 1, "status": "SUCCESS"}', true],
      ['a failure that speaks of SUCCESS', '{"status": "FAILURE", "result": "no SUCCESS", "task_id": "a"}', false],
      ['unreadable', 'SUCCESS', false],
    ])('a row %s: is it a SUCCESS that stays', async (_, text, stays) => {
      await client.set('celery-task-meta-a', text);
      await (await open()).store(record('a', 'STARTED', 'late'));
      const now = await client.get('celery-task-meta-a');
      if (stays) expect(now).toBe(text);
      else expect(JSON.parse(now!)).toMatchObject({ status: 'STARTED', result: 'late' });
    });

    test('what is stored in one turn is one command', async () => {
      const backend = await open();
      await backend.store(record('first', 'SUCCESS'));
      const calls = async (): Promise<number> =>
        Number(/cmdstat_eval(?:sha)?:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
      await client.call('CONFIG', 'RESETSTAT');
      await Promise.all(Array.from({ length: 300 }, (_, i) => backend.store(record(`t${i}`, 'SUCCESS', i))));
      expect(await calls()).toBe(1);
      expect((await backend.get('t299'))?.result).toBe(299);
    });

    test('a waiter subscribes first, asks once, and unsubscribes', async () => {
      const backend = await open();
      const waiting = backend.wait('a', forever);
      await until(async () => (await channels()).length === 1, 'the subscription');
      expect(await channels()).toEqual(['celery-task-meta-a']);
      await backend.store(record('a', 'SUCCESS', 1));
      await waiting;
      await until(async () => (await channels()).length === 0, 'the end of the subscription');
    });

    test('an address that cannot be used is refused by name, without its password', async () => {
      await expect(open({}, 'redis://:secret@localhost/shop')).rejects.toThrow(ImproperlyConfigured);
      await expect(open({}, 'redis://:secret@localhost/shop')).rejects.toThrow(/redis:\/\/:\*\*@localhost\/shop/);
      await expect(open({}, 'sentinel://localhost:26379/0')).rejects.toThrow(/master_name/);
    });
  });

  describe('chords', () => {
    const keys = { j: 'celery-taskset-meta-g.j', t: 'celery-taskset-meta-g.t', s: 'celery-taskset-meta-g.s' };
    const claim = 'celery-taskset-meta-g.claim';
    const part = (
      backend: CountingBackend,
      taskId: string,
      index: number | null,
      result: unknown = taskId,
      state = 'SUCCESS',
    ) => backend.completeChordPart({ groupId: 'g', taskId, index, state, result });

    test('parts are counted under the keys and in the text of Celery', async () => {
      const backend = await open();
      await backend.startChord('g', 3);
      expect(await client.get(keys.s)).toBe('3');
      expect(await client.ttl(keys.s)).toBeGreaterThan(86_000);
      await part(backend, 'a', 0, 2);
      await part(backend, 'b', 1, { exc_type: 'ValueError', exc_message: ['ž'], exc_module: 'builtins' }, 'FAILURE');
      expect(await client.zrange(keys.j, '0', '-1', 'WITHSCORES')).toEqual([
        '[1, "a", "SUCCESS", 2]',
        '0',
        '[1, "b", "FAILURE", {"exc_type": "ValueError", "exc_message": ["\\u017e"], "exc_module": "builtins"}]',
        '1',
      ]);
      expect(await client.ttl(keys.j)).toBeGreaterThan(86_000);
      expect(await part(backend, 'c', null)).toMatchObject({ failure: { taskId: 'b' } });
      expect((await client.keys('*')).sort()).toEqual([claim, keys.j, keys.s]);
      expect(await client.pttl(claim)).toBeGreaterThan(0);
      await backend.forgetChord('g');
      // A Python worker that saw the last part at the same time reads the parts once more.
      expect(await client.keys('*')).toEqual([keys.j]);
      expect(await client.zcard(keys.j)).toBe(3);
      expect(await client.pttl(keys.j)).toBeLessThanOrEqual(10_000);
    });

    test('a header that has grown waits for what was added', async () => {
      const backend = await open();
      await backend.startChord('g', 1);
      await client.incr(keys.t);
      expect(await part(backend, 'a', 0)).toBeNull();
      expect(await part(backend, 'b', 1)).toMatchObject({ results: ['a', 'b'], failure: null });
    });

    test('an open chord is handed out when it is due, to one who asks, and not once it has ended', async () => {
      const backend = await open();
      const plan = { parts: ['a', 'b'], body: { task: 'body' } };
      const due = (ms: number) => client.zadd('umbel-open-chords', Date.now() + ms, 'g');
      await backend.startChord('g', 2, plan);
      expect(await client.ttl('celery-taskset-meta-g.plan')).toBeGreaterThan(86_000);
      expect(await backend.openChords(10)).toEqual([]);
      await due(-1);
      expect(await backend.openChords(10)).toEqual([{ groupId: 'g', plan }]);
      expect(await backend.openChords(10)).toEqual([]);
      await due(-1);
      // A Python worker completed it.
      await client.del(keys.s);
      expect(await backend.openChords(10)).toEqual([]);
      expect(await client.exists('umbel-open-chords', 'celery-taskset-meta-g.plan')).toBe(0);
      await backend.startChord('g', 2, plan);
      await client.incr(keys.t);
      await due(-1);
      expect(await backend.openChords(10)).toEqual([]);
    });

    test('open chords that nobody looks after are forgotten when their results would be', async () => {
      const backend = await open();
      await client.zadd('umbel-open-chords', Date.now() - 86_400_000 - 60_000, 'old', Date.now() - 60_000, 'young');
      await backend.startChord('g', 2, { parts: ['a', 'b'], body: {} });
      expect(await client.zrange('umbel-open-chords', '0', '-1')).toEqual(['young', 'g']);
    });

    test('unordered parts stand in a list', async () => {
      const backend = await open({ options: { result_chord_ordered: false } });
      await backend.startChord('g', 2);
      await part(backend, 'b', 1);
      expect(await client.lrange(keys.j, 0, -1)).toEqual(['[1, "b", "SUCCESS", "b"]']);
      expect(await part(backend, 'a', 0)).toEqual({ results: ['b', 'a'], failure: null, repeated: false });
    });

    test.each([true, false])(
      'a part told of twice leaves one text for Python to count (ordered: %s)',
      async (ordered) => {
        const backend = await open({ options: { result_chord_ordered: ordered } });
        await backend.startChord('g', 2);
        await part(backend, 'a', 0, 1);
        // Told of again when its answer was lost, and ended a second time in another way.
        await part(backend, 'a', 0, 1);
        expect(await part(backend, 'a', 0, 2)).toBeNull();
        const texts = ordered ? await client.zrange(keys.j, '0', '-1') : await client.lrange(keys.j, 0, -1);
        expect(texts).toEqual(['[1, "a", "SUCCESS", 1]']);
        expect(await client.ttl(keys.j)).toBeGreaterThan(86_000);
        expect(await part(backend, 'b', 1)).toEqual({ results: [1, 'b'], failure: null, repeated: false });
      },
    );

    test('a header with groups in it gives its results in its shape', async () => {
      const backend = await open();
      const task = (id: string) => [[id, null], null];
      await backend.saveGroup('g', [
        ['g', null],
        [
          task('a'),
          [
            ['inner', null],
            [task('b'), task('c')],
          ],
        ],
      ]);
      await backend.startChord('g', 3);
      for (const [i, id] of ['a', 'b', 'c'].entries()) {
        await backend.store(record(id, 'SUCCESS', id.toUpperCase()));
        const ready = await part(backend, id, i, id.toUpperCase());
        expect(ready).toEqual(id === 'c' ? { results: ['A', ['B', 'C']], failure: null, repeated: false } : null);
      }
    });
  });

  describe('a Redis that goes and comes', () => {
    test('what is stored and who waits while it is away are served when it is back', async () => {
      const backend = await open();
      await backend.store(record('before', 'SUCCESS', 0));
      const waiting = Promise.all(['a', 'b'].map((id) => backend.wait(id, forever)));
      const keys = ['celery-task-meta-a', 'celery-task-meta-b'];
      await until(async () => (await channels()).filter((one) => keys.includes(one)).length === 2, 'the subscriptions');
      await server.kill();
      const stored = backend.store(record('a', 'SUCCESS', 1));
      await server.start();
      await stored;
      await (await open()).store(record('b', 'SUCCESS', 2));
      expect((await waiting).map((meta) => meta.result)).toEqual([1, 2]);
      expect((await backend.get('before'))?.result).toBe(0);
    });

    test('one that stands still is not waited for when the store is closed', async () => {
      // Otherwise found out by what Celery's settings say of a silent line.
      const backend = await open({ options: { socket_timeout: 3600, health_check_interval: 3600 } });
      await backend.store(record('a', 'SUCCESS', 1));
      server.pause();
      try {
        await backend.close();
      } finally {
        server.resume();
      }
    });

    test('a result that was stored while only the listening connection was lost is found', async () => {
      const backend = await open();
      const waiting = backend.wait('a', forever);
      await until(async () => (await channels()).length === 1, 'the subscription');
      // The row without its message, as when the message was sent while nobody listened.
      await client.set('celery-task-meta-a', JSON.stringify(record('a', 'SUCCESS', 7)));
      await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      expect((await waiting).result).toBe(7);
    });

    test('with nobody there a call ends with a clear error when its patience does', async () => {
      const other = await redisServer({ args: ['--requirepass', 'secret'] });
      await other.close();
      const url = other.url().replace('//', '//:secret@');
      const backend = await open({ options: { retry_policy: { max_retries: 1 } } }, url);
      const error = await backend.store(record('a', 'SUCCESS')).catch((e: unknown) => e as Error);
      expect(error).toBeInstanceOf(BackendStoreError);
      expect((error as Error).message).toMatch(
        /Cannot reach the result store redis:\/\/:\*\*@127\.0\.0\.1.*ECONNREFUSED/,
      );
      await expect(backend.get('a')).rejects.toThrow(BackendError);
      const abort = new AbortController();
      const waiting = backend.wait('a', abort.signal);
      abort.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
    });

    test('who calls while the server has long been away is as patient as who called when it went', async () => {
      const other = await redisServer();
      await other.stop();
      const patience = { max_retries: 4, interval_start: 1, interval_step: 0, interval_max: 1 };
      const backend = await open({ options: { retry_policy: patience } }, other.url());
      const first = backend.store(record('a', 'SUCCESS'));
      const started = Date.now();
      await until(() => Date.now() - started > 2500, 'half of its patience to pass');
      const second = backend.store(record('b', 'SUCCESS'));
      await expect(first).rejects.toThrow(BackendStoreError);
      await other.start();
      await second;
      await other.close();
    });

    test('a wrong password is said, and not the password', async () => {
      const other = await redisServer({ args: ['--requirepass', 'secret'] });
      try {
        const url = other.url().replace('//', '//:guess@');
        const backend = await open({ options: { retry_policy: { max_retries: 1 } } }, url);
        const error = (await backend.get('a').catch((e: unknown) => e)) as Error;
        expect(error).toBeInstanceOf(BackendError);
        expect(error.message).toMatch(/WRONGPASS|invalid username-password/);
        expect(error.message).not.toContain('guess');
      } finally {
        await other.close();
      }
    });

    test('a Redis that may delete what chords count is warned of with the first chord, once; noeviction and one without a limit are not', async () => {
      const other = await redisServer({ args: ['--maxmemory', '100mb', '--maxmemory-policy', 'volatile-lru'] });
      try {
        const lines: string[] = [];
        const log = createLogger({ write: (line) => lines.push(line) });
        const backend = await open({ log }, other.url());
        await backend.store(record('a', 'SUCCESS', 1));
        expect(lines).toEqual([]);
        await backend.startChord('g', 2);
        await until(() => lines.length > 0, 'the warning');
        await backend.completeChordPart({ groupId: 'g', index: 0, taskId: 'a', state: 'SUCCESS', result: 1 });
        await backend.startChord('h', 2);
        await backend.get('a');
        expect(lines).toEqual([expect.stringMatching(/WARNING.*chords under way.*volatile-lru.*noeviction/)]);
      } finally {
        await other.close();
      }
      const info = (policy: string, max: number) => `maxmemory:${max}\r\nmaxmemory_policy:${policy}\r\n`;
      expect(chordEvictionWarning(info('allkeys-lru', 1), 'redis://h')).toContain('redis://h');
      for (const harmless of [info('noeviction', 1), info('allkeys-lru', 0), ''])
        expect(chordEvictionWarning(harmless, 'redis://h')).toBeNull();
    });

    test('a Redis that is full refuses by name', async () => {
      const other = await redisServer({ args: ['--maxmemory', '1mb', '--maxmemory-policy', 'noeviction'] });
      try {
        const backend = await open({}, other.url());
        const error = (await backend.store(record('a', 'SUCCESS', 'x'.repeat(100))).catch((e: unknown) => e)) as Error;
        expect(error).toBeInstanceOf(BackendStoreError);
        expect(error.message).toMatch(/OOM/);
      } finally {
        await other.close();
      }
    });
  });

  test('an extended record keeps its fields', async () => {
    const backend = await open();
    const meta = buildResultMeta({
      task_id: 'a',
      status: 'SUCCESS',
      result: 1,
      nowMs: 0,
      extended: { name: 'n', args: [1], kwargs: {}, worker: 'w@h', retries: 0, queue: 'q' },
    });
    await backend.store(meta);
    expect(await backend.get('a')).toEqual(meta);
    expect(Object.keys((await row('celery-task-meta-a')) as object)).toEqual(Object.keys(meta));
  });
});
