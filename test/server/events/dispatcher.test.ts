// What goes over the wire when something happens: shape, order, arrays, and what is kept while the broker is away.
import { describe, expect, it } from 'vitest';
import { EventDispatcher, type EventDispatcherOptions } from '../../../server/events/dispatcher.ts';
import { type Logger, silentLogger } from '../../../server/log.ts';
import { LamportClock } from '../../../server/messaging/lamport-clock.ts';
import type { Channel } from '../../../server/transport/contract.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import type { Message, OutgoingMessage } from '../../../server/transport/message.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import { ManualTimer } from '../../support/clock.ts';
import { until } from '../../support/until.ts';

type Event = Record<string, unknown>;

async function open(options: Partial<EventDispatcherOptions> = {}): Promise<{
  dispatcher: EventDispatcher;
  received: {
    routingKey: string;
    payload: Event | Event[];
    message: Pick<OutgoingMessage, 'headers' | 'properties'>;
  }[];
  timer: ManualTimer;
}> {
  const url = `memory://events-${Math.random()}`;
  const transport = await createTransport({ url, options: {}, connectTimeoutMs: 1000 });
  await transport.connect();
  const listening = await transport.channel();
  await listening.declareQueue(
    queue('ear', { exchange: exchange('celeryev', 'topic'), routingKey: '#', durable: false }),
  );
  const received: Awaited<ReturnType<typeof open>>['received'] = [];
  await listening.consume(
    'ear',
    (m) =>
      received.push({
        routingKey: m.deliveryInfo.routing_key,
        payload: JSON.parse(Buffer.from(m.body).toString()),
        message: { headers: m.headers, properties: m.properties },
      }),
    { noAck: true },
  );
  const timer = new ManualTimer(1_795_364_725_791);
  const dispatcher = new EventDispatcher({
    channel: () => transport.channel(),
    hostname: 'w1@vec',
    clock: new LamportClock(),
    timer,
    ...options,
  });
  return { dispatcher, received, timer };
}

describe('the event dispatcher', () => {
  it('sends a worker event at once, as one object, with Celery’s fields in Celery’s order', async () => {
    const { dispatcher, received } = await open();
    dispatcher.send('worker-online', { freq: 2, active: 0 });
    await until(() => received.length === 1, 'the event');
    const { routingKey, payload, message } = received[0]!;
    expect(routingKey).toBe('worker.online');
    expect(Object.keys(payload)).toEqual([
      'hostname',
      'utcoffset',
      'pid',
      'clock',
      'freq',
      'active',
      'timestamp',
      'type',
    ]);
    expect(payload).toMatchObject({ hostname: 'w1@vec', pid: process.pid, clock: 1, timestamp: 1_795_364_725.791 });
    expect(message).toMatchObject({ headers: { hostname: 'w1@vec' }, properties: { delivery_mode: 1 } });
  });

  it('gathers the task events of one turn into one array, in order', async () => {
    const { dispatcher, received } = await open();
    dispatcher.send('task-received', { uuid: 'a' });
    dispatcher.send('task-started', { uuid: 'a' });
    await until(() => received.length > 0, 'the events');
    expect(received.map((r) => r.routingKey)).toEqual(['task.multi']);
    expect((received[0]!.payload as Event[]).map((e) => [e.type, e.uuid, e.clock])).toEqual([
      ['task-received', 'a', 1],
      ['task-started', 'a', 2],
    ]);
  });

  it('sends a lone task event as an array too, and task-sent as an object', async () => {
    const { dispatcher, received } = await open();
    dispatcher.send('task-sent', { uuid: 'a' });
    dispatcher.send('task-succeeded', { uuid: 'a' });
    await until(() => received.length === 2, 'both events');
    expect(received.map((r) => [r.routingKey, Array.isArray(r.payload)])).toEqual([
      ['task.sent', false],
      ['task.multi', true],
    ]);
  });

  it('starts another array when one is full', async () => {
    const { dispatcher, received } = await open({ bufferLimit: 24 });
    for (let i = 0; i < 50; i++) dispatcher.send('task-started', { uuid: String(i) });
    await until(() => received.length === 3, 'three messages');
    expect(received.map((r) => (r.payload as Event[]).length)).toEqual([24, 24, 2]);
  });

  it('sends only the groups asked for; an empty filter is everything', async () => {
    const { dispatcher, received } = await open({ groups: ['worker'] });
    expect([dispatcher.wants('task'), dispatcher.wants('worker')]).toEqual([false, true]);
    dispatcher.send('task-received', { uuid: 'a' });
    dispatcher.send('worker-heartbeat');
    await dispatcher.flush();
    await until(() => received.length === 1, 'the heartbeat');
    dispatcher.groups.clear();
    expect(dispatcher.wants('task')).toBe(true);
    dispatcher.disable();
    expect(dispatcher.wants('task')).toBe(false);
  });

  it('keeps what happens while the broker is away and sends it in order when it is back', async () => {
    const { dispatcher: other, received } = await open();
    await other.close();
    const url = `memory://away-${Math.random()}`;
    const transport = await createTransport({ url, options: {}, connectTimeoutMs: 1000 });
    await transport.connect();
    const listener = await transport.channel();
    await listener.declareQueue(
      queue('ear', { exchange: exchange('celeryev', 'topic'), routingKey: '#', durable: false }),
    );
    await listener.consume(
      'ear',
      (m) =>
        received.push({
          routingKey: m.deliveryInfo.routing_key,
          payload: JSON.parse(Buffer.from(m.body).toString()),
          message: m,
        }),
      { noAck: true },
    );
    let away = true;
    const channel = async (): Promise<Channel> => {
      if (away) throw new Error('away');
      return transport.channel();
    };
    const dispatcher = new EventDispatcher({
      channel,
      hostname: 'w',
      clock: new LamportClock(),
      timer: new ManualTimer(),
      offlineLimit: 3,
    });
    for (const n of [1, 2, 3, 4]) {
      dispatcher.send('worker-heartbeat', { n });
      await dispatcher.flush();
    }
    away = false;
    dispatcher.send('worker-heartbeat', { n: 5 });
    await dispatcher.flush();
    await until(() => received.length >= 4, 'what was kept');
    // The oldest beyond the limit is gone.
    expect(received.map((r) => (r.payload as Event).n)).toEqual([2, 3, 4, 5]);
  });

  it('a broker that refuses them is said once, and tried again after a while, with what was kept', async () => {
    const transport = await createTransport({
      url: `memory://refused-${Math.random()}`,
      options: {},
      connectTimeoutMs: 1000,
    });
    await transport.connect();
    const broker = await transport.channel();
    // Declared otherwise by somebody else.
    await broker.declareExchange(exchange('celeryev', 'fanout'));
    const said: string[] = [];
    const log: Logger = { ...silentLogger, error: (text) => said.push(text) };
    const timer = new ManualTimer();
    let tries = 0;
    const channel = async () => {
      tries++;
      return transport.channel();
    };
    const dispatcher = new EventDispatcher({ channel, hostname: 'w', clock: new LamportClock(), timer, log });
    for (const n of [1, 2, 3]) {
      dispatcher.send('worker-heartbeat', { n });
      await dispatcher.flush();
    }
    expect(tries).toBe(1);
    timer.advance(11_000);
    dispatcher.send('worker-heartbeat', { n: 4 });
    await dispatcher.flush();
    expect(tries).toBe(2);
    expect(said).toEqual([expect.stringMatching(/^Events cannot be sent: PRECONDITION_FAILED/)]);
    await broker.deleteExchange('celeryev');
    const received: unknown[] = [];
    const all = { exchange: exchange('celeryev', 'topic'), routingKey: '#', durable: false };
    await broker.declareQueue(queue('ear', all));
    const hear = (m: Message) => received.push((JSON.parse(Buffer.from(m.body).toString()) as Event).n);
    await broker.consume('ear', hear, { noAck: true });
    timer.advance(11_000);
    await dispatcher.flush();
    await until(() => received.length === 4, 'what was kept');
    expect(received).toEqual([1, 2, 3, 4]);
    await transport.close();
  });

  it('sends what comes in the very moment it has finished sending', async () => {
    const { dispatcher, received } = await open();
    for (let n = 1; n <= 50; n++) {
      dispatcher.send('worker-heartbeat', { n });
      // A different number of microtasks each time: one of them meets the end of the sending before.
      for (let turn = 0; turn < n; turn++) await Promise.resolve();
    }
    await until(() => received.length === 50, 'every event');
  });

  it('says how many whole hours west of UTC it is, floored as Python does', async () => {
    const { dispatcher, received } = await open();
    dispatcher.send('worker-online');
    await until(() => received.length === 1, 'the event');
    expect((received[0]!.payload as Event).utcoffset).toBe(
      Math.floor(new Date(1_795_364_725_791).getTimezoneOffset() / 60) || 0,
    );
  });
});
