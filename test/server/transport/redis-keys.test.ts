// What is asked of a queue by its name touches queues only: the other keys of a Redis stay as they are and are not shown.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Channel, Transport } from '../../../server/transport/contract.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';

describeNeedsRedis('a name that is no queue on Redis', () => {
  let server: RedisServer;
  let look: Redis;
  let transport: Transport;
  let channel: Channel;
  const envelope = JSON.stringify({
    body: 'W10=',
    headers: { id: 'a', task: 't' },
    properties: { body_encoding: 'base64' },
  });
  const foreign: Record<string, (key: string) => Promise<unknown>> = {
    unacked: (key) => look.hset(key, 'tag', 'record'),
    unacked_index: (key) => look.zadd(key, 1, 'tag'),
    '_kombu.binding.celery': (key) => look.sadd(key, 'celery\x06\x16\x06\x16celery'),
    'session:1': (key) => look.set(key, 'hunter2'),
    'jobs-of-another-program': (key) => look.rpush(key, '{"job":"hunter2"}', 'hunter2'),
    stream: (key) => look.xadd(key, '*', 'a', 'b'),
  };

  beforeAll(async () => {
    server = await redisServer();
    look = new Redis(server.url());
    for (const [key, fill] of Object.entries(foreign)) await fill(key);
    transport = await createTransport({ url: server.url(), options: {}, connectTimeoutMs: 5000 });
    await transport.connect();
    channel = await transport.channel();
  });
  afterAll(async () => {
    await transport?.close();
    look?.disconnect();
    await server?.close();
  });

  it.each([...Object.keys(foreign), 'never-made'])('%s is neither emptied, deleted nor shown', async (name) => {
    const before = await look.dump(name);
    expect(await channel.queueStatus(name)).toBeNull();
    await expect(channel.peek(name, 10)).rejects.toThrow(/NOT_FOUND/);
    await expect(channel.purge(name)).rejects.toThrow(/NOT_FOUND/);
    await channel.deleteQueue(name).catch(() => {});
    expect(await look.dump(name)).toEqual(before);
  });

  it.each(['unacked', 'unacked_index', 'unacked_mutex', 'unacked_taken.1', '_kombu.binding.mail'])(
    '%s can be no queue, since that would stop every worker: nothing declares it and nothing is sent there',
    async (name) => {
      const sent = { exchange: '', routingKey: name, body: new Uint8Array(), contentType: '', contentEncoding: '' };
      await expect(channel.publish({ ...sent, headers: {}, properties: {} })).rejects.toThrow(/ACCESS_REFUSED/);
      await expect(channel.declareQueue(queue(name))).rejects.toThrow(/ACCESS_REFUSED/);
      expect(await look.type(name)).not.toBe('list');
    },
  );

  it('a queue that somebody else filled or bound is one, whatever lies at its head', async () => {
    await look.lpush('filled', envelope, envelope);
    expect((await channel.queueStatus('filled'))?.messages).toBe(2);
    expect(await channel.peek('filled', 10)).toHaveLength(2);
    expect(await channel.purge('filled')).toBe(2);

    await channel.declareQueue(queue('mine', { exchange: exchange('mine'), routingKey: 'mine' }));
    await look.lpush('mine', envelope, 'no envelope');
    expect((await channel.queueStatus('mine'))?.messages).toBe(2);
    const other = await createTransport({ url: server.url(), options: {}, connectTimeoutMs: 5000 });
    await other.connect();
    expect((await (await other.channel()).queueStatus('mine'))?.messages).toBe(2);
    expect(await (await other.channel()).purge('mine')).toBe(2);
    await other.close();
  });

  it('a queue one of whose keys was made something else is not emptied', async () => {
    await channel.declareQueue(queue('half'));
    await look.set('half\x06\x163', 'x');
    await expect(channel.purge('half')).rejects.toThrow(/NOT_FOUND/);
    expect(await look.get('half\x06\x163')).toBe('x');
  });
});
