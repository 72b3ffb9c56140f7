// Events come in from any cluster, one by one or in arrays.
import { afterEach, describe, expect, it } from 'vitest';
import { EventReceiver } from '../../../server/events/receiver.ts';
import { silentLogger } from '../../../server/log.ts';
import { Connection } from '../../../server/messaging/connection.ts';
import { LamportClock } from '../../../server/messaging/lamport-clock.ts';
import { createTimer } from '../../../server/timer.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { until } from '../../support/until.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function world(name: string) {
  const timer = createTimer();
  const connection = new Connection({
    urls: [`memory://${name}`],
    transportOptions: {},
    connectTimeoutMs: 1000,
    retry: { enabled: true, maxRetries: null, intervalStartMs: 10, intervalStepMs: 10, intervalMaxMs: 50 },
    timer,
    log: silentLogger,
  });
  const clock = new LamportClock(100);
  const receiver = new EventReceiver({ connection, timer, log: silentLogger, clock });
  const events: CeleryEvent[] = [];
  receiver.onEvents((some) => events.push(...some));
  await receiver.start();
  const channel = await connection.channel();
  await channel.declareExchange(exchange('celeryev', 'topic'));
  const publish = (body: unknown, routingKey = 'task.multi', contentType = 'application/json') =>
    channel.publish({
      exchange: 'celeryev',
      routingKey,
      body: typeof body === 'string' ? Buffer.from(body) : Buffer.from(JSON.stringify(body)),
      contentType,
      contentEncoding: 'utf-8',
      headers: {},
      properties: {},
    });
  closing.push(async () => {
    await receiver.stop();
    await connection.close();
    timer.clear();
  });
  return { receiver, events, publish, clock, connection, timer };
}

describe('the event receiver', () => {
  it('has a queue that outlives it, or that nobody else may use, when it is told so', async () => {
    const door = await world('receiver-door');
    const { connection, timer } = door;
    const channel = await connection.channel();
    const nameOf = async (queuePrefix: string) =>
      (await channel.listQueues())!.find((name) => name.startsWith(`${queuePrefix}.`))!;
    for (const [queuePrefix, how] of [
      ['lasting', { queueDurable: true, queueTtlMs: 7000, queueExpiresMs: 8000 }],
      ['own', { queueExclusive: true }],
    ] as const) {
      const receiver = new EventReceiver({ connection, timer, log: silentLogger, queuePrefix, ...how });
      await receiver.start();
      closing.push(() => receiver.stop());
    }
    const other = await (await world('receiver-door')).connection.channel();
    const source = { exchange: exchange('celeryev', 'topic'), routingKey: '#', autoDelete: false };
    const lasting = queue(await nameOf('lasting'), { ...source, durable: true, messageTtlMs: 7000, expiresMs: 8000 });
    await other.declareQueue(lasting); // equal, or it would be refused
    await expect(other.declareQueue(queue(await nameOf('own'), { ...source, exclusive: true }))).rejects.toThrow(
      /RESOURCE_LOCKED/,
    );
  });

  it('hands on objects and arrays in order, with the time they came', async () => {
    const { events, publish } = await world('receiver-1');
    await publish({ type: 'worker-online', hostname: 'w@h', timestamp: 5, clock: 1 }, 'worker.online');
    await publish([
      { type: 'task-received', uuid: 'a', hostname: 'w@h', timestamp: 6, clock: 2 },
      { type: 'task-started', uuid: 'a', hostname: 'w@h', timestamp: 7, clock: 3 },
    ]);
    await until(() => events.length === 3, 'three events');
    expect(events.map((e) => e.type)).toEqual(['worker-online', 'task-received', 'task-started']);
    expect(events.every((e) => typeof e.local_received === 'number' && e.local_received > 1e9)).toBe(true);
  });

  it('keeps the time the sender wrote, whatever its zone', async () => {
    const { events, publish } = await world('receiver-2');
    await publish(
      { type: 'worker-online', hostname: 'w@h', timestamp: 1_700_000_000.5, utcoffset: -6, clock: 1 },
      'worker.online',
    );
    await until(() => events.length === 1, 'the event');
    expect(events[0]!.timestamp).toBe(1_700_000_000.5);
  });

  it('moves its clock past what it hears, and puts a client in its place', async () => {
    const { events, publish, clock } = await world('receiver-3');
    await publish({ type: 'worker-online', hostname: 'w@h', timestamp: 1, clock: 500 }, 'worker.online');
    await publish({ type: 'task-sent', uuid: 'a', hostname: 'c@h', timestamp: 1, clock: 3 }, 'task.sent');
    await until(() => events.length === 2, 'both events');
    expect(events[1]!.clock).toBe(500);
    expect(clock.value).toBe(502);
  });

  it('counts what is no event and goes on', async () => {
    const { events, publish, receiver } = await world('receiver-4');
    await publish('{nonsense');
    await publish('pickled', 'task.multi', 'application/x-python-serialize');
    await publish([
      { type: 'task-started' },
      5,
      null,
      { type: 'task-started', uuid: 'b', hostname: 'w@h', timestamp: 1, clock: 1 },
    ]);
    await until(() => events.length === 1, 'the good event');
    expect(receiver.malformed).toBe(5);
  });
});
