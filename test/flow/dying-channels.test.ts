// A broker that closes channels and ends consumers while the connection lives, as RabbitMQ does after a refusal, a delivery held for too
// long or a deleted queue: clients and workers go on.
import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { ChannelError } from '../../server/errors.ts';
import { EventReceiver } from '../../server/events/receiver.ts';
import { createLogger } from '../../server/log.ts';
import { createTimer } from '../../server/timer.ts';
import { queue } from '../../server/transport/entity.ts';
import { type MemoryBroker, memoryBroker } from '../../server/transport/memory/broker.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';
import type { CeleryEvent } from '../../shared/events/event.ts';
import { until } from '../support/until.ts';

const TIMED_OUT = new ChannelError(
  406,
  'delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms.',
);

/** Queues of these names vanish once each, just after they were declared: the consumer they had was found dead. */
function vanish(broker: MemoryBroker, names: RegExp[]): void {
  const declare = broker.declareQueue.bind(broker);
  broker.declareQueue = (q, owner) => {
    const made = declare(q, owner);
    const at = names.findIndex((one) => one.test(q.name));
    if (at === -1) return made;
    names.splice(at, 1);
    broker.deleteQueue(made);
    return made;
  };
}

async function world(
  options: WorkerOptions = {},
  broker_transport_options: Record<string, unknown> = {},
  vanishing: RegExp[] = [],
) {
  const name = randomUUID();
  vanish(memoryBroker(name), vanishing);
  const lines: string[] = [];
  const log = createLogger({ color: false, write: (line) => lines.push(line) });
  const settings = { broker: `memory://${name}`, backend: `cache+memory://${name}`, broker_transport_options };
  const app = new Celery('shop', settings, { env: {}, log });
  const runs: number[] = [];
  const add = app.task('add', (n: number) => {
    runs.push(n);
    return n + 1;
  });
  const sum = async (n: number) => (await add.delay(n)).get({ timeout: 90 });
  const gates: (() => void)[] = [];
  const held = app.task('held', async (n: number) => {
    runs.push(n);
    await new Promise<void>((resolve) => gates.push(resolve));
    return n;
  });
  const worker = new Worker(app, { log, hostname: 'w1@shop', taskEvents: true, ...options });
  onTestFinished(async () => {
    await worker.stop('cold');
    await app.close();
  });
  await worker.start();
  const broker = memoryBroker(name);
  const consumes = (queueName = 'celery') =>
    until(() => (broker.queues.get(queueName)?.consumers.length ?? 0) > 0, 'a consumer');
  return { app, worker, broker, lines, runs, add, sum, held, gates, consumes };
}

describe('channels that the broker closes', () => {
  it('a client sends on, a worker works on, answers, and is heard', async () => {
    const { app, broker, sum, lines, consumes, worker } = await world();
    const events: CeleryEvent[] = [];
    const receiver = new EventReceiver({
      connection: app.writeConnection,
      timer: createTimer({ unref: true }),
      log: app.log,
    });
    let gaps = 0;
    receiver.onGap(() => gaps++);
    receiver.onEvents((heard) => events.push(...heard));
    await receiver.start();
    onTestFinished(() => receiver.stop());
    expect(await sum(1)).toBe(2);
    expect(await app.control.ping({ timeout: 90, limit: 1 })).toHaveLength(1);

    for (let round = 1; round <= 3; round++) {
      const before = worker.consumer.restarts;
      broker.closeChannels(TIMED_OUT);
      await until(
        () => worker.consumer.mode === 'running' && worker.consumer.restarts > before,
        'the tasks to be consumed',
      );
      await consumes('w1@shop.celery.pidbox');
      await until(() => receiver.connected && gaps >= round, 'the events to be heard again');
      expect(await sum(round)).toBe(round + 1);
      expect(await app.control.ping({ timeout: 90, limit: 1 })).toHaveLength(1);
    }

    await until(() => events.filter(({ type }) => type === 'task-succeeded').length >= 4, 'the events of all tasks');
    expect(lines.join('')).toMatch(
      /closed the channel of the tasks\. Consuming again\.\.\. \(PRECONDITION_FAILED - delivery/,
    );
    expect(lines.join('')).toMatch(/pidbox: The broker closed the channel\. Listening again/);
    expect(lines.join('')).not.toMatch(/Connection to broker lost/);
  });

  it('what a worker had not begun is delivered again and runs once; what it runs goes on', async () => {
    const { broker, worker, held, add, gates, runs } = await world({ concurrency: 1 });
    const running = await held.delay(0);
    await until(() => gates.length === 1, 'it to run');
    const waiting = await Promise.all([1, 2].map((n) => add.delay(n)));
    await until(() => worker.state.requests.size === 3, 'them to be taken');
    const before = worker.consumer.restarts;
    broker.closeChannels(TIMED_OUT);
    await until(
      () => worker.consumer.mode === 'running' && worker.consumer.restarts > before,
      'the consumer to be back',
    );
    gates[0]!();
    expect(await running.get({ timeout: 90 })).toBe(0);
    expect(await Promise.all(waiting.map((result) => result.get({ timeout: 90 })))).toEqual([2, 3]);
    expect(runs.toSorted()).toEqual([0, 1, 2]);
  });

  it('a queue deleted while it is consumed is declared and consumed again', async () => {
    const { broker, app, sum, lines, consumes } = await world();
    const channel = await app.writeConnection.channel();
    await channel.deleteQueue('celery');
    await consumes();
    expect(await sum(1)).toBe(2);
    expect(lines.join('')).toMatch(
      /The broker cancelled the consumer of celery\. Consuming it again\.\.\. \(NOT_FOUND - /,
    );
    expect(broker.queues.get('celery')?.consumers).toHaveLength(1);
  });

  it('queues of remote control, of replies and of gossip may go with the consumer they had, just before they are consumed', async () => {
    const vanishing = [/^w1@shop\.celery\.pidbox$/, /\.reply\.celery\.pidbox$/, /^celeryev\./];
    const { app, broker, sum, lines } = await world({}, { close_channel_on_error: true }, vanishing);
    expect(await app.control.ping({ timeout: 90, limit: 1 })).toHaveLength(1);
    expect(vanishing).toEqual([]);
    expect(await sum(1)).toBe(2);

    // And so at a new connection.
    vanishing.push(/^w1@shop\.celery\.pidbox$/, /^celeryev\./);
    broker.closeChannels(TIMED_OUT);
    await until(() => vanishing.length === 0, 'the worker to listen again');
    expect(await app.control.ping({ timeout: 90, limit: 1 })).toHaveLength(1);
    expect(await sum(2)).toBe(3);
    expect(broker.queues.get('w1@shop.celery.pidbox')?.consumers).toHaveLength(1);
    expect(lines.join('')).not.toMatch(/NOT_FOUND|ERROR/);
  });

  it('a refusal costs its channel alone: the next message of the same client goes out', async () => {
    const { app, sum } = await world({}, { close_channel_on_error: true });
    const channel = await app.writeConnection.channel();
    await channel.declareQueue(queue('fixed', { maxPriority: 3 }));
    const otherwise = queue('fixed');
    await expect(app.sendTask('add', [1], {}, { queue: otherwise })).rejects.toMatchObject({ code: 406 });
    await expect(channel.bindQueue('fixed', 'nowhere', 'k')).rejects.toMatchObject({ code: 404 });
    await expect(channel.qos(1)).rejects.toThrow(/channel is closed/);
    expect(await sum(4)).toBe(5);
  });
});
