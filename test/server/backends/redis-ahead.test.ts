import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../../server/backends/contract.ts';
import { HeardAhead } from '../../../server/backends/redis-ahead.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { record, testContext } from './context.ts';

function world() {
  const heard = new Set<string>();
  const ahead = new HeardAhead({
    add: (id) => heard.add(id),
    settled: () => Promise.resolve(),
    released: (id) => heard.delete(id),
  });
  const take = async () => {
    ahead.fill();
    await Promise.resolve();
    return ahead.take()!;
  };
  return { heard, ahead, take };
}

test('the first wait brings no ids, the second some, and nobody is given one twice', async () => {
  const { heard, ahead, take } = world();
  expect(await take()).toBeUndefined();
  const ids = [await take(), await take(), await take()];
  expect(new Set(ids).size).toBe(3);
  expect(ids.every((id) => ahead.has(id) && heard.has(id))).toBe(true);
  expect(heard.size).toBe(32);
});

test('what is given and not waited for is bounded: the oldest, and a large record, are not kept', async () => {
  const { heard, ahead, take } = world();
  await take();
  const ids: string[] = [];
  while (ids.length < 65) ids.push(await take());
  expect(ids.map((id) => ahead.has(id))).toEqual([false, ...Array(64).fill(true)]);
  expect(heard.has(ids[0]!)).toBe(false);
  ahead.keep(ids[1]!, Buffer.alloc(64 * 1024));
  expect(ahead.kept(ids[1]!)?.length).toBe(64 * 1024);
  ahead.keep(ids[2]!, Buffer.alloc(64 * 1024 + 1));
  expect(ahead.has(ids[2]!)).toBe(false);
  ahead.keep(ids[0]!, Buffer.from('late'));
  expect(ahead.kept(ids[0]!)).toBeNull();
});

test('after a lost connection none is heard', async () => {
  const { heard, ahead, take } = world();
  await take();
  const id = await take();
  ahead.clear();
  expect([ahead.has(id), ahead.take(), heard.size]).toEqual([false, undefined, 0]);
});

describeNeedsRedis('results heard ahead in Redis', () => {
  let server: RedisServer;
  let client: Redis;
  const opened: Backend[] = [];
  const forever = new AbortController().signal;
  beforeAll(async () => {
    server = await redisServer();
    client = new Redis(server.url());
  });
  afterEach(async () => {
    for (const backend of opened.splice(0)) await backend.close();
  });
  afterAll(async () => {
    client.disconnect();
    await server.close();
  });
  async function open(): Promise<Backend> {
    const backend = await createBackend(testContext(server.url(), {}));
    opened.push(backend);
    return backend;
  }
  /** After two waits, of which the second brings some. */
  async function heardId(backend: Backend): Promise<string> {
    await Promise.all(['x', 'y'].map((id) => backend.store(record(id, 'SUCCESS'))));
    await Promise.all(['x', 'y'].map((id) => backend.wait(id, forever)));
    return until(() => backend.heardId?.(), 'an id that is heard');
  }

  test('who waits again has the results of what is sent next heard before it is sent, and asks for none', async () => {
    const backend = await open();
    const id = await heardId(backend);
    await (await open()).store(record(id, 'STARTED'));
    await client.call('CONFIG', 'RESETSTAT');
    await (await open()).store(record(id, 'SUCCESS', 5));
    expect((await backend.wait(id, forever)).result).toBe(5);
    // Once by who stored it.
    expect(await client.info('commandstats')).toMatch(/cmdstat_get:calls=1,/);
    expect(await heardId(backend)).not.toBe(id);
    // Its time is over: from here on it is asked for like any other.
    await client.set(`celery-task-meta-${id}`, JSON.stringify(record(id, 'SUCCESS', 6)));
    expect((await backend.wait(id, forever)).result).toBe(6);
  });

  test('a result that was to be heard, and came while the listening connection was lost, is found', async () => {
    const backend = await open();
    const id = await heardId(backend);
    await client.set(`celery-task-meta-${id}`, JSON.stringify(record(id, 'SUCCESS', 7)));
    await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(
      async () => ((await client.call('PUBSUB', 'CHANNELS')) as string[]).length > 0,
      'its new subscriptions',
    );
    // Nothing that was heard before counts any more.
    await until(
      async () => ((await client.call('PUBSUB', 'CHANNELS')) as string[]).length === 0,
      'the end of its subscriptions',
    );
    expect((await backend.wait(id, forever)).result).toBe(7);
  });
});
