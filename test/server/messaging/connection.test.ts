import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { ImproperlyConfigured, OperationalError } from '../../../server/errors.ts';
import { createLogger } from '../../../server/log.ts';
import { Connection, type ConnectionRetry, type FailoverStrategy } from '../../../server/messaging/connection.ts';
import { Consumer } from '../../../server/messaging/consumer.ts';
import { Producer, type PublishOptions } from '../../../server/messaging/producer.ts';
import { createTimer, type Timer } from '../../../server/timer.ts';
import type { Transport, TransportContext } from '../../../server/transport/contract.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import { memoryTransport } from '../../../server/transport/memory/transport.ts';
import type { Message } from '../../../server/transport/message.ts';
import { registerTransport } from '../../../server/transport/registry.ts';
import { ManualTimer } from '../../support/clock.ts';
import { until } from '../../support/until.ts';

/** The memory broker behind a door that can be shut: `down` names hosts that cannot be reached. */
const down = new Set<string>();
const attempts: string[] = [];
const connected: { host: string; breakOff(): void }[] = [];
/** Of every exchange and queue, as often as it was declared. */
const declared: string[] = [];
registerTransport('door', async () => (context: TransportContext): Transport => {
  const host = context.url.slice('door://'.length);
  const inner = memoryTransport({ ...context, url: `memory://${host}` });
  let lost: (error: Error) => void = () => {};
  return {
    flags: inner.flags,
    driver: 'door',
    async connect() {
      attempts.push(host);
      if (host.startsWith('silent')) await new Promise(() => {});
      if (down.has(host)) throw new OperationalError(context.url);
      await inner.connect();
      connected.push({
        host,
        breakOff() {
          void inner.close();
          lost(new OperationalError(context.url));
        },
      });
    },
    async channel() {
      const channel = await inner.channel();
      const { declareExchange, declareQueue } = channel;
      channel.declareExchange = (e, o) => {
        declared.push(`exchange ${e.name}`);
        return declareExchange.call(channel, e, o);
      };
      channel.declareQueue = (q, o) => {
        declared.push(`queue ${q.name}`);
        return declareQueue.call(channel, q, o);
      };
      return channel;
    },
    onLost(listener) {
      lost = listener;
    },
    close: () => inner.close(),
  };
});

const RETRY: ConnectionRetry = {
  enabled: true,
  maxRetries: 3,
  intervalStartMs: 5,
  intervalStepMs: 5,
  intervalMaxMs: 10,
};
const opened: Connection[] = [];
const lines: string[] = [];
function connection(
  urls: string[],
  retry: Partial<ConnectionRetry> = {},
  connectTimeoutMs = 1000,
  failover: FailoverStrategy | null = null,
  timer: Timer = createTimer(),
): Connection {
  const log = createLogger({ write: (line) => lines.push(line) });
  const made = new Connection({
    urls,
    transportOptions: {},
    connectTimeoutMs,
    failover,
    retry: { ...RETRY, ...retry },
    timer,
    log,
  });
  opened.push(made);
  return made;
}
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  down.clear();
  attempts.length = 0;
  connected.length = 0;
  lines.length = 0;
});
const hosts = () => [`a-${randomUUID()}`, `b-${randomUUID()}`] as const;

describe('a connection', () => {
  it('shares one attempt among all who ask', async () => {
    const [a] = hosts();
    const c = connection([`door://${a}`]);
    const all = await Promise.all([c.ensure(), c.ensure(), c.tryConnect(), c.ensure()]);
    expect(new Set(all).size).toBe(1);
    expect(attempts).toEqual([a]);
    expect(c.connected).toBe(true);
  });

  it('takes the next address when one is down', async () => {
    const [a, b] = hosts();
    down.add(a);
    const c = connection([`door://${a};door://${b}`]);
    await c.ensure();
    expect(attempts).toEqual([a, b]);
    expect(c.url).toBe(`door://${b}`);
  });

  it('tries addresses round and round, the first one first', async () => {
    const three = [...hosts(), `c-${randomUUID()}`];
    for (const one of three) down.add(one);
    const urls = three.map((one) => `door://${one}`);
    await expect(connection(urls, { maxRetries: 1 }).ensure()).rejects.toThrow(OperationalError);
    expect(attempts).toEqual([...three, ...three]);
  });

  it('tries any address after the first, when they are to be shuffled', async () => {
    const three = [...hosts(), `c-${randomUUID()}`];
    for (const one of three) down.add(one);
    const urls = three.map((one) => `door://${one}`);
    await expect(connection(urls, { maxRetries: 30 }, 1000, 'shuffle').ensure()).rejects.toThrow(OperationalError);
    expect(attempts[0]).toBe(three[0]);
    for (const one of three) expect(attempts.slice(1)).toContain(one);
    const inTurn = attempts.map((_, i) => three[i % 3]);
    expect(attempts).not.toEqual(inTurn);
  });

  it('tries addresses in the order that a function gives, and refuses one that ends', async () => {
    const [a, b] = hosts();
    for (const one of [a, b]) down.add(one);
    const urls = [`door://${a}`, `door://${b}`];
    const lastForEver = function* (all: readonly string[]) {
      yield all[0]!;
      for (;;) yield all[1]!;
    };
    await expect(connection(urls, { maxRetries: 1 }, 1000, lastForEver).ensure()).rejects.toThrow(OperationalError);
    expect(attempts).toEqual([a, b, b, b]);
    await expect(connection(urls, {}, 1000, (all) => all).ensure()).rejects.toThrow(
      /broker_failover_strategy has to give/,
    );
  });

  it('backs off and tries again, saying so, until it succeeds', async () => {
    const [a] = hosts();
    down.add(a);
    const c = connection([`door://${a}`], { maxRetries: null });
    const ensuring = c.ensure();
    await until(() => attempts.length >= 4, 'four attempts');
    expect(c.connected).toBe(false);
    down.clear();
    await ensuring;
    expect(lines.join('\n')).toMatch(/Trying again in 0\.01 seconds/);
  });

  it('gives up after the retries it may make, and at once without any', async () => {
    const [a] = hosts();
    down.add(a);
    await expect(connection([`door://${a}`], { maxRetries: 2 }).ensure()).rejects.toThrow(OperationalError);
    expect(attempts).toHaveLength(3);
    await expect(connection([`door://${a}`], { enabled: false }).ensure()).rejects.toThrow(OperationalError);
    expect(attempts).toHaveLength(4);
  });

  it('does not try again what cannot work', async () => {
    await expect(connection(['smoke://hill'], { maxRetries: null }).ensure()).rejects.toThrow(ImproperlyConfigured);
  });

  it('gives up on an address that never answers', async () => {
    const c = connection(['door://silent'], { enabled: false }, 50);
    await expect(c.ensure()).rejects.toThrow(/No answer from the broker at door:\/\/silent within 0\.05 s/);
  });

  it('tells of a loss once and connects again when asked', async () => {
    const [a] = hosts();
    const c = connection([`door://${a}`]);
    const received: Error[] = [];
    c.onLost((error) => received.push(error));
    const channel = await c.defaultChannel();
    expect(await c.defaultChannel()).toBe(channel);

    connected[0]!.breakOff();

    expect(received).toHaveLength(1);
    expect(c.connected).toBe(false);
    expect(() => c.transport).toThrow(OperationalError);
    expect(await c.defaultChannel()).not.toBe(channel);
    expect(attempts).toEqual([a, a]);
  });

  it('stops trying when it is closed', async () => {
    const [a] = hosts();
    down.add(a);
    const c = connection([`door://${a}`], { maxRetries: null, intervalStartMs: 60_000, intervalMaxMs: 60_000 });
    const ensuring = c.ensure();
    await until(() => attempts.length === 1, 'an attempt');
    await until(() => lines.length === 2, 'the back-off to begin');
    await c.close();
    await expect(ensuring).rejects.toThrow(OperationalError);
  });
});

describe('a connection that is waited for', () => {
  it('wakes who sleeps when it closes, however many have slept before', async () => {
    const [a] = hosts();
    const clock = new ManualTimer();
    const c = connection([`door://${a}`], {}, 1000, null, clock);
    for (let n = 0; n < 20_000; n++) {
      const slept = c.pause(1);
      clock.advance(1);
      await slept;
    }
    const sleeping = c.pause(60_000);
    await c.close();
    await sleeping;
  });
});

describe('a producer', () => {
  const options = (name: string, body: string, more: Partial<PublishOptions> = {}): PublishOptions => ({
    exchange: exchange(name),
    routingKey: name,
    declare: [queue(name)],
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
    properties: {},
    body: new TextEncoder().encode(body),
    ...more,
  });

  it('declares what a message needs, once, and sends it', async () => {
    const [a] = hosts();
    const c = connection([`door://${a}`]);
    const producer = new Producer(c);
    const before = declared.length;
    await Promise.all(['1', '2', '3'].map((body) => producer.publish(options('work', body))));
    await producer.publish(options('work', '4'));
    const channel = await c.channel();
    expect((await channel.queueStatus('work'))?.messages).toBe(4);
    expect(declared.slice(before)).toEqual(['exchange work', 'queue work']);
    for (const body of ['1', '2', '3', '4'])
      expect(new TextDecoder().decode((await channel.get('work', { noAck: true }))?.body)).toBe(body);
    producer.close();
  });

  it('sends again by its policy while the broker is away, connecting by itself', async () => {
    const [a] = hosts();
    const c = connection([`door://${a}`]);
    const producer = new Producer(c);
    await producer.publish(options('work', '1'));
    down.add(a);
    connected[0]!.breakOff();
    const policy = { max_retries: null, interval_start: 0.005, interval_step: 0, interval_max: 0.005 };
    const sending = producer.publish(options('work', '2', { retry: true, retryPolicy: policy }));
    await until(() => attempts.length >= 3, 'some attempts');
    down.clear();
    await sending;
    expect((await (await c.channel()).queueStatus('work'))?.messages).toBe(2);
  });

  it('gives up after max_retries, and at once without retry', async () => {
    const [a] = hosts();
    down.add(a);
    const producer = new Producer(connection([`door://${a}`], { maxRetries: null }));
    const policy = { max_retries: 2, interval_start: 0, interval_step: 0, interval_max: 0 };
    await expect(producer.publish(options('w', 'x', { retry: true, retryPolicy: policy }))).rejects.toThrow(
      OperationalError,
    );
    expect(attempts).toHaveLength(3);
    await expect(producer.publish(options('w', 'x'))).rejects.toThrow(OperationalError);
    expect(attempts).toHaveLength(4);
  });

  it('does not send again what the broker refuses, and declares anew when somebody sends again', async () => {
    const [a] = hosts();
    const c = connection([`door://${a}`]);
    const channel = await c.channel();
    await channel.declareQueue(queue('work', { durable: false }));
    const producer = new Producer(c);
    const send = () => producer.publish(options('work', 'x', { retry: true }));
    for (const sent of [send(), send()]) await expect(sent).rejects.toThrow(/PRECONDITION_FAILED/);
    await channel.deleteQueue('work');
    await send();
  });
});

describe('a consumer', () => {
  it('consumes its queues, and others added and cancelled while it runs', async () => {
    const [a] = hosts();
    const c = connection([`door://${a}`]);
    const channel = await c.channel();
    const got: Message[] = [];
    const consumer = new Consumer(channel, {
      queues: [queue('one')],
      onMessage: (m) => {
        got.push(m);
        m.ack();
      },
      prefetch: 4,
    });
    const send = (name: string) =>
      channel.publish({
        exchange: name,
        routingKey: name,
        body: new Uint8Array(0),
        contentType: 'x',
        contentEncoding: 'x',
        headers: {},
        properties: {},
      });
    await consumer.consume();
    await consumer.addQueue(queue('two'));
    await consumer.addQueue(queue('two'));
    expect((await channel.queueStatus('two'))?.consumers).toBe(1);
    await send('one');
    await send('two');
    await until(() => got.length === 2, 'both messages');
    expect(got.map((m) => m.deliveryInfo.consumer_tag).sort()).toEqual(['None1', 'None2']);

    expect(await consumer.cancelQueue('one')).toBe(true);
    expect(await consumer.cancelQueue('one')).toBe(false);
    await send('one');
    await send('two');
    await until(() => got.length === 3, 'the message of the other queue');
    expect(consumer.queues.map((q) => q.name)).toEqual(['two']);
    expect((await channel.queueStatus('one'))?.messages).toBe(1);
    await consumer.cancel();
    expect((await channel.queueStatus('two'))?.consumers).toBe(0);
  });
});
