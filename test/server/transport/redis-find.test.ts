// One task's message is found on the server, ready or taken, whoever put it there, and stays where it is.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Channel, Transport } from '../../../server/transport/contract.ts';
import { queue } from '../../../server/transport/entity.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';

describeNeedsRedis('the message of a task on Redis', () => {
  let server: RedisServer;
  let look: Redis;
  let transport: Transport;
  let channel: Channel;

  beforeAll(async () => {
    server = await redisServer();
    look = new Redis(server.url());
    transport = await createTransport({ url: server.url(), options: {}, connectTimeoutMs: 5000 });
    await transport.connect();
    channel = await transport.channel();
    await channel.declareQueue(queue('q'));
  });
  afterAll(async () => {
    await transport?.close();
    look?.disconnect();
    await server?.close();
  });

  const publish = (id: string, priority = 0, more: Record<string, unknown> = {}) =>
    channel.publish({
      exchange: '',
      routingKey: 'q',
      body: Buffer.from('[[], {}, {}]'),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: { id, task: 't', ...more },
      properties: { correlation_id: id, priority },
    });
  const find = async (id: string, limit = 5000) =>
    (await channel.findTask!(id, ['q'], limit)).messages.map(({ message, unacked }) => [
      message.headers.id,
      message.queue,
      unacked,
    ]);

  it('is found in any priority, among thousands, without being taken', async () => {
    await Promise.all(Array.from({ length: 3000 }, (_, i) => publish(`other-${i}`, i % 10)));
    await publish('low', 9);
    await publish('child', 3, { root_id: 'low' });
    const before = await look.dbsize();
    expect(await find('low')).toEqual([
      // It names that id too: whose it is the reader sees by the headers.
      ['child', 'q', false],
      ['low', 'q', false],
    ]);
    expect(await find('other-0')).toEqual([['other-0', 'q', false]]);
    expect(await find('none')).toEqual([]);
    expect([await look.llen('q\x06\x169'), await look.dbsize()]).toEqual([301, before]);
    await channel.purge('q');
  });

  it('is looked for no further than one says, from the next to be delivered on', async () => {
    for (let i = 0; i < 1200; i++) await publish(`n-${i}`);
    expect(await find('n-0', 500)).toHaveLength(1);
    expect(await find('n-1199', 500)).toHaveLength(0);
    expect(await find('n-1199', 1500)).toHaveLength(1);
    await channel.purge('q');
  });

  it('is told with its place among all that go before it, and whether every list was looked at to its end', async () => {
    for (let i = 0; i < 600; i++) await publish(`first-${i}`);
    await publish('urgent', 0);
    await publish('later', 9);
    const place = async (id: string, limit: number) => {
      const { messages, complete } = await channel.findTask!(id, ['q'], limit);
      return [messages[0]?.position ?? null, complete];
    };
    expect(await place('first-0', 5000)).toEqual([1, true]);
    expect(await place('urgent', 5000)).toEqual([601, true]);
    // The list before its own counts whole, also where it was not looked at to its end.
    expect(await place('later', 500)).toEqual([602, false]);
    expect(await place('nowhere', 500)).toEqual([null, false]);
    expect(await place('nowhere', 5000)).toEqual([null, true]);
    await channel.purge('q');
  });

  it('is found while a consumer has it, also one of kombu, and no more when it was acknowledged', async () => {
    await publish('taken', 6);
    const taken = await channel.get('q');
    expect(await find('taken')).toEqual([['taken', 'q', true]]);
    taken!.ack();
    await channel.flush();
    expect(await find('taken')).toEqual([]);

    const envelope = {
      body: Buffer.from('[[1], {}, {}]').toString('base64'),
      'content-encoding': 'utf-8',
      'content-type': 'application/json',
      headers: { id: 'theirs', task: 't', note: 'a "quoted", text]' },
      properties: {
        correlation_id: 'theirs',
        delivery_info: { exchange: '', routing_key: 'elsewhere' },
        body_encoding: 'base64',
        delivery_tag: 'x',
      },
    };
    await look.hset('unacked', 'x', JSON.stringify([envelope, '', 'elsewhere']));
    expect(await find('theirs')).toEqual([['theirs', 'elsewhere', true]]);
    const [found] = (await channel.findTask!('theirs', [], 5000)).messages;
    expect(Buffer.from(found!.message.body).toString()).toBe('[[1], {}, {}]');
    expect(() => found!.message.ack()).toThrow();
  });
});
