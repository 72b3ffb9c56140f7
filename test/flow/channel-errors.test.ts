// A broker that refuses a declaration: a worker that starts ends and says why, or with broker_channel_error_retry tries again until it
// may; one that has worked tries again in any case.
import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { createLogger } from '../../server/log.ts';
import { createTimer } from '../../server/timer.ts';
import { queue } from '../../server/transport/entity.ts';
import { memoryBroker } from '../../server/transport/memory/broker.ts';
import { Worker } from '../../server/worker/worker.ts';
import { PushedClock } from '../support/clock.ts';
import { until } from '../support/until.ts';

/** A worker of a queue that somebody else has declared in another way. */
async function refused(broker_channel_error_retry: boolean) {
  const lines: string[] = [];
  const log = createLogger({ color: false, write: (line) => lines.push(line) });
  const clock = new PushedClock();
  const settings = { broker: `memory://${randomUUID()}`, broker_channel_error_retry };
  const app = new Celery('shop', settings, { env: {}, log, timer: createTimer({ clock }) });
  const channel = await (await app.writeConnection.ensure()).channel();
  await channel.declareQueue(queue('celery', { maxPriority: 3 }));
  const worker = new Worker(app, { log, withoutGossip: true, withoutMingle: true });
  onTestFinished(async () => {
    await worker.stop('cold');
    await app.close();
  });
  const starting = worker.start();
  starting.catch(() => {});
  return { starting, channel, lines, clock };
}

it('a worker whose queue is declared otherwise does not start', async () => {
  const { starting } = await refused(false);
  await expect(starting).rejects.toThrow(/PRECONDITION_FAILED/);
});

it('with broker_channel_error_retry it tries again until the queue is its own to declare', async () => {
  const { starting, channel, lines, clock } = await refused(true);
  const pauses = (count: number) =>
    until(() => lines.filter((line) => /Trying again in \d/.test(line)).length >= count, `pause ${count}`);
  await pauses(1);
  clock.push(60_000);
  await pauses(2);
  expect(lines.filter((line) => /PRECONDITION_FAILED/.test(line)).length).toBeGreaterThanOrEqual(2);
  await channel.deleteQueue('celery');
  clock.push(60_000);
  await starting;
});

it('a worker whose queue is declared otherwise while it works says so, and works again when the queue is its own to declare', async () => {
  const lines: string[] = [];
  const log = createLogger({ color: false, write: (line) => lines.push(line) });
  const clock = new PushedClock();
  const name = randomUUID();
  const settings = { broker: `memory://${name}`, backend: `cache+memory://${name}` };
  const app = new Celery('shop', settings, { env: {}, log, timer: createTimer({ clock }) });
  const add = app.task('add', (n: number) => n + 1);
  const worker = new Worker(app, { log, withoutGossip: true, withoutMingle: true });
  onTestFinished(async () => {
    await worker.stop('cold');
    await app.close();
  });
  await worker.start();
  const broker = memoryBroker(name);
  // Deleted, and made again by somebody who was quicker.
  const declare = broker.declareQueue.bind(broker);
  broker.declareQueue = (q, owner) => {
    broker.declareQueue = declare;
    declare(queue('celery', { maxPriority: 3 }), {});
    return declare(q, owner);
  };
  broker.deleteQueue(broker.queues.get('celery')!);
  await until(() => lines.some((line) => /Trying again in \d/.test(line)), 'it to be refused');
  expect(lines.filter((line) => /CRITICAL/.test(line))).toEqual([]);
  expect(lines.some((line) => /consumer: PRECONDITION_FAILED/.test(line))).toBe(true);
  broker.deleteQueue(broker.queues.get('celery')!);
  clock.push(60_000);
  await until(() => (broker.queues.get('celery')?.consumers.length ?? 0) > 0, 'it to consume');
  expect(await (await add.delay(1)).get({ timeout: 90 })).toBe(2);
});
