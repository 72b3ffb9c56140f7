// RabbitMQ that takes no messages for now, ends deliveries that are held for too long or connections that show no life, and ends and
// comes back: what was accepted is done, what is in doubt is said. One server for all of it; workers and clients in this process.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import { OperationalError } from '../../server/errors.ts';
import { createLogger } from '../../server/log.ts';
import { queue } from '../../server/transport/entity.ts';
import { createTransport } from '../../server/transport/registry.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';
import { message } from '../contract/transport/broker.ts';
import { describeNeedsRabbit, type RabbitServer, rabbitServer } from '../support/rabbitmq-server.ts';
import { until } from '../support/until.ts';

const TASKS = 1000;
const ALARM = '{resource_limit, memory, node()}';

describeNeedsRabbit('RabbitMQ', () => {
  let rabbit: RabbitServer;
  beforeAll(async () => {
    rabbit = await rabbitServer();
  });
  afterAll(async () => {
    await rabbit?.close();
  });
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  /** An app whose `count` writes down what it was given, and a client of it that sends for as long as it takes. */
  async function world(settings: SettingsInput = {}, options: WorkerOptions = {}) {
    const url = await rabbit.freshUrl();
    const lines: string[] = [];
    const log = createLogger({ color: false, write: (text) => lines.push(text) });
    const steady = { task_publish_retry_policy: { max_retries: null, interval_max: 0.2 } };
    const backend = `cache+memory://fault-${Math.random()}`;
    const app = new Celery('fault', { broker: url, backend, ...steady, ...settings }, { env: {}, log });
    const runs: number[] = [];
    app.task({ name: 'count' }, async (n: number) => {
      runs.push(n);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return n;
    });
    const worker = new Worker(app, { log, hostname: 'w@fault', concurrency: 20, ...options });
    closing.push(async () => {
      await worker.stop('cold');
      await app.close();
    });
    await worker.start();
    const send = async (first: number, count: number) => {
      for (let at = first; at < first + count; at += 50)
        await Promise.all(
          Array.from({ length: 50 }, (_, i) => app.sendTask('count', [at + i], {}, { ignore_result: true })),
        );
    };
    const done = () => new Set(runs).size;
    return { app, worker, lines, runs, send, done };
  }

  it('that takes no messages for now is named, and what is published waits for it', async () => {
    const lines: string[] = [];
    const log = createLogger({ color: false, write: (text) => lines.push(text) });
    const open = async (options = {}, at = rabbit.freshUrl()) => {
      const transport = await createTransport({ url: await at, options, connectTimeoutMs: 60_000, log });
      closing.push(() => transport.close());
      await transport.connect();
      return transport;
    };
    const url = rabbit.freshUrl();
    const [sure, plain, beside] = [await open({}, url), await open({ confirm_publish: false }), await open({}, url)];
    const q = queue('later', { exchange: null });
    const [one, two, four] = [await sure.channel(), await plain.channel(), await beside.channel()];
    for (const c of [one, two]) await c.declareQueue(q);
    await rabbit.ask(`rabbit_alarm:set_alarm({${ALARM}, []})`);
    // A connection is blocked when it publishes.
    const sent = [one.publish(message({ key: 'later' }, '1')), two.publish(message({ key: 'later' }, '2'))];
    await until(
      () => lines.filter((text) => /takes no messages for now \(low on memory\)/.test(text)).length === 2,
      'both to be told',
    );
    // Another connection of this process to the same place is told the same by the broker: that is said already.
    sent.push(two.publish(message({ key: 'later' }, '3')), four.publish(message({ key: 'later' }, '5')));
    let settled = 0;
    for (const each of [sent[0]!, sent[2]!, sent[3]!]) each.then(() => settled++);
    const third = await open();
    const lost = (await third.channel()).publish(message({ key: 'later' }, '4'));
    lost.catch(() => {});
    await until(() => lines.filter((text) => /takes no messages/.test(text)).length === 3, 'the third to be told');
    // To leave does not wait for the end of the alarm.
    await third.close();
    await expect(lost).rejects.toMatchObject({
      name: 'OperationalError',
      message: expect.stringMatching(/it may have or not/),
    });
    expect(settled).toBe(0);
    await rabbit.ask(`rabbit_alarm:clear_alarm(${ALARM})`);
    await Promise.all(sent);
    await until(async () => (await two.queueStatus('later'))?.messages === 2, 'the other two');
    const again = () => lines.filter((text) => /takes messages again/.test(text)).length;
    await until(() => again() === 2, 'both to be told again');
    expect(lines.filter((text) => /takes no messages/.test(text))).toHaveLength(3);
  });

  it('that takes no messages holds up nobody who ends: a worker, once its tasks have ended, and a client', async () => {
    const { app, worker, lines } = await world({ task_acks_late: true });
    let begun = false;
    let end = () => {};
    app.task({ name: 'held' }, async () => {
      begun = true;
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    await app.sendTask('held', [], {}, { ignore_result: true });
    await until(() => begun, 'the task to run');
    await rabbit.ask(`rabbit_alarm:set_alarm({${ALARM}, []})`);
    try {
      // What it says of itself is refused, on the connection it consumes on.
      await until(() => lines.some((text) => /takes no messages for now/.test(text)), 'the worker to be told');
      const stopping = worker.stop('warm');
      end();
      await stopping;
      const lost = app.sendTask('count', [1], {}, { ignore_result: true });
      lost.catch(() => {});
      await app.close();
      await expect(lost).rejects.toThrow(OperationalError);
    } finally {
      await rabbit.ask(`rabbit_alarm:clear_alarm(${ALARM})`);
    }
  });

  it('that takes no message of such a size refuses it and no other, and whoever sends goes on', async () => {
    await rabbit.ask('application:set_env(rabbit, max_message_size, 1000)');
    const { app, send, done } = await world();
    const large = app.sendTask('count', ['x'.repeat(2000)]);
    await expect(large).rejects.toThrow(/PRECONDITION_FAILED - message size \d+ is larger than/);
    await rabbit.ask('application:set_env(rabbit, max_message_size, 134217728)');
    await send(0, 50);
    await until(() => done() === 50, 'the others');
  });

  it('ends the connection of a worker whose event loop stands still for longer than the heartbeat: it comes back', async () => {
    const { send, done, lines, app } = await world({ task_acks_late: true, broker_heartbeat: 1 });
    let stands = 0;
    app.task({ name: 'stand' }, () => {
      // For longer than the broker waits. Its acknowledgement is lost with the connection: it is delivered again.
      if (stands++ === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6000);
      return 'stood';
    });
    const stood = await app.sendTask('stand');
    await send(0, 100);
    expect(await stood.get({ timeout: 90 })).toBe('stood');
    await until(() => done() === 100, 'the others');
    await until(() => lines.some((text) => /Connection to broker lost/.test(text)), 'to be told');
  });

  it('that closes the channel of a task held for too long: the worker tells of it, goes on, and runs it to its end', async () => {
    await rabbit.ask(
      'application:set_env(rabbit, consumer_timeout, 1000), application:set_env(rabbit, channel_tick_interval, 300)',
    );
    const { send, done, lines, app, runs } = await world({ task_acks_late: true }, { concurrency: 2 });
    let begun = 0;
    let end = () => {};
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    app.task({ name: 'held' }, async () => {
      begun++;
      await held;
      return begun;
    });
    const result = await app.sendTask('held');
    await until(
      () => lines.some((text) => /closed the channel of the tasks.*acknowledgement.*consumer_timeout/.test(text)),
      'to be told',
    );
    await rabbit.ask(
      'application:set_env(rabbit, consumer_timeout, 1800000), application:set_env(rabbit, channel_tick_interval, 60000)',
    );
    await until(() => begun >= 2, 'it to run again');
    end();
    expect(await result.get({ timeout: 90 })).toBeGreaterThanOrEqual(1);
    await until(
      () => lines.some((text) => /was delivered again while it runs here/.test(text)),
      'the second run to be told',
    );
    await send(0, 50);
    await until(() => done() === 50, 'others');
    expect(runs.length).toBe(50);
  });

  it('ended and started again under load, in peace, loses nothing that it took', async () => {
    const { send, done, app, lines } = await world({ task_acks_late: true });
    const sending = send(0, TASKS);
    await until(() => done() >= 0.2 * TASKS, 'some tasks');
    await rabbit.stop();
    // Meanwhile what is sent waits, or is refused as unreachable.
    await expect(app.sendTask('count', [-1], {}, { retry: false })).rejects.toBeInstanceOf(OperationalError);
    await rabbit.start();
    await sending;
    await until(() => done() >= TASKS, 'every task');
    expect(lines.join('')).toMatch(/Cannot connect to amqp:\/\/guest:\*\*@/);
    expect(lines.join('')).not.toMatch(/CRITICAL/);
  });
});
