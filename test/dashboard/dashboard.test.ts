// The dashboard of a living cluster: an app, a worker, a broker in memory; asked as a page would ask. Its live feed: live-feed.test.ts;
// its server and who may: server.test.ts.
import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import { createTimer } from '../../server/timer.ts';
import { memoryBroker } from '../../server/transport/memory/broker.ts';
import type { ClusterInfo } from '../../shared/wire/cluster.ts';
import type { TaskComparison } from '../../shared/wire/comparison.ts';
import type { OperationsPage } from '../../shared/wire/operations.ts';
import type { Overview } from '../../shared/wire/overview.ts';
import type { QueueDetail, QueuesReply } from '../../shared/wire/queues.ts';
import type { CallReply, ResultReply } from '../../shared/wire/task-values.ts';
import type { TaskDetail, TaskPage } from '../../shared/wire/tasks.ts';
import type { WorkerDetail } from '../../shared/wire/workers.ts';
import { PushedClock } from '../support/clock.ts';
import { get, makeDashboard, operate, publisher, reader, shop, stored } from '../support/dashboard-shop.ts';
import { until } from '../support/until.ts';
import { startWorker } from '../support/world.ts';

describe('the dashboard of a living cluster', () => {
  it('tells a task from sent to succeeded, with its result', async () => {
    const { dashboard, add } = await shop();
    const { id } = await add.delay(2, 3);
    const task = await until(async () => {
      const found = await stored(dashboard, id, 'SUCCESS');
      // What its sender tells comes by a way of its own.
      return found.sent !== null && found;
    }, 'all of its events');
    expect(task).toMatchObject({
      name: 'shop.add',
      args: '(2, 3)',
      result: '5',
      worker: 'w1@shop',
      queue: 'celery',
      retries: 0,
      tries: [],
      orphaned: false,
    });
    expect([task.sent, task.received, task.started, task.succeeded].every((t) => typeof t === 'number')).toBe(true);
    expect(task.sent!).toBeLessThanOrEqual(task.received!);
    expect(task.actions.revoke).toMatchObject({ allowed: false });
    const page = await until(async () => {
      const found = await get<TaskPage>(dashboard, 'tasks?q=name:add&state=SUCCESS');
      return found.items.length === 1 && found;
    }, 'the list');
    expect(page).toMatchObject({ total: 1, counts: { SUCCESS: 1 }, counts_capped: false, next: null });
    expect(await get<ResultReply>(dashboard, `tasks/${id}/result`)).toMatchObject({
      found: true,
      status: 'SUCCESS',
      result: 5,
    });
    expect(await get<ResultReply>(dashboard, 'tasks/unknown/result')).toMatchObject({ found: false });
  });

  it('says that results by message are not its to read, and asks for none', async () => {
    const { dashboard, add, broker } = await shop({ result_backend: 'rpc://' });
    const { id } = await add.delay(2, 3);
    await stored(dashboard, id, 'SUCCESS');
    expect(await get<ResultReply>(dashboard, `tasks/${id}/result`)).toMatchObject({
      found: false,
      reason: 'There is nothing to read: rpc:// sends results to who sent the task, and nobody else can read them.',
    });
    const { sources } = await get<ClusterInfo>(dashboard, 'cluster');
    expect(sources.find(({ name }) => name === 'results')).toMatchObject({ state: 'none', label: 'none' });
    const queues = [...memoryBroker(broker.replace('memory://', '')).queues.keys()];
    expect(queues.filter((name) => !/^celery$|^celeryev\.|pidbox$/.test(name))).toEqual([]);
  });

  it('lays a failure beside the last success of its name', async () => {
    const { app, dashboard } = await shop();
    const charge = app.task({ name: 'shop.charge' }, (amount: number, currency: string) => {
      if (currency === 'EUR') throw new RangeError(`no ${currency}`);
      return amount;
    });
    const chargeAll = app.task({ name: 'shop.charge_all' }, () => null);
    for (let n = 0; n < 5; n++)
      for (const currency of ['CHF', 'EUR']) {
        const { id } = await charge.delay(7, currency);
        await stored(dashboard, id, currency === 'CHF' ? 'SUCCESS' : 'FAILURE');
      }
    await stored(dashboard, (await chargeAll.delay()).id, 'SUCCESS');
    const comparison = await until(async () => {
      const { items } = await get<TaskPage>(dashboard, 'tasks?q=name:shop.charge&state=FAILURE');
      const found = await get<TaskComparison>(dashboard, `tasks/${items[0]!.uuid}/comparison`);
      return found.successes === 5 && found.failures === 5 && found;
    }, 'all of them to be stored');
    expect(comparison).toMatchObject({
      success: { name: 'shop.charge', state: 'SUCCESS', result: '7' },
      differences: [{ name: 'args[1]', here: "'EUR'", there: "'CHF'", in_failures: 5, in_successes: 0, telling: true }],
    });
    const none = await app.sendTask('shop.fail');
    await stored(dashboard, none.id, 'FAILURE');
    expect(await get<TaskComparison>(dashboard, `tasks/${none.id}/comparison`)).toMatchObject({ success: null });
  });

  it('tells failures, their class and how often', async () => {
    const { dashboard, fail } = await shop();
    const { id } = await fail.delay();
    const task = await stored(dashboard, id, 'FAILURE');
    expect(task.exception).toContain('no such order');
    expect(task.traceback).toContain('Traceback');
    const overview = await until(async () => {
      const o = await get<Overview>(dashboard, 'overview');
      return o.failures.length === 1 && (o.figures.finished_per_min ?? 0) > 0 && o;
    }, 'the failure in the overview');
    expect(overview.failures[0]).toMatchObject({
      exception: 'RangeError',
      task: 'shop.fail',
      count: 1,
      is_new: null,
      example: id,
    });
    // To a history that began a moment ago every failure is new: that is no news.
    expect(overview.attention).not.toContainEqual(expect.objectContaining({ kind: 'failure' }));
    expect(overview.figures).toMatchObject({ workers_online: 1, slots: 2 });
    await expect.poll(async () => (await get<TaskDetail>(dashboard, `tasks/${id}`)).same_failures).toBe(1);
  });

  it('shows a worker: pool, queues, registered tasks, what it runs, and its conf without secrets', async () => {
    const { dashboard, wait, gate } = await shop();
    const { id } = await wait.delay();
    await stored(dashboard, id, 'STARTED');
    const worker = await until(async () => {
      const w = await get<WorkerDetail>(dashboard, 'workers/w1@shop');
      const known = w.active_tasks.length === 1 && w.registered.length > 0 && w.active_queues.length > 0;
      return known && w.conf !== null && w;
    }, 'the running task');
    expect(worker).toMatchObject({ status: 'online', concurrency: 2, queues: ['celery'], task_events: true });
    expect(worker.active_queues[0]).toMatchObject({ name: 'celery', exchange: 'celery', routing_key: 'celery' });
    expect(worker.registered.map((t) => t.name)).toContain('shop.wait');
    gate.open();
  });

  it('revokes a waiting task and records who did it', async () => {
    const { dashboard, add } = await shop();
    const { id } = await add.applyAsync([1, 1], {}, { countdown: 60 });
    await stored(dashboard, id, 'RECEIVED');
    const record = await operate(dashboard, { action: 'revoke', task_ids: [id] });
    expect(record).toMatchObject({
      who: 'anonymous',
      action: 'revoke',
      subject: id,
      outcome: 'ok',
      summary: `1 of 1 worker answered: tasks {'${id}'} flagged as revoked`,
    });
    expect(record.answers[0]).toMatchObject({ worker: 'w1@shop', ok: true });
    const page = await get<OperationsPage>(dashboard, 'operations');
    // Its effect may have been looked at again meanwhile.
    const { effect: _, ...rest } = record;
    expect(page.items).toMatchObject([rest]);
  });

  it('says of a task that waits with a worker that it is revoked, by whomever', async () => {
    const { dashboard, app, worker } = await shop();
    const publish = await publisher(dashboard);
    const { hostname } = worker;
    // Python's workers keep a revoked task until its time comes.
    await publish(['here', 'elsewhere', 'not'].map((uuid) => ({ type: 'task-received', uuid, name: 'n', hostname })));
    const row = async (uuid: string) => {
      const { items } = await get<TaskPage>(dashboard, 'tasks');
      return items.find((one) => one.uuid === uuid);
    };
    await until(async () => (await row('not')) && (await row('here')), 'their rows');
    const page = await reader(await dashboard.listen());
    await until(() => page.snapshots().length === 1, 'the snapshot');
    const { at } = await operate(dashboard, { action: 'revoke', task_ids: ['here'] });
    expect(await row('here')).toMatchObject({ state: 'RECEIVED', revoke_asked: at });
    await until(
      () =>
        page.patches().some((patch) => patch.tasks.some((task) => task.uuid === 'here' && task.revoke_asked === at)),
      'a patch that says so',
    );
    await app.control.revoke('elsewhere', { reply: true });
    await (await dashboard.start()).inspector.ask([hostname]);
    expect((await row('elsewhere'))?.revoke_asked).toBeGreaterThan(0);
    expect((await get<TaskDetail>(dashboard, 'tasks/elsewhere')).revoke_asked).toBeGreaterThan(0);
    expect((await row('not'))?.revoke_asked).toBeUndefined();
  });

  it('terminates a running task', async () => {
    const { dashboard, wait } = await shop();
    const { id } = await wait.delay();
    const running = await stored(dashboard, id, 'STARTED');
    expect(running.actions.terminate).toMatchObject({ allowed: true });
    expect(await operate(dashboard, { action: 'terminate', task_ids: [id] })).toMatchObject({ outcome: 'ok' });
    await stored(dashboard, id, 'REVOKED');
  });

  it('sets a rate limit and shows what the worker then says', async () => {
    const { dashboard } = await shop();
    expect(await operate(dashboard, { action: 'rate_limit', task_name: 'shop.add', rate_limit: '10/m' })).toMatchObject(
      { outcome: 'ok' },
    );
    await until(
      async () =>
        (await get<WorkerDetail>(dashboard, 'workers/w1@shop')).registered.find((t) => t.name === 'shop.add')
          ?.rate_limit === '10/m',
      'the limit',
    );
    const unknown = await operate(dashboard, { action: 'rate_limit', task_name: 'shop.unknown', rate_limit: '1/s' });
    expect(unknown).toMatchObject({ outcome: 'failed' });
  });

  it('adds and cancels a consumer, and names the queue that then stands still', async () => {
    const clock = new PushedClock();
    const { dashboard, add } = await shop({}, createTimer({ clock }));
    const queues = async () =>
      (await get<WorkerDetail>(dashboard, 'workers/w1@shop')).active_queues.map((q) => q.name).sort();
    await operate(dashboard, { action: 'add_consumer', queue: 'extra', destination: ['w1@shop'] });
    await until(async () => (await queues()).join() === 'celery,extra', 'the new queue');
    await operate(dashboard, { action: 'cancel_consumer', queue: 'extra', destination: ['w1@shop'] });
    await until(async () => (await queues()).join() === 'celery', 'its end');
    await operate(dashboard, { action: 'cancel_consumer', queue: 'celery', destination: ['w1@shop'] });
    await add.delay(1, 1);
    const need = await until(async () => {
      clock.push(200);
      const { attention } = await get<Overview>(dashboard, 'overview');
      return attention.find((a) => a.kind === 'queue-unconsumed');
    }, 'the queue that nobody consumes');
    expect(need).toMatchObject({ subject: 'celery', detail: 'has 1 waiting message and no consumer' });
  });

  it('sends a failed task again under a new id', async () => {
    const { dashboard, fail } = await shop();
    const { id } = await fail.delay();
    await stored(dashboard, id, 'FAILURE');
    const record = await operate(dashboard, { action: 'retry', task_ids: [id, 'unknown'] });
    expect(record.outcome).toBe('partial');
    const again = record.new_ids![id]!;
    await stored(dashboard, again, 'FAILURE');
    // What its sender tells comes by a way of its own.
    const detail = () => get<TaskDetail>(dashboard, `tasks/${again}`);
    await expect.poll(detail).toMatchObject({ name: 'shop.fail', parent_id: id, queue: 'celery' });
  });

  it('refuses to send again what it does not know whole, and says what would help', async () => {
    const { dashboard, add } = await shop();
    const { id } = await add.applyAsync([1, 1], {}, { argsrepr: "('a very long text that was cu...', ...)" });
    await stored(dashboard, id, 'SUCCESS');
    const record = await operate(dashboard, { action: 'retry', task_ids: [id] });
    expect(record.outcome).toBe('failed');
    expect(record.summary).toContain('result_extended');
  });

  it('never sends arguments again whose secrets were masked', async () => {
    const { dashboard, add } = await shop();
    // Celery's repr of an event, which is all that is known of the call.
    const { id } = await add.applyAsync([1, 1], {}, { kwargsrepr: "{'password': 'hunter2'}" });
    await stored(dashboard, id, 'SUCCESS');
    const record = await operate(dashboard, { action: 'retry', task_ids: [id] });
    expect(record).toMatchObject({ outcome: 'failed', summary: expect.stringMatching(/masked|secret/i) });
    expect(JSON.stringify([record, await get(dashboard, `tasks/${id}`)])).not.toContain('hunter2');
  });

  it.each([
    ['nobody', { action: 'pool_grow', n: 1, destination: [] }, /destination/],
    ['a queue without a name', { action: 'purge', queue: '', confirm: '' }, /queue/],
    ['a consumer of a queue without a name', { action: 'add_consumer', queue: '' }, /queue/],
  ])('refuses an operation on %s', async (_, payload, reason) => {
    const { dashboard } = await shop();
    const reply = await dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', payload });
    expect([reply.statusCode, reply.json<{ detail: string }>().detail]).toEqual([400, expect.stringMatching(reason)]);
  });

  it('has the whole arguments from the message while it waits and from the result record later, else says why not', async () => {
    const { app, dashboard, add } = await shop();
    const cut = { argsrepr: '([{...}],)' };
    const waiting = await add.applyAsync([[{ sku: 'MUG' }], 1] as never, {}, { ...cut, queue: 'nobody' });
    await stored(dashboard, waiting.id, 'PENDING');
    expect(await get<CallReply>(dashboard, `tasks/${waiting.id}/call`)).toMatchObject({
      source: 'message',
      args: [[{ sku: 'MUG' }], 1],
      kwargs: {},
    });
    const gone = await add.applyAsync([1, 1], {}, cut);
    await stored(dashboard, gone.id, 'SUCCESS');
    const none = await get<CallReply>(dashboard, `tasks/${gone.id}/call`);
    expect(none).toMatchObject({ source: null, args: null });
    expect(none.reason).toContain('result_extended');
    app.conf.result_extended = true;
    const kept = await add.applyAsync([1, 2], {}, cut);
    await stored(dashboard, kept.id, 'SUCCESS');
    expect(await get<CallReply>(dashboard, `tasks/${kept.id}/call`)).toMatchObject({ source: 'result', args: [1, 2] });
  });

  it('shows no queue that settings name, but the broker does not know and nobody consumes', async () => {
    const broker = `memory://${randomUUID()}`;
    const app = new Celery('shop', { broker, task_queues: ['orders'] }, { env: {}, log: silentLogger });
    onTestFinished(() => app.close());
    const dashboard = makeDashboard({ broker });
    await dashboard.start();
    await startWorker(app, { hostname: 'w1@shop', queues: ['orders'] });
    const names = async () => (await get<QueuesReply>(dashboard, 'queues')).items.map((q) => q.name);
    await until(async () => (await names()).includes('orders'), 'the queue');
    expect(await names()).toEqual(['orders']);
  });

  it('shows a queue with its messages, and purges it only by its name', async () => {
    const { dashboard, app } = await shop();
    await app.sendTask('shop.add', [1, 2], {}, { queue: 'nobody' });
    await app.sendTask('shop.add', [3, 4], {}, { queue: 'nobody' });
    const queue = await until(async () => {
      const q = await get<QueueDetail>(dashboard, 'queues/nobody');
      return q.messages === 2 && q;
    }, 'the queue');
    expect(queue.peek!.map((m) => [m.name, m.args])).toEqual([
      ['shop.add', '(1, 2)'],
      ['shop.add', '(3, 4)'],
    ]);
    expect(queue).toMatchObject({ workers: [], consumers: 0 });
    await expect(operate(dashboard, { action: 'purge', queue: 'nobody', confirm: 'nobdy' })).rejects.toThrow(/400/);
    expect(await operate(dashboard, { action: 'purge', queue: 'nobody', confirm: 'nobody' })).toMatchObject({
      outcome: 'ok',
      summary: '2 messages were removed from nobody',
    });
    await until(async () => (await get<QueueDetail>(dashboard, 'queues/nobody')).messages === 0, 'the empty queue');
  });

  it("tells Prometheus in Flower's words", async () => {
    const { dashboard, add } = await shop();
    const { id } = await add.delay(1, 1);
    await stored(dashboard, id, 'SUCCESS');
    const reply = await until(async () => {
      const asked = await dashboard.app.inject('/metrics');
      return asked.body.includes('umbel_queue_length{queue="celery"} 0') && asked;
    }, 'the queue to be measured');
    expect(reply.body).toContain('flower_events_total{worker="w1@shop",type="task-succeeded",task="shop.add"} 1');
    expect(reply.body).toContain('flower_task_runtime_seconds_count{worker="w1@shop",task="shop.add"} 1');
    expect(reply.body).toContain('flower_worker_online{worker="w1@shop"} 1');
    expect(reply.body).toContain('umbel_queue_length{queue="celery"} 0');
  });
});
