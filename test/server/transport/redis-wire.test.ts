// What stands in Redis is what kombu puts there: lists, envelopes, binding sets, unacked records, pub/sub; compared with recordings
// of real Celery, and with real kombu where it is installed.
import { spawnSync } from 'node:child_process';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decodeJson } from '../../../server/serialization/json.ts';
import type { Channel, Transport } from '../../../server/transport/contract.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import type { Message, OutgoingMessage, Properties } from '../../../server/transport/message.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import published from '../../golden/publish-redis.json' with { type: 'json' };
import traffic from '../../golden/worker-redis-traffic.json' with { type: 'json' };
import { hasPythonOnRedis } from '../../support/needs.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';

interface Envelope {
  body: string;
  'content-encoding': string;
  'content-type': string;
  headers: Record<string, unknown>;
  properties: Properties & { delivery_info: { exchange: string; routing_key: string }; delivery_tag: string };
}
interface Entry {
  cmd?: string[];
  brpop_reply?: [string, string];
}
const read = (text: string) => decodeJson(text) as Envelope;
const caseOf = (name: string) => traffic.cases.find((one) => one.name === name)!.commands as unknown as Entry[];
const itNeedsKombu = hasPythonOnRedis ? it : it.skip;

describeNeedsRedis('Redis as kombu uses it', () => {
  let server: RedisServer;
  let url: string;
  let look: Redis;
  const opened: Transport[] = [];

  beforeAll(async () => {
    server = await redisServer();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    url = server.freshUrl();
    look = new Redis(url);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((transport) => transport.close()));
    look.disconnect();
  });

  async function connect(options: Record<string, unknown> = {}): Promise<Transport> {
    const transport = await createTransport({ url, options, connectTimeoutMs: 5000 });
    opened.push(transport);
    await transport.connect();
    return transport;
  }
  const channel = async (options: Record<string, unknown> = {}): Promise<Channel> => (await connect(options)).channel();
  const plain = (to: string, body: string, properties: Properties = {}): OutgoingMessage => ({
    exchange: '',
    routingKey: to,
    body: Buffer.from(body),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
    properties,
  });
  const texts = (all: readonly Message[]) => all.map((m) => Buffer.from(m.body).toString());
  function python(script: string): unknown {
    const done = spawnSync('/usr/bin/python3', ['-c', script, url], { encoding: 'utf8', timeout: 120_000 });
    if (done.status !== 0) throw new Error(done.stderr);
    return JSON.parse(done.stdout.trim().split('\n').at(-1)!);
  }

  describe('publishing', () => {
    for (const c of published.cases as unknown as {
      name: string;
      messages: { key: string; envelope_text: string }[];
    }[]) {
      for (const [i, { key, envelope_text }] of c.messages.entries()) {
        it(`${c.name}${i > 0 ? ` (${i})` : ''}: the same list and the same envelope`, async () => {
          const expected = read(envelope_text);
          const { delivery_info, delivery_tag, body_encoding: _, ...properties } = expected.properties;
          const to = await channel();
          const queueName = key.split('\x06\x16')[0]!;
          if (delivery_info.exchange !== '') {
            await to.declareQueue(
              queue(queueName, { exchange: exchange(delivery_info.exchange), routingKey: delivery_info.routing_key }),
            );
          }
          await to.publish({
            exchange: delivery_info.exchange,
            routingKey: delivery_info.routing_key,
            body: Buffer.from(expected.body, 'base64'),
            contentType: expected['content-type'],
            contentEncoding: expected['content-encoding'],
            headers: expected.headers,
            properties,
          });

          const [text, ...more] = await look.lrange(key, 0, -1);

          expect(more).toEqual([]);
          const found = read(text!);
          expect(found.properties.delivery_tag).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
          expect(found.properties.delivery_tag).not.toBe(delivery_tag);
          found.properties.delivery_tag = delivery_tag;
          expect(found).toEqual(expected);
          expect(Object.keys(found)).toEqual(Object.keys(expected));
        });
      }
    }

    it('writes the binding sets a real worker writes', async () => {
      const sadds = caseOf('worker_startup').flatMap(({ cmd }) => (cmd?.[0] === 'SADD' ? [cmd] : []));
      const c = await channel();
      expect(sadds.length).toBeGreaterThan(3);
      for (const [, key, member] of sadds) {
        const name = key!.slice('_kombu.binding.'.length);
        const [routingKey, , queueName] = member!.split('\x06\x16') as [string, string, string];
        const type = name === 'celery.pidbox' ? 'fanout' : name === 'celeryev' ? 'topic' : 'direct';
        await c.declareQueue(queue(queueName, { exchange: exchange(name, type), routingKey }));
        expect(await look.smembers(key!)).toEqual([member]);
      }
    });

    it('keeps kombu’s regular expression beside a topic binding', async () => {
      const c = await channel();
      await c.declareQueue(queue('q', { exchange: exchange('t', 'topic'), routingKey: 'a-b.*.#' }));
      expect(await look.smembers('_kombu.binding.t')).toEqual(['a-b.*.#\x06\x16^a\\-b\\..*?[^\\.]\\..*?$\x06\x16q']);
      await c.unbindQueue('q', 't', 'a-b.*.#');
      expect(await look.exists('_kombu.binding.t')).toBe(0);
    });

    it('sends events by pub/sub, under their keys, also when their exchange is declared as a topic one', async () => {
      const listener = new Redis(url);
      const heard: [string, string][] = [];
      const db = url.split('/').at(-1);
      await listener.psubscribe(`/${db}.celeryev/*`);
      listener.on('pmessage', (_pattern, at, text) => heard.push([at, text]));
      const c = await channel();
      await c.declareExchange(exchange('celeryev', 'topic'));
      await c.publish({ ...plain('worker.online', '{}'), exchange: 'celeryev' });
      await until(() => heard.length === 1, 'the event');
      expect(heard[0]![0]).toBe(`/${db}.celeryev/worker.online`);
      expect(read(heard[0]![1]).properties.delivery_info).toEqual({
        exchange: 'celeryev',
        routing_key: 'worker.online',
      });
      listener.disconnect();
    });

    it('puts the global key prefix before every key and channel, and keeps it out of envelopes', async () => {
      const c = await channel({ global_keyprefix: 'app1:' });
      const heard: Message[] = [];
      await c.declareQueue(queue('celery'));
      await c.declareQueue(queue('ear', { exchange: exchange('shout', 'fanout'), routingKey: '' }));
      await c.consume('ear', (m) => heard.push(m), { noAck: true });
      await c.publish(plain('celery', 'x', { priority: 5 }));
      await c.publish({ ...plain('', 'hey'), exchange: 'shout' });
      await c.get('celery');
      await until(() => heard.length === 1, 'the shout');
      const keys = await look.keys('*');
      expect(keys.filter((key) => !key.startsWith('app1:'))).toEqual([]);
      expect(keys).toEqual(
        expect.arrayContaining(['app1:unacked', 'app1:unacked_index', 'app1:_kombu.binding.celery']),
      );
    });
  });

  describe('consuming', () => {
    it('records what a worker of Celery records, and forgets it with the ack', async () => {
      const commands = caseOf('success');
      const [list, text] = commands.find((one) => one.brpop_reply)!.brpop_reply!;
      const [, key, tag, record] = commands.find((one) => one.cmd?.[0] === 'HSET')!.cmd!;
      const c = await channel();
      await c.declareQueue(queue('celery'));
      const got: Message[] = [];
      await c.qos(8);
      await c.consume('celery', (m) => got.push(m));
      const before = Date.now() / 1000;
      await look.lpush(list, text);
      await until(() => got.length === 1, 'the message');

      expect(await look.hgetall(key!)).toEqual({ [tag!]: record });
      expect(Number(await look.zscore('unacked_index', tag!))).toBeGreaterThanOrEqual(before - 1);
      got[0]!.ack();
      await c.flush();
      expect(await look.exists('unacked', 'unacked_index', 'celery')).toBe(0);
      await c.close();
      expect(await look.keys('unacked*')).toEqual([]);
    });

    it('is woken by another program’s LPUSH, not by the clock', async () => {
      const c = await channel({ polling_interval: 600 });
      await c.declareQueue(queue('celery'));
      const got: Message[] = [];
      await c.consume('celery', (m) => {
        got.push(m);
        m.ack();
      });
      for (let i = 0; i < 30; i++) {
        await look.lpush('celery\x06\x166', caseOf('success').find((one) => one.brpop_reply)!.brpop_reply![1]);
        await until(() => got.length === i + 1, 'the message', { everyMs: 1 });
      }
    });

    it('takes the most urgent first, which is 0, and in order within a step', async () => {
      const c = await channel();
      await c.declareQueue(queue('p'));
      for (const [body, priority] of [
        ['nine', 9],
        ['four', 4],
        ['three', 3],
        ['none', undefined],
        ['zero', 0],
      ] as const) {
        await c.publish(plain('p', body, { priority }));
      }
      expect(texts((await c.peek('p', 10))!)).toEqual(['none', 'zero', 'four', 'three', 'nine']);
      expect((await c.queueStatus('p'))!.byPriority).toEqual({ 0: 2, 3: 2, 9: 1 });
      const got: Message[] = [];
      await c.consume('p', (m) => got.push(m));
      await until(() => got.length === 5, 'all');
      expect(texts(got)).toEqual(['none', 'zero', 'four', 'three', 'nine']);
      expect(await (await channel()).queueStatus('p')).toMatchObject({ messages: 0, unacked: 5 });
    });

    it.each([
      ['round_robin', ['b', 'a', 'b', 'a', 'b', 'a']],
      ['priority', ['b', 'b', 'b', 'a', 'a', 'a']],
      ['sorted', ['a', 'a', 'a', 'b', 'b', 'b']],
    ])('serves queues in the order of queue_order_strategy %s', async (strategy, expected) => {
      const c = await channel({ queue_order_strategy: strategy });
      for (const name of ['a', 'b']) {
        await c.declareQueue(queue(name));
        for (let i = 0; i < 3; i++) await c.publish(plain(name, name));
      }
      await c.qos(1);
      const order: string[] = [];
      const wait: Message[] = [];
      const onMessage = (m: Message) => wait.push(m);
      const ready = [c.consume('b', onMessage), c.consume('a', onMessage)];
      await Promise.all(ready);
      await until(() => wait.length === 1, 'the first');
      while (order.length < 6) {
        const m = await until(() => wait.shift(), 'the next');
        order.push(m.queue);
        m.ack();
      }
      // The first was taken when only one queue was consumed.
      if (strategy === 'sorted') expect(order.slice(1)).toEqual(['a', 'a', 'a', 'b', 'b']);
      else expect(order).toEqual(expected);
    });

    it('hands over what is no envelope as a message without content type, and loses nothing else', async () => {
      const c = await channel();
      await c.declareQueue(queue('celery'));
      await look.lpush('celery', 'no json', '[1]', '{"body": "x"}');
      await c.publish(plain('celery', 'fine'));
      const got: Message[] = [];
      await c.consume('celery', (m) => got.push(m));
      await until(() => got.length === 4, 'all four');
      expect(texts(got)).toEqual(['no json', '[1]', 'x', 'fine']);
      expect(got[0]!.contentType).toBe('');
      for (const m of got) m.ack();
      await c.flush();
      expect(await look.hlen('unacked')).toBe(0);
    });

    it('lists every queue bound by anybody', async () => {
      await look.sadd('_kombu.binding.other', 'k\x06\x16\x06\x16theirs');
      expect(await (await channel()).listQueues()).toEqual(['theirs']);
    });
  });

  describe('giving back', () => {
    /** The next message of a list, recorded as a worker leaves it that took it and was killed. */
    async function leaveBehind(list: string): Promise<void> {
      const raw = (await look.rpop(list))!;
      const tag = JSON.parse(raw).properties.delivery_tag as string;
      await look.hset('unacked', tag, `[${raw}, "", "celery"]`);
      await look.zadd('unacked_index', Date.now() / 1000, tag);
    }

    it('gives back what nobody acknowledged within the visibility timeout, to the list of its priority, marked', async () => {
      const dead = await channel();
      await dead.declareQueue(queue('celery'));
      await dead.publish(plain('celery', 'held', { priority: 6 }));
      await leaveBehind('celery\x06\x166');

      const alive = await channel({ visibility_timeout: 0.3 });
      const got: Message[] = [];
      await alive.declareQueue(queue('celery'));
      await alive.consume('celery', (m) => got.push(m));

      await until(() => got.length === 1, 'it again');
      expect(got[0]!.redelivered).toBe(true);
      expect(got[0]!.headers.redelivered).toBe(true);
      expect(got[0]!.headers['x-delivery-count']).toBe(1);
      got[0]!.ack();
      await alive.flush();
      expect(await look.exists('unacked', 'unacked_index')).toBe(0);
    });

    it('a living process keeps what it holds beyond the visibility timeout, also after its connection was lost', async () => {
      const options = { visibility_timeout: 0.3 };
      const first = await connect(options);
      const holding = await first.channel();
      await holding.declareQueue(queue('celery'));
      await holding.publish(plain('celery', 'held'));
      const held = (await holding.get('celery'))!;
      const [tag] = await look.hkeys('unacked');
      const score = async () => Number(await look.zscore('unacked_index', tag!));
      for (const round of [1, 2]) {
        const before = await score();
        await until(async () => (await score()) > before, `it to be marked as held, round ${round}`);
      }

      const lost = new Promise((done) => first.onLost(done));
      await look.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await lost;
      const before = await score();
      const second = await channel(options);
      await until(async () => (await score()) > before + 0.5, 'it to be marked as held by the next connection');
      const got: Message[] = [];
      await second.consume('celery', (m) => got.push(m));
      held.ack();
      await until(async () => (await look.exists('unacked', 'unacked_index')) === 0, 'it to be settled');
      expect(got).toEqual([]);
    });

    itNeedsKombu('real kombu gives back what we held', async () => {
      const dead = await channel();
      await dead.declareQueue(queue('celery'));
      await dead.publish(plain('celery', 'held by us', { priority: 0 }));
      await dead.get('celery');
      const found = python(`
import sys, json, time
from kombu import Connection, Queue, Exchange
with Connection(sys.argv[1], transport_options={'visibility_timeout': 0.01}) as c:
    time.sleep(0.05)
    ch = c.default_channel
    ch.qos.restore_visible()
    m = Queue('celery', Exchange('celery'), 'celery')(ch).get()
    print(json.dumps([m.body if isinstance(m.body, str) else m.body.decode(), m.headers, m.delivery_info]))
    m.ack()
`) as [string, Record<string, unknown>, Record<string, unknown>];
      expect(found[0]).toBe('held by us');
      expect(found[1].redelivered).toBe(true);
      expect(await look.exists('unacked', 'unacked_index')).toBe(0);
    });

    itNeedsKombu('we give back what real kombu held, and read what it wrote', async () => {
      python(`
import sys, json, os
from kombu import Connection, Queue, Exchange
c = Connection(sys.argv[1])
q = Queue('celery', Exchange('celery'), 'celery')(c.default_channel)
q.declare()
p = c.Producer()
for n in (9, 0): p.publish({'n': n, 'ü': '\\u2713'}, exchange='celery', routing_key='celery', priority=n)
q.get()
print('0', flush=True)
os._exit(0)
`);
      const c = await channel({ visibility_timeout: 0.2 });
      const got: Message[] = [];
      await c.declareQueue(queue('celery'));
      await c.consume('celery', (m) => got.push(m));
      await until(() => got.length >= 2, 'both');
      expect(got.slice(0, 2).map((m) => [JSON.parse(texts([m])[0]!), m.redelivered])).toEqual([
        [{ n: 9, ü: '✓' }, false],
        [{ n: 0, ü: '✓' }, true],
      ]);
    });
  });
});
