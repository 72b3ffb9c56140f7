// Recorded calls of a Python client, made by ours on a real Redis: the same messages in the same lists, with the same bindings.
// Ours are written more tightly (no blanks in JSON), so texts are compared as Python would have written them; with the serializer
// kombu-json bodies are Python's to the byte.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import { silentLogger } from '../../server/log.ts';
import { decodeJson } from '../../server/serialization/json.ts';
import {
  comparable,
  type Envelope,
  envelopesOf,
  ID,
  RECORDED_CALLS,
  recorded,
  tasksOf,
} from '../server/app/recorded-calls.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../support/redis-server.ts';

describeNeedsRedis('a producer on Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await redisServer();
  });
  afterAll(() => server.close());

  /** What an app sends: its tasks, and what stands in Redis of a type, by key. */
  async function producer(settings: SettingsInput = {}) {
    const url = server.freshUrl();
    const app = new Celery('test', { broker: url, backend: url, ...settings }, { env: {}, log: silentLogger });
    const keys = new Redis(url);
    onTestFinished(async () => {
      await app.close();
      keys.disconnect();
    });
    const all = async (type: 'list' | 'set') => {
      const [, names] = await keys.scan(0, 'COUNT', 1000, 'TYPE', type);
      const read = (name: string) => (type === 'set' ? keys.smembers(name) : keys.lrange(name, 0, -1));
      return new Map(await Promise.all(names.map(async (name) => [name, await read(name)] as const)));
    };
    return { tasks: tasksOf(app), all };
  }
  const keyOf = (name: string) => recorded(name).messages[0]!.key;

  for (const [name, { call, settings, ...moving }] of Object.entries(RECORDED_CALLS)) {
    it(name, async () => {
      const { tasks, all } = await producer(settings);
      await call(tasks);
      const lists = await all('list');
      expect([...lists.keys()]).toEqual([keyOf(name)]);
      const texts = lists.get(keyOf(name))!.reverse();
      expect(texts.map((text) => comparable(decodeJson(text) as Envelope, moving))).toEqual(
        envelopesOf(name).map((envelope) => comparable(envelope, moving)),
      );
      // A client binds each queue the first time it sends there: the default one was bound before most recordings.
      const bindings = new Map([['_kombu.binding.celery', ['celery\x06\x16\x06\x16celery']]]);
      for (const [command, key, member] of recorded(name).commands)
        if (command === 'SADD') bindings.set(key!, [member!]);
      const ours = await all('set');
      if (!ours.has('_kombu.binding.celery')) bindings.delete('_kombu.binding.celery');
      expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(bindings));
    });
  }

  it('with the serializer kombu-json every body is the same to the byte', async () => {
    const same = Object.entries(RECORDED_CALLS).filter(([name]) => !/^compression|^link|^v1/.test(name));
    expect(same.length).toBeGreaterThan(35);
    for (const [name, { call, settings }] of same) {
      if (name === 'serializer_json' || name === 'serializer_yaml') continue;
      const { tasks, all } = await producer({ task_serializer: 'kombu-json', ...settings });
      await call(tasks);
      const bodies = (await all('list')).get(keyOf(name))!.map((text) => (decodeJson(text) as Envelope).body);
      const plain = (body: string) => Buffer.from(body, 'base64').toString();
      expect(bodies.map(plain), name).toEqual(envelopesOf(name).map(({ body }) => plain(body)));
    }
  });

  it('exchange_rkey: what no queue is bound for is dropped, as by Celery', async () => {
    const { tasks, all } = await producer();
    await tasks.add.applyAsync([2, 3], {}, { task_id: ID, exchange: 'myex', routing_key: 'my.key' });
    expect([...(await all('list'))]).toEqual([]);
    expect(recorded('exchange_rkey').messages).toEqual([]);
  });
});
