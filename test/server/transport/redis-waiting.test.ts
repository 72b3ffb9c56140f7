// Who waits for messages on a Redis server, by its own list of clients.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Channel, Transport } from '../../../server/transport/contract.ts';
import { countBlocked } from '../../../server/transport/redis/waiting.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';

it('counts those in BRPOP that are blocked, of one database', () => {
  const line = (more: string) => `id=7 addr=10.0.0.1:5 name=brpop ${more} user=default`;
  const list = [
    line('db=0 flags=b cmd=brpop'),
    // Cut: it sent BRPOP last, and waits no more.
    line('db=0 flags=N cmd=brpop'),
    line('db=1 flags=b cmd=brpop'),
    line('db=0 flags=b cmd=blpop'),
    line('db=0 flags=N cmd=get'),
    '',
  ].join('\n');
  expect(countBlocked(list, 0)).toBe(1);
  expect(countBlocked(list, 1)).toBe(1);
  expect(countBlocked('', 0)).toBe(0);
});

describeNeedsRedis('waiting consumers of a real server', () => {
  let server: RedisServer;
  let transport: Transport;
  let channel: Channel;

  const connect = async (url: string) => {
    const made = await createTransport({ url, options: {}, connectTimeoutMs: 5000 });
    await made.connect();
    return made;
  };
  beforeAll(async () => {
    server = await redisServer();
    transport = await connect(server.url());
    channel = await transport.channel();
  });
  afterAll(async () => {
    await transport?.close();
    await server?.close();
  });
  const waiting = () => channel.waitingConsumers!();

  it('counts a client while it waits', async () => {
    expect(await waiting()).toEqual({ kombu: 0 });
    const kombu = new Redis(server.url());
    const other = new Redis(server.url(5));
    const pusher = new Redis(server.url());
    try {
      const popped = kombu.brpop('celery', 0);
      void other.brpop('celery', 0).catch(() => {});
      await until(async () => (await waiting())?.kombu === 1, 'one waiting client');
      await pusher.lpush('celery', 'message');
      await popped;
      await until(async () => (await waiting())?.kombu === 0, 'none');
    } finally {
      kombu.disconnect();
      other.disconnect();
      pusher.disconnect();
    }
  });

  it('does not know where the account may not ask', async () => {
    const admin = new Redis(server.url());
    await admin.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '&*', '+@all', '-client|list');
    admin.disconnect();
    const limited = await connect(server.url().replace('redis://', 'redis://limited:secret@'));
    try {
      expect(await (await limited.channel()).waitingConsumers!()).toBeNull();
    } finally {
      await limited.close();
    }
  });
});
