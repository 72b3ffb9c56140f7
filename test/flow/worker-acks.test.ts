// When a message is acknowledged, rejected, given back: early and late, failures, Reject, Ignore, Retry.
import { expect, it } from 'vitest';
import { Ignore, Reject } from '../../server/errors.ts';
import type { QueueStatus } from '../../server/transport/contract.ts';
import { until } from '../support/until.ts';
import { gate, makeWorld, type World } from './worker-world.ts';

const status = async (w: World): Promise<QueueStatus> => (await w.channel.queueStatus('celery'))!;
const settled = (w: World) =>
  until(async () => {
    const s = await status(w);
    return s.messages === 0 && s.unacked === 0;
  }, 'every message to be settled');

it('acknowledges early, when the task starts', async () => {
  const door = gate();
  const w = await makeWorld((app) => app.task({ name: 'vec.wait' }, () => door.opened));
  const result = await w.app.sendTask('vec.wait');
  await w.event('task-started', result.id);
  await settled(w);
  expect(w.typesOf(result.id)).toEqual(['received', 'started']);
  door.open();
  await w.event('task-succeeded', result.id);
});

it('acknowledges late, after the result is stored and before the event', async () => {
  const door = gate();
  const w = await makeWorld((app) => app.task({ name: 'vec.wait', acks_late: true }, () => door.opened));
  const result = await w.app.sendTask('vec.wait');
  await w.event('task-started', result.id);
  expect((await status(w)).unacked).toBe(1);
  door.open();
  await w.event('task-succeeded', result.id);
  expect((await status(w)).unacked).toBe(0);
  expect(await result.state()).toBe('SUCCESS');
});

it('acknowledges a late task that failed', async () => {
  const w = await makeWorld((app) =>
    app.task({ name: 'vec.fail', acks_late: true }, () => {
      throw new Error('boom');
    }),
  );
  const result = await w.app.sendTask('vec.fail');
  await w.event('task-failed', result.id);
  expect(w.typesOf(result.id)).toEqual(['received', 'started', 'failed']);
  await settled(w);
});

it('rejects a late task that failed when acks_on_failure_or_timeout is off', async () => {
  const w = await makeWorld((app) =>
    app.task({ name: 'vec.fail', acks_late: true, acks_on_failure_or_timeout: false }, () => {
      throw new Error('boom');
    }),
  );
  const result = await w.app.sendTask('vec.fail');
  await w.event('task-failed', result.id);
  expect(w.typesOf(result.id)).toEqual(['received', 'started', 'rejected', 'failed']);
  await settled(w);
});

it('runs a late task again that hit its hard limit when acks_on_failure_or_timeout is off', async () => {
  let runs = 0;
  const w = await makeWorld((app) =>
    app.task({ name: 'vec.slow', acks_late: true, acks_on_failure_or_timeout: false, time_limit: 60 }, () =>
      ++runs === 1 ? new Promise(() => {}) : 'second',
    ),
  );
  const result = await w.app.sendTask('vec.slow');
  await w.event('task-started', result.id);
  w.clock.push(60_000);
  expect(await result.get({ timeout: 90 })).toBe('second');
  await w.event('task-succeeded', result.id);
  expect(w.typesOf(result.id)).toEqual(['received', 'started', 'rejected', 'received', 'started', 'succeeded']);
});

it('keeps no state and sends no event for Ignore, but acknowledges', async () => {
  const w = await makeWorld((app) =>
    app.task({ name: 'vec.ignore', acks_late: true }, () => {
      throw new Ignore('no');
    }),
  );
  const result = await w.app.sendTask('vec.ignore');
  await w.line(/^INFO Task vec.ignore\[.*\] ignored/);
  await settled(w);
  await w.event('task-started', result.id);
  expect(w.typesOf(result.id)).toEqual(['received', 'started']);
  expect(await result.state()).toBe('PENDING');
});

it('rejects for Reject, with the event', async () => {
  const w = await makeWorld((app) =>
    app.task({ name: 'vec.reject', acks_late: true }, () => {
      throw new Reject('no', false);
    }),
  );
  const result = await w.app.sendTask('vec.reject');
  expect((await w.event('task-rejected', result.id)).requeue).toBe(false);
  await settled(w);
});

it('requeues for Reject with requeue, and the task comes again', async () => {
  let runs = 0;
  const w = await makeWorld((app) =>
    app.task({ name: 'vec.reject', acks_late: true }, () => {
      if (++runs === 1) throw new Reject('later', true);
      return runs;
    }),
  );
  const result = await w.app.sendTask('vec.reject');
  expect(await result.get({ timeout: 90 })).toBe(2);
  expect((await w.event('task-rejected', result.id)).requeue).toBe(true);
});

it('sends a retry before it acknowledges, and tells of it', async () => {
  let runs = 0;
  const w = await makeWorld((app) =>
    app.task({ name: 'vec.retry', bind: true, acks_late: true }, function () {
      if (++runs === 1) this.retry({ countdown: 0, exc: new Error('again') });
      return 'done';
    }),
  );
  const result = await w.app.sendTask('vec.retry');
  expect(await result.get({ timeout: 90 })).toBe('done');
  await w.event('task-succeeded', result.id);
  expect([...w.typesOf(result.id)].sort()).toEqual([
    'received',
    'received',
    'retried',
    'started',
    'started',
    'succeeded',
  ]);
  expect(await w.event('task-retried', result.id)).toMatchObject({
    exception: "Error('again')",
    traceback: expect.any(String),
  });
  await settled(w);
});

it('does not run a late task again whose success is stored (worker_deduplicate_successful_tasks)', async () => {
  let runs = 0;
  const w = await makeWorld((app) => app.task({ name: 'vec.once', acks_late: true }, () => ++runs), {
    settings: { worker_deduplicate_successful_tasks: true },
  });
  const result = await w.app.sendTask('vec.once');
  expect(await result.get({ timeout: 90 })).toBe(1);
  await settled(w);
  // The same message once more, as after a lost acknowledgement: held by a consumer that dies.
  await w.worker.consumer.pause();
  await w.app.sendTask('vec.once', [], {}, { task_id: result.id });
  const connection = w.app.connection('read');
  const dying = await connection.channel();
  const taken = await until(() => dying.get('celery'), 'the message');
  expect(taken.headers.id).toBe(result.id);
  await dying.close();
  await connection.close();
  await w.worker.stop();
  const { makeWorker } = await import('./worker-world.ts');
  const lines: string[] = [];
  await makeWorker(w.app, { hostname: 'w2@vec', lines });
  await until(() => lines.some((line) => /ignored: it was completed already/.test(line)), 'the second delivery');
  expect(runs).toBe(1);
  await settled(w);
});
