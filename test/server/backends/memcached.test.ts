// Results in memcached, beside real Python Celery and the clients it uses.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackendContext, CountingBackend } from '../../../server/backends/contract.ts';
import { shardOf } from '../../../server/backends/memcached/sharding.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import { silentLogger } from '../../../server/log.ts';
import { buildResultMeta } from '../../../server/protocol/result-meta.ts';
import { backendContract } from '../../contract/backend.ts';
import { describeNeedsMemcached, type MemcachedServer, memcachedServer } from '../../support/memcached-server.ts';
import { itNeedsPython } from '../../support/needs.ts';
import { type PythonStore, pythonStore } from '../../support/python-store.ts';
import { until } from '../../support/until.ts';
import { record, testContext } from './context.ts';

describeNeedsMemcached('memcached', () => {
  const servers: MemcachedServer[] = [];
  let python: PythonStore;
  beforeAll(async () => {
    servers.push(...(await Promise.all([memcachedServer(), memcachedServer(), memcachedServer()])));
    if (itNeedsPython === test) python = await pythonStore();
  });
  afterAll(async () => {
    await python?.close();
    for (const server of servers) await server.stop();
  });

  let count = 0;
  const ownPrefix = () => ({ global_keyprefix: `p${++count}_` });
  const url = (many = 1) =>
    `cache+memcached://${servers
      .slice(0, many)
      .map((one) => one.address)
      .join(';')}/`;
  const open = async (at = url(), change: Partial<BackendContext> = {}) =>
    (await createBackend(testContext(at, change))) as CountingBackend;

  backendContract('cache+memcached', () => url(), { durable: true, expiry: 'own', transport: ownPrefix });

  itNeedsPython(
    'Python reads what is stored on several servers, and the other way round, with either of its clients',
    async () => {
      for (const client of ['pylibmc', 'python-memcached'] as const) {
        const at = url(3);
        const backend = await open(at, { options: { memcached_client: client } });
        const ids = Array.from({ length: 12 }, (_, i) => `${client}-${i}`);
        const failed = { exc_type: 'KeyError', exc_message: ['lost'], exc_module: 'builtins' };
        for (const id of ids) await backend.store(record(id, 'SUCCESS', { id, text: 'žluť' }));
        await backend.store(buildResultMeta({ task_id: `${client}-bad`, status: 'FAILURE', result: failed, nowMs: 0 }));
        await backend.saveGroup(`${client}-g`, [[`${client}-g`, null], [[[ids[0], null], null]]]);
        const found = await python.run<unknown[] | null>(
          `
import sys, builtins
real = builtins.__import__
def without(name, *args, **kwargs):
    if name == 'pylibmc' and client != 'pylibmc':
        raise ImportError(name)
    return real(name, *args, **kwargs)
from celery import Celery
from celery.backends import cache
from celery.result import AsyncResult, GroupResult
cache._imp[0] = None
builtins.__import__ = without
app = Celery('m', broker='memory://', backend=url)
app.set_default()
try:
    backend = app.backend
    backend.client
    used = cache._imp[0][1].__name__
    for id in ids:
        backend.store_result('py-' + id, [id], 'SUCCESS')
    result = [used, [AsyncResult(id, app=app).result for id in ids], repr(AsyncResult(client + '-bad', app=app).result),
              repr(GroupResult.restore(client + '-g', app=app))]
finally:
    builtins.__import__ = real
`,
          { given: { client, url: at, ids } },
        );
        // Without pylibmc Celery takes the other one; then there is nothing to learn of pylibmc.
        if (found![0] !== (client === 'pylibmc' ? 'pylibmc' : 'memcache')) {
          await backend.close();
          continue;
        }
        expect(found!.slice(1)).toEqual([
          ids.map((id) => ({ id, text: 'žluť' })),
          "KeyError('lost')",
          `<GroupResult: ${client}-g [${ids[0]}]>`,
        ]);
        const metas = await backend.getMany(ids.map((id) => `py-${id}`));
        expect([...metas.values()].map((meta) => meta.result)).toEqual(ids.map((id) => [id]));
        await backend.close();
      }
    },
  );

  itNeedsPython('a key is where each client of Python looks for it, also one with letters beyond ASCII', async () => {
    const names = servers.map(({ address }) => address);
    const keys = Array.from({ length: 60 }, (_, i) => `celery-task-meta-${i}${i % 3 === 0 ? '-žluť-😀' : ''}`);
    const places = await python.run<Record<'pylibmc' | 'python-memcached' | 'pymemcache', number[]>>(
      `
import memcache
from pymemcache.client.rendezvous import RendezvousHash
hasher = RendezvousHash(names)
ones = [memcache.Client([name]) for name in names]
def found(client):
    for key in keys: client.set(key, 1)
    places = [[one.get(key) for one in ones].index(1) for key in keys]
    for one in ones: one.delete_multi(keys)
    return places
result = {'pymemcache': [names.index(hasher.get_node(key)) for key in keys], 'python-memcached': found(memcache.Client(names))}
try:
    import pylibmc
    result['pylibmc'] = found(pylibmc.Client(names))
except ImportError: pass
`,
      { given: { names, keys } },
    );
    for (const [client, there] of Object.entries(places))
      expect(keys.map(shardOf(client as 'pylibmc', names)), client).toEqual(there);
  });

  itNeedsPython('one chord is counted by workers of both languages', async () => {
    const backend = await open();
    const part = (taskId: string, index: number) =>
      backend.completeChordPart({ groupId: 'mixed', taskId, index, state: 'SUCCESS', result: taskId });
    const plan = { parts: ['m0', 'm1', 'm2'], body: { task: 'body' } };
    await backend.startChord('mixed', 3, plan);
    await backend.store(record('m0', 'SUCCESS', 'm0'));
    expect(await part('m0', 0)).toBeNull();
    const counted = await python.run(
      `
from types import SimpleNamespace
request = SimpleNamespace(id='m1', group='mixed', chord={'chord_size': 3, 'task': 'body', 'args': [], 'kwargs': {}, 'options': {}})
backend.store_result('m1', 'm1', 'SUCCESS')
backend.on_chord_part_return(request, 'SUCCESS', 'm1')
result = int(backend.client.get('chord-unlock-mixed'))
`,
      { url: url() },
    );
    expect(counted).toBe(2);
    expect(await part('m2', 2)).toEqual({ results: ['m0', 'm1', 'm2'], failure: null, repeated: false });
    await backend.close();
  });

  test('a value of more than 1 MB, and a key of more than 250 bytes, are refused, and the others of their turn stored', async () => {
    const backend = await open();
    const outcome = await Promise.allSettled([
      backend.store(record('small', 'SUCCESS', 1)),
      backend.store(record('big', 'SUCCESS', 'x'.repeat(1_200_000))),
      backend.store(record('k'.repeat(250), 'SUCCESS', 1)),
      backend.store(record('a b', 'SUCCESS', 1)),
      backend.store(record('after', 'SUCCESS', 2)),
    ]);
    const said = outcome.map((one) => (one.status === 'fulfilled' ? 'stored' : (one.reason as Error).message));
    expect(said).toEqual([
      'stored',
      expect.stringMatching(/Cannot store the result of big .*12\d+ bytes are too large for the memcached .*-I/),
      expect.stringMatching(/A key of 267 bytes is too long for memcached, which takes 250/),
      expect.stringMatching(/no blanks/),
      'stored',
    ]);
    expect((await backend.getMany(['small', 'after', 'k'.repeat(250)])).size).toBe(2);
    await backend.close();
  });

  test('a server that goes away takes its results when it is back, and says so', async () => {
    const said: string[] = [];
    const say = (text: string) => said.push(text);
    const server = await memcachedServer();
    const backend = await open(`cache+memcached://${server.address}`, {
      log: { ...silentLogger, warning: say, info: say },
    });
    const waiting = backend.wait('late', new AbortController().signal);
    await server.stop();
    const storing = backend.store(record('late', 'SUCCESS', 1));
    await until(() => said.some((text) => /is away .*results wait/.test(text)), 'it to say that it waits');
    await server.start();
    await storing;
    expect((await waiting).result).toBe(1);
    expect(said.at(-1)).toMatch(/is back/);
    await backend.close();
    await server.stop();
  });

  test('while one of several servers is silent or away, what is on the others is stored and heard, and it alone is said to be away', async () => {
    const said: string[] = [];
    const say = (text: string) => said.push(text);
    const server = await memcachedServer();
    const addresses = [servers[0]!.address, server.address];
    const log = { ...silentLogger, warning: say, info: say };
    const backend = await open(`cache+memcached://${addresses.join(';')}/`, { log });
    const shard = shardOf('pylibmc', addresses);
    // By another user of the store, and all in one turn.
    const writer = await open(`cache+memcached://${addresses.join(';')}/`);
    const heard = new Set<string>();
    /** Forty that are watched and stored: when those on the other server were heard, and none of this one. */
    const forty = async (name: string) => {
      const all = Array.from({ length: 40 }, (_, i) => `${process.pid}-${name}-${i}`);
      const [alive, away] = [0, 1].map((at) => all.filter((id) => shard(`celery-task-meta-${id}`) === at));
      const watching = (async () => {
        for await (const { task_id } of backend.watch(all, new AbortController().signal)) heard.add(task_id);
      })();
      const storing = all.map((id) => writer.store(record(id, 'SUCCESS', id)));
      await Promise.all(storing.filter((_, i) => alive!.includes(all[i]!)));
      await until(() => alive!.every((id) => heard.has(id)), 'those on the server that is there');
      expect([...heard].filter((id) => away!.includes(id))).toEqual([]);
      return () => Promise.all([watching, ...storing]);
    };
    server.pause();
    const silent = await forty('silent');
    // Nor was it given up meanwhile.
    expect(said).toEqual([]);
    server.resume();
    await silent();
    await server.stop();
    const away = await forty('away');
    await server.start();
    await away();
    expect(heard.size).toBe(80);
    await until(() => said.some((text) => /is back\.$/.test(text)), 'it to say that it is back');
    expect(said.map((text) => /^The result store (\S+) is (away|back)/.exec(text)?.slice(1))).toEqual([
      [server.address, 'away'],
      [server.address, 'back'],
    ]);
    await backend.close();
    await writer.close();
    await server.stop();
  });

  test('an id of any letters is one key, whose record passes through its states; one that is no key has no record', async () => {
    const backend = await open();
    const ids = ['žluť-😀', 'no-break\u00a0space', 'line\u2028', 'next\u0085'];
    for (const id of ids) for (const status of ['STARTED', 'SUCCESS']) await backend.store(record(id, status, status));
    const found = await backend.getMany([...ids, 'a b', '\x01', 'half \ud83d', 'k'.repeat(250)]);
    expect([...found].map(([id, { result }]) => [id, result])).toEqual(ids.map((id) => [id, 'SUCCESS']));
    for (const id of ['a b', '\x7f', '\ud83d'])
      await expect(backend.store(record(id, 'SUCCESS'))).rejects.toThrow(/A key of memcached has/);
    await backend.close();
  });

  test('an address without servers, and a client that is not known, are refused with what to write', async () => {
    await expect(open('cache+memcached://')).rejects.toThrow(/cache\+memcached:\/\/host:11211;other:11211/);
    await expect(open(url(2), { options: { memcached_client: 'x' } })).rejects.toThrow(/'pylibmc', 'python-memcached'/);
    const backend = await open('cache', { settings: { cache_backend: url().replace('cache+', '') } });
    await backend.store(record('named', 'SUCCESS', 1));
    expect((await backend.get('named'))?.result).toBe(1);
    await backend.close();
  });
});
