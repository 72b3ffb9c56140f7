// Queues that are paused and resumed, messages that are moved, and what a worker answers late: an app, a worker, a broker in memory.
// Product: server/dashboard/operations/ (on-pauses.ts, on-queues.ts, perform.ts). Purging: dashboard.test.ts.
import { expect, it, onTestFinished, vi } from 'vitest';
import { Mailbox } from '../../server/messaging/mailbox.ts';
import type { OperationRecord, OperationsPage } from '../../shared/wire/operations.ts';
import type { QueueDetail } from '../../shared/wire/queues.ts';
import type { TaskDetail, WaitReply } from '../../shared/wire/tasks.ts';
import { folder, get, makeDashboard, operate, shop, stored } from '../support/dashboard-shop.ts';
import { until } from '../support/until.ts';

it('a queue is paused on every worker that consumes it, which outlives a restart, and is resumed', async () => {
  const db = `${folder()}/history.db`;
  const { dashboard, add, broker } = await shop({ db });
  await until(async () => (await get<QueueDetail>(dashboard, 'queues/celery')).workers.length === 1, 'its consumer');
  await expect(operate(dashboard, { action: 'resume_queue', queue: 'celery' })).rejects.toThrow('celery is not paused');
  expect(await operate(dashboard, { action: 'pause_queue', queue: 'celery' })).toMatchObject({
    outcome: 'ok',
    summary: '1 of 1 worker stopped consuming celery; what they have taken goes on',
    effect: { lines: [{ label: 'Consumes celery', subject: 'w1@shop', before: 'yes', wanted: 'no' }] },
  });
  const { id } = await add.delay(1, 2);
  await stored(dashboard, id, 'PENDING');
  const wait = await until(async () => {
    const { wait } = await get<WaitReply>(dashboard, `tasks/${id}/wait`);
    return wait?.cause === 'paused' && wait;
  }, 'it to wait for the queue');
  expect(wait).toMatchObject({
    sentence: expect.stringMatching(/^celery was paused by anonymous .* ago: it starts once the queue is resumed\.$/),
    may_still_run: true,
    remedy: { text: 'Resume celery.' },
  });
  await expect(operate(dashboard, { action: 'pause_queue', queue: 'celery' })).rejects.toThrow('nothing to pause');
  // However much was done since.
  for (let n = 0; n < 3; n++) await operate(dashboard, { action: 'heartbeat' });
  await dashboard.close();

  const second = makeDashboard({ broker, result_backend: broker, db });
  await second.listen();
  const paused = await until(async () => {
    const queue = await get<QueueDetail>(second, 'queues/celery');
    return queue.messages === 1 && queue;
  }, 'the queue after the restart');
  expect(paused).toMatchObject({ workers: [], paused: { who: 'anonymous', workers: ['w1@shop'] } });
  await until(async () => {
    const { items } = await get<{ items: { hostname: string; pool: unknown }[] }>(second, 'workers');
    return items.some((w) => w.hostname === 'w1@shop' && w.pool !== null);
  }, 'the worker after the restart');
  expect(await operate(second, { action: 'resume_queue', queue: 'celery' })).toMatchObject({ outcome: 'ok' });
  await stored(second, id, 'SUCCESS');
  expect((await get<QueueDetail>(second, 'queues/celery')).paused ?? null).toBeNull();
});

it('messages go to another queue, one by one or all, and only to a queue that is there', async () => {
  const { dashboard, app } = await shop();
  const ids: string[] = [];
  for (let n = 0; n < 4; n++) ids.push((await app.sendTask('shop.add', [n, n], {}, { queue: 'nobody' })).id);
  await until(async () => (await get<QueueDetail>(dashboard, 'queues/nobody')).messages === 4, 'what waits');
  const move = (more: object) => operate(dashboard, { action: 'move', queue: 'nobody', ...more });
  await expect(move({ to: 'nobody' })).rejects.toThrow('nobody is where they are');
  await expect(move({ to: 'nowhere' })).rejects.toThrow('No queue named nowhere is known');
  const one = await move({ to: 'celery', task_ids: [ids[2]] });
  expect(one).toMatchObject({
    outcome: 'ok',
    subject: `${ids[2]} from nobody to celery`,
    summary: '1 message moved from nobody to celery',
    task_name: 'shop.add',
  });
  expect(await stored(dashboard, ids[2]!, 'SUCCESS')).toMatchObject({ queue: 'celery', result: '4' });
  expect(await move({ to: 'celery', task_ids: [ids[2], ids[0]] })).toMatchObject({
    outcome: 'partial',
    summary: '1 message moved from nobody to celery; 1 not moved: no longer there, or too far behind',
  });
  expect(await move({ to: 'celery' })).toMatchObject({
    outcome: 'ok',
    summary: '2 messages moved from nobody to celery',
  });
  for (const id of ids) await stored(dashboard, id, 'SUCCESS');
  await until(async () => (await get<QueueDetail>(dashboard, 'queues/nobody')).messages === 0, 'the empty queue');
});

it('an answer that comes after inspect_timeout makes the outcome what it is, and marks the task as revoked', async () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { dashboard, app } = await shop({ inspect_timeout: 150 });
  const late = await app.sendTask('shop.add', [1, 1], {}, { queue: 'nobody' });
  await stored(dashboard, late.id, 'PENDING');
  const sendReply = Mailbox.prototype.sendReply;
  const slow = vi.spyOn(Mailbox.prototype, 'sendReply').mockImplementation(async function (this: Mailbox, ...reply) {
    await opened;
    return sendReply.apply(this, reply);
  });
  onTestFinished(() => slow.mockRestore());
  const first = await operate(dashboard, { action: 'revoke', task_ids: [late.id] });
  expect(first).toMatchObject({ outcome: 'no-answer', answers: [{ worker: 'w1@shop', text: 'no answer' }] });
  expect((await get<TaskDetail>(dashboard, `tasks/${late.id}`)).revoke_asked ?? null).toBeNull();
  open();
  const read = async (): Promise<OperationRecord | undefined> =>
    (await get<OperationsPage>(dashboard, 'operations')).items.find(({ id }) => id === first.id);
  const record = await until(async () => {
    const found = await read();
    return found?.outcome === 'ok' && found;
  }, 'the late answer');
  expect(record.answers).toMatchObject([{ worker: 'w1@shop', ok: true }]);
  expect(record.summary).toMatch(/^1 of 1 worker answered/);
  expect(await get<TaskDetail>(dashboard, `tasks/${late.id}`)).toMatchObject({
    state: 'PENDING',
    revoke_asked: first.at,
  });
});
