// The dashboard over a real cluster: an app, a worker, a broker in memory; asked as a page would ask.
// Long because every promise of the server stands here beside the small world (shop, reader, publisher) they all share.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Celery } from '../../server/app/celery.ts';
import { createDashboard, type Dashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { KEEPALIVE_MS } from '../../server/dashboard/live/feed.ts';
import { silentLogger } from '../../server/log.ts';
import { createTimer, type Timer } from '../../server/timer.ts';
import { exchange } from '../../server/transport/entity.ts';
import type { Patch, ServerFrame, Snapshot } from '../../shared/wire/live.ts';
import type { OperationRecord, OperationsPage } from '../../shared/wire/operations.ts';
import type { Overview } from '../../shared/wire/overview.ts';
import type { QueueDetail, QueuesReply } from '../../shared/wire/queues.ts';
import { describeRoute, ROUTES, type RouteKey } from '../../shared/wire/routes.ts';
import type { CallReply, ResultReply } from '../../shared/wire/task-values.ts';
import type { TaskDetail, TaskPage } from '../../shared/wire/tasks.ts';
import type { WorkerDetail, WorkersReply } from '../../shared/wire/workers.ts';
import { ManualTimer, PushedClock } from '../support/clock.ts';
import { until } from '../support/until.ts';
import { startWorker } from '../support/world.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'umbel-dash-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** @param timer of its own in most tests, one that a test moves in those about time */
function makeDashboard(options: DashboardOptions = {}, timer?: Timer): Dashboard {
  const dashboard = createDashboard(
    {
      broker: `memory://${randomUUID()}`,
      db: join(folder(), 'history.db'),
      port: 0,
      queue_interval: 0.2,
      inspect_interval: 0.5,
      inspect_timeout: 5000,
      ...options,
    },
    { log: silentLogger, pages: null, ...(timer ? { timer } : {}) },
  );
  onTestFinished(() => dashboard.close());
  return dashboard;
}

async function get<T>(dashboard: Dashboard, path: string): Promise<T> {
  const reply = await dashboard.app.inject({ url: `/api/v2/${path}` });
  if (reply.statusCode !== 200) throw new Error(`${path}: ${reply.statusCode} ${reply.body}`);
  return reply.json<T>();
}
async function operate(dashboard: Dashboard, payload: object): Promise<OperationRecord> {
  const reply = await dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', payload });
  if (reply.statusCode !== 200) throw new Error(`${reply.statusCode} ${reply.body}`);
  return reply.json<OperationRecord>();
}

/** A shop with a worker, and a dashboard that looks at it. */
async function shop(options: DashboardOptions = {}, timer?: Timer) {
  const broker = `memory://${randomUUID()}`;
  const app = new Celery(
    'shop',
    { broker, backend: broker, task_send_sent_event: true },
    { env: {}, log: silentLogger },
  );
  onTestFinished(() => app.close());
  const add = app.task({ name: 'shop.add' }, (a: number, b: number) => a + b);
  const fail = app.task({ name: 'shop.fail' }, () => {
    throw new RangeError('no such order');
  });
  const gate = { open: () => {}, opened: Promise.resolve() };
  gate.opened = new Promise<void>((resolve) => {
    gate.open = resolve;
  });
  const wait = app.task({ name: 'shop.wait' }, () => gate.opened);
  onTestFinished(() => gate.open());
  const dashboard = makeDashboard({ broker, result_backend: broker, ...options }, timer);
  await dashboard.start();
  const worker = await startWorker(app, { hostname: 'w1@shop', taskEvents: true, concurrency: 2 });
  await until(
    async () =>
      (await get<WorkersReply>(dashboard, 'workers')).items.find(
        (w) => w.hostname === 'w1@shop' && w.concurrency !== null,
      ),
    'the worker',
  );
  return { broker, app, add, fail, wait, gate, dashboard, worker };
}

const stored = (dashboard: Dashboard, id: string, state: string) =>
  until(async () => {
    const task = await get<TaskDetail>(dashboard, `tasks/${id}`);
    return task.state === state && task;
  }, `task ${id} to be ${state}`);

describe('the dashboard of a living cluster', () => {
  it('tells a task from sent to succeeded, with its result', async () => {
    const { dashboard, add } = await shop();
    const { id } = await add.delay(2, 3);
    const task = await stored(dashboard, id, 'SUCCESS');
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
    expect(page.items).toEqual([record]);
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
    expect(need).toMatchObject({ subject: 'celery', detail: '1 wait, nobody consumes it' });
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

/** One page: everything it is told, in order. */
async function reader(address: string, first?: object, options: object = {}) {
  const frames: ServerFrame[] = [];
  const socket = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`, options);
  socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as ServerFrame));
  let end: { code: number; reason: string } | null = null;
  socket.on('close', (code: number, reason: Buffer) => {
    end = { code, reason: reason.toString() };
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  if (first) socket.send(JSON.stringify(first));
  onTestFinished(() => socket.terminate());
  const of = <T extends ServerFrame>(type: T['type']) => frames.filter((f): f is T => f.type === type);
  const closed = () => end;
  return { socket, frames, closed, patches: () => of<Patch>('patch'), snapshots: () => of<Snapshot>('snapshot') };
}

async function publisher(dashboard: Dashboard) {
  const cluster = await dashboard.start();
  const channel = await cluster.link.asking.channel();
  await channel.declareExchange(exchange('celeryev', 'topic'));
  await until(() => cluster.receiver.connected, 'the receiver');
  let clock = 0;
  return (events: object[]) =>
    channel.publish({
      exchange: 'celeryev',
      routingKey: 'task.multi',
      body: Buffer.from(
        JSON.stringify(
          events.map((e) => ({
            hostname: 'w@h',
            timestamp: Date.now() / 1000,
            pid: 1,
            utcoffset: 0,
            clock: ++clock,
            ...e,
          })),
        ),
      ),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: {},
      properties: {},
    });
}

describe('the live feed', () => {
  it('says hello, gives a snapshot, then numbered patches at most ten a second', async () => {
    const timer = new ManualTimer();
    const dashboard = makeDashboard({}, timer);
    const address = await dashboard.listen();
    const publish = await publisher(dashboard);
    const cluster = await dashboard.start();
    const page = await reader(address);
    await until(() => {
      timer.advance(10);
      return page.snapshots().length === 1;
    }, 'the snapshot');
    expect(page.frames.map((f) => f.type).slice(0, 2)).toEqual(['hello', 'snapshot']);
    const before = page.patches().length;
    for (let i = 0; i < 60; i++) {
      await publish([{ type: 'task-received', uuid: `t${i}`, name: 'n' }]);
      await until(() => cluster.state.tasks.has(`t${i}`), 'the event');
      timer.advance(25);
    }
    timer.advance(500);
    await until(() => page.patches().reduce((sum, p) => sum + p.tasks_new, 0) === 60, 'all sixty');
    const seqs = page.patches().map((p) => p.seq);
    expect(seqs).toEqual(seqs.map((_, i) => seqs[0]! + i));
    // Two seconds: ten a second, not one for each event. A few were on their way when it began.
    expect(page.patches().length - before).toBeLessThanOrEqual(25);
    expect(page.patches().every((p) => p.tasks.length <= 200)).toBe(true);
  });

  it('says a word every few seconds while nothing happens, and not one a second', async () => {
    const timer = new ManualTimer();
    const dashboard = makeDashboard({}, timer);
    const page = await reader(await dashboard.listen());
    const quiet = await until(() => {
      timer.advance(100);
      const [before, last] = page.patches().slice(-2);
      const span = before?.cluster && last?.cluster ? last.cluster.server_time - before.cluster.server_time : 0;
      return span > KEEPALIVE_MS / 1000 - 0.5 && span;
    }, 'two words with a silence between them');
    expect(quiet).toBeLessThan(10);
  });

  it('gives a returning page what it missed, and a snapshot when that is not known', async () => {
    const dashboard = makeDashboard();
    const address = await dashboard.listen();
    const publish = await publisher(dashboard);
    const first = await reader(address);
    await until(() => first.snapshots().length === 1, 'the snapshot');
    const { epoch, seq } = first.snapshots()[0]!;
    first.socket.terminate();
    const witness = await reader(address);
    await until(() => witness.snapshots().length === 1, 'its snapshot');
    await publish([{ type: 'task-received', uuid: 'missed', name: 'n' }]);
    await until(
      () => witness.patches().some((p) => p.tasks.some((t) => t.uuid === 'missed')),
      'it to be told to others',
    );
    const second = await reader(address, { type: 'resume', epoch, seq });
    await until(() => second.patches().some((p) => p.tasks.some((t) => t.uuid === 'missed')), 'the missed patch');
    expect(second.snapshots()).toEqual([]);
    expect(second.patches()[0]!.seq).toBe(seq + 1);
    const third = await reader(address, { type: 'resume', epoch: 'another', seq });
    await until(() => third.snapshots().length === 1, 'a snapshot');
    expect(third.snapshots()[0]!.tasks!.map((t) => t.uuid)).toContain('missed');
  });

  it('drops a slow page to a snapshot while another goes on, and buffers within bounds', async () => {
    const clock = new PushedClock();
    const dashboard = makeDashboard({}, createTimer({ clock }));
    const address = await dashboard.listen();
    const publish = await publisher(dashboard);
    const quick = await reader(address);
    // Watched rows come beyond every budget.
    const watched = Array.from({ length: 400 }, (_, i) => `b${i}`);
    const slow = await reader(address, { type: 'watch', tasks: watched }, { perMessageDeflate: false });
    await until(() => quick.snapshots().length === 1 && slow.snapshots().length === 1, 'both snapshots');
    slow.socket.pause();
    const big = 'x'.repeat(3000);
    await until(async () => {
      const known = quick.patches().length;
      // A row carries 2,000 characters of each: about 1.6 MB a patch.
      await publish(watched.map((uuid) => ({ type: 'task-received', uuid, name: 'n', args: big, kwargs: big })));
      await until(() => quick.patches().length > known, 'the quick page to have a patch');
      return quick.patches().length > 20;
    }, 'patches at the quick page');
    slow.socket.resume();
    await until(() => slow.snapshots().length >= 2, 'a second snapshot at the slow page');
    expect(quick.snapshots()).toHaveLength(1);
    const seqs = quick.patches().map((p) => p.seq);
    expect(seqs).toEqual(seqs.map((_, i) => seqs[0]! + i));
  });

  it('brings a page the rows of what it subscribes to, and what it newly subscribes to in a snapshot', async () => {
    const dashboard = makeDashboard();
    const address = await dashboard.listen();
    const publish = await publisher(dashboard);
    const witness = await reader(address);
    const page = await reader(address, { type: 'subscribe', topics: ['queues'] });
    await until(() => page.snapshots().length === 1 && witness.snapshots().length === 1, 'the snapshots');
    expect(page.snapshots()[0]).toMatchObject({ tasks: null, workers: null, queues: expect.any(Array) });
    await publish([
      { type: 'task-received', uuid: 'hidden', name: 'n' },
      { type: 'worker-heartbeat', freq: 2, active: 0 },
    ]);
    const seen = (all: Patch[]) => all.find((p) => p.tasks.some((t) => t.uuid === 'hidden'));
    const known = await until(() => seen(witness.patches()), 'the task at who subscribes to all');
    const own = await until(() => page.patches().find((p) => p.seq === known.seq), 'the same patch at the page');
    expect(own).toMatchObject({
      tasks: [],
      workers: [],
      tasks_changed: known.tasks_changed,
      tasks_new: known.tasks_new,
    });
    page.socket.send(JSON.stringify({ type: 'subscribe', topics: ['queues', 'tasks'] }));
    await until(() => page.snapshots().length === 2, 'a snapshot of the tasks');
    const [task] = page.snapshots()[1]!.tasks!;
    expect([page.snapshots()[1]!.queues, page.snapshots()[1]!.workers, task?.uuid]).toEqual([null, null, 'hidden']);
    await publish([{ type: 'task-received', uuid: 'shown', name: 'n' }]);
    await until(() => page.patches().some((p) => p.tasks.some((t) => t.uuid === 'shown')), 'rows of tasks');
  });

  it('keeps task rows within a budget under a flood, newest first, and brings the newest of the rest later', async () => {
    const timer = new ManualTimer();
    const dashboard = makeDashboard({}, timer);
    const address = await dashboard.listen();
    const publish = await publisher(dashboard);
    const cluster = await dashboard.start();
    const page = await reader(address);
    await until(() => {
      timer.advance(10);
      return page.snapshots().length === 1;
    }, 'the snapshot');
    const before = page.patches().length;
    const flood = (from: number, count: number) =>
      publish(
        Array.from({ length: count }, (_, i) => ({
          type: 'task-received',
          uuid: `f${from + i}`,
          name: 'n',
          timestamp: timer.now() / 1000 + i / 1e6,
        })),
      );
    for (let i = 0; i < 20; i++) {
      await flood(i * 500, 500);
      await until(() => cluster.state.tasks.has(`f${i * 500 + 499}`), 'the events');
      timer.advance(100);
    }
    const rows = () =>
      page
        .patches()
        .slice(before)
        .flatMap((p) => p.tasks);
    await until(
      () =>
        page
          .patches()
          .slice(before)
          .reduce((sum, p) => sum + p.tasks_new, 0) === 10_000,
      'all of it to be counted',
    );
    // Two seconds: 200 rows at first, then eighty a second.
    expect(rows().length).toBeGreaterThan(200);
    expect(rows().length).toBeLessThan(450);
    const last = await until(() => {
      timer.advance(1000);
      return rows().some((t) => t.uuid === 'f9850') && rows();
    }, 'older ones of the last burst to follow');
    expect(new Set(last.map((t) => t.uuid)).size).toBe(last.length);
  });

  it('tells a watched task even when hundreds of others changed', async () => {
    const dashboard = makeDashboard();
    const address = await dashboard.listen();
    const publish = await publisher(dashboard);
    const page = await reader(address, { type: 'watch', tasks: ['watched'] });
    await until(() => page.snapshots().length === 1, 'the snapshot');
    const old = Date.now() / 1000 - 1000;
    // Whether the server has read yet what is watched, nobody says: it is told again.
    let round = 0;
    await until(
      async () => {
        round++;
        await publish([
          { type: 'task-received', uuid: 'watched', name: 'n', timestamp: old + round },
          ...Array.from({ length: 900 }, (_, i) => ({ type: 'task-received', uuid: `o${round}-${i}`, name: 'n' })),
        ]);
        return page.patches().some((p) => p.tasks_changed > 200 && p.tasks.some((t) => t.uuid === 'watched'));
      },
      'the watched task',
      { everyMs: 100 },
    );
  });

  it('closes on what is no frame, and lets in nobody from another origin', async () => {
    const dashboard = makeDashboard();
    const address = await dashboard.listen();
    const page = await reader(address);
    const closed = new Promise((resolve) => page.socket.once('close', resolve));
    page.socket.send('nonsense');
    expect(await closed).toBe(1003);
    // A page cannot read what answers a refused handshake: it is closed with the reason, and gets nothing before.
    const foreign = await reader(address, undefined, { origin: 'https://evil.example' });
    await until(() => foreign.closed() !== null, 'the foreign socket to be closed');
    expect(foreign.closed()).toMatchObject({ code: 4403, reason: expect.stringContaining('https://evil.example') });
    expect(foreign.frames).toEqual([]);
  });
});

describe('who may', () => {
  it.each([-1, 65_536, 80.5, Number.NaN])('refuses %d, which is no port', (port) => {
    expect(() => createDashboard({ port })).toThrow(/option port must be/);
  });

  it('refuses a setting of the cluster that is none, with the nearest name', () => {
    expect(() => createDashboard({ settings: { event_exchnage: 'x' } })).toThrow(/event_exchnage.*event_exchange/s);
  });

  it('refuses to listen beyond loopback without authentication', () => {
    expect(() => createDashboard({ address: '0.0.0.0' })).toThrow(/authentication/);
    expect(() => createDashboard({ address: '' })).toThrow(/authentication/);
    expect(() => makeDashboard({ address: '0.0.0.0', basic_auth: 'mira:secret' })).not.toThrow();
  });

  it('asks for user and password where they are configured, but for health and metrics', async () => {
    const dashboard = makeDashboard({ basic_auth: ['mira:s3:cret', 'tom:other'] });
    const ask = (url: string, auth?: string) =>
      dashboard.app.inject({
        url,
        headers: auth ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {},
      });
    const none = await ask('/api/v2/cluster');
    expect([none.statusCode, none.headers['www-authenticate'], none.headers['content-type']]).toEqual([
      401,
      expect.stringContaining('Basic'),
      expect.stringContaining('problem+json'),
    ]);
    expect((await ask('/api/v2/cluster', 'mira:wrong')).statusCode).toBe(401);
    expect((await ask('/')).statusCode).toBe(401);
    expect((await ask('/api/v2/cluster', 'mira:s3:cret')).json()).toMatchObject({ user: 'mira' });
    expect((await ask('/healthcheck')).body).toBe('OK');
    expect((await ask('/metrics')).statusCode).toBe(200);
  });

  it('takes changes only from its own pages, as JSON', async () => {
    const dashboard = makeDashboard();
    const post = (headers: Record<string, string>, payload: string | object = { action: 'heartbeat' }) =>
      dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', headers, payload });
    expect((await post({ origin: 'https://evil.example' })).statusCode).toBe(403);
    expect((await post({ 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
    expect((await post({ 'content-type': 'text/plain' }, '{"action":"heartbeat"}')).statusCode).toBe(415);
    expect((await post({ origin: 'http://localhost:80' })).statusCode).toBe(200);
    const rebound = await dashboard.app.inject({ url: '/api/v2/cluster', headers: { host: 'evil.example' } });
    expect([rebound.statusCode, rebound.json().status]).toEqual([403, 403]);
  });

  it('changes nothing when it is read only', async () => {
    const dashboard = makeDashboard({ read_only: true });
    const reply = await dashboard.app.inject({
      method: 'POST',
      url: '/api/v2/operations',
      payload: { action: 'heartbeat' },
    });
    expect([reply.statusCode, reply.json().detail]).toEqual([403, expect.stringContaining('read only')]);
  });
});

describe('the server', () => {
  it('tells every error as a problem, queries with their position', async () => {
    const dashboard = makeDashboard();
    const problem = async (url: string) => {
      const reply = await dashboard.app.inject(url);
      expect(reply.headers['content-type']).toContain('application/problem+json');
      expect(reply.body).not.toContain('node_modules');
      return reply.json<{ status: number; detail: string; position?: number }>();
    };
    expect(await problem('/api/v2/nothing')).toMatchObject({ status: 404 });
    expect(await problem('/api/v2/tasks/unknown')).toMatchObject({ status: 404 });
    expect(await problem('/api/v2/workers/unknown')).toMatchObject({ status: 404 });
    expect(await problem('/api/v2/queues/unknown')).toMatchObject({ status: 404 });
    expect(await problem('/api/v2/tasks?q=name:x%20(state:FAILURE')).toMatchObject({
      status: 400,
      position: expect.any(Number),
    });
    expect(await problem('/api/v2/tasks/%ff')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/tasks?limit=many')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/tasks?limit=5000')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/tasks?sort=colour')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/tasks?cursor=zzz')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/series?metric=colour')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/series')).toMatchObject({ status: 400 });
    const post = async (payload: object) =>
      (await dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', payload })).json<{
        status: number;
        detail: string;
      }>();
    expect(await post({ action: 'explode' })).toMatchObject({ status: 400, detail: expect.stringContaining('revoke') });
    expect(await post({ action: 'pool_grow', n: 0 })).toMatchObject({
      status: 400,
      detail: expect.stringContaining('n'),
    });
    expect(await post({ action: 'rate_limit', task_name: 'x', rate_limit: 'often' })).toMatchObject({ status: 400 });
    expect(await post({ action: 'pool_grow', n: 1, destination: ['nobody@h'] })).toMatchObject({ status: 400 });
  });

  it('lists operations by who, action, outcome and on what, page after page, and one by its id', async () => {
    const { dashboard, worker } = await shop();
    const { items: workers } = await get<{ items: { hostname: string }[] }>(dashboard, 'workers');
    expect(workers.map((w) => w.hostname)).toContain(worker.hostname);
    const limited = { action: 'rate_limit', task_name: 'shop.add', rate_limit: '6/m', destination: [worker.hostname] };
    const records = [];
    for (const request of [limited, { action: 'heartbeat' }, { action: 'revoke', task_ids: ['one', 'two'] }, limited])
      records.push(await operate(dashboard, request));
    const [first, second, third, last] = records.map((record) => record.id);
    const ids = async (query: string) => {
      const page = await get<{ items: OperationRecord[]; next: string | null }>(dashboard, `operations?${query}`);
      return [page.items.map((record) => record.id), page.next];
    };
    expect(await ids('action=rate_limit')).toEqual([[last, first], null]);
    expect(await ids(`on=${encodeURIComponent(worker.hostname.toUpperCase())}`)).toEqual([[last, first], null]);
    expect(await ids('on=two')).toEqual([[third], null]);
    expect(await ids('who=nobody')).toEqual([[], null]);
    expect(await ids('who=anonymous&outcome=ok&on=add&limit=1')).toEqual([[last], String(last)]);
    expect(await ids(`who=anonymous&outcome=ok&on=add&limit=1&cursor=${last}`)).toEqual([[first], null]);
    expect(await ids(`from_id=${second}&limit=1`)).toEqual([[second], String(second)]);
    const file = await dashboard.app.inject('/api/v2/operations/export?action=rate_limit');
    expect(file.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(file.headers['content-disposition']).toMatch(/^attachment; filename="operations-[\d-]{10}\.csv"$/);
    expect(file.body.split('\r\n').map((line) => line.split(',')[0])).toEqual(['id', String(last), String(first), '']);
    const json = (await dashboard.app.inject('/api/v2/operations/export?format=json')).json<OperationRecord[]>();
    expect(json.map((record) => record.id)).toEqual([last, third, second, first]);
  });

  it('describes itself as OpenAPI 3.1, every route and a page to read it', async () => {
    const dashboard = makeDashboard({ url_prefix: 'ops/umbel' });
    const document = (await dashboard.app.inject('/ops/umbel/api/v2/docs/json')).json<{
      openapi: string;
      servers: { url: string }[];
      paths: Record<string, Record<string, object>>;
    }>();
    expect(document.openapi).toBe('3.1.0');
    expect(document.servers).toEqual([{ url: '/ops/umbel' }]);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const rows = (Object.keys(ROUTES) as RouteKey[]).map(describeRoute);
    expect(described.sort()).toEqual(rows.map(({ method, path }) => `${method} ${path}`).sort());
    expect(document.paths['/api/v2/operations']!.post).toMatchObject({
      operationId: 'postOperations',
      requestBody: expect.any(Object),
    });
    const types = (path: string, status: string) =>
      Object.keys(
        (document.paths[path]!.get as { responses: Record<string, { content: object }> }).responses[status]!.content,
      );
    expect(types('/alive/{worker}', '503')).toEqual(['application/json']);
    expect(types('/metrics', '200')).toEqual(['text/plain']);
    expect(types('/api/v2/operations/export', '200')).toEqual(['text/csv']);
    expect((await dashboard.app.inject('/ops/umbel/api/v2/docs')).body).toContain('/api/v2/tasks/{uuid}');
    expect((await dashboard.app.inject('/ops/umbel/healthcheck')).body).toBe('OK');
  });

  it('finds its tasks again after a restart and goes on with the unfinished ones', async () => {
    const options = { broker: `memory://${randomUUID()}`, db: join(folder(), 'again.db') };
    const before = makeDashboard(options);
    const publish = await publisher(before);
    await publish([
      { type: 'task-received', uuid: 'done', name: 'n', args: '(1,)' },
      { type: 'task-succeeded', uuid: 'done', result: '1', runtime: 1 },
      { type: 'task-received', uuid: 'open', name: 'n', args: '(2,)' },
    ]);
    const cluster = await before.start();
    await until(() => cluster.state.tasks.has('open'), 'the events');
    await before.close();
    const after = makeDashboard(options);
    const page = await get<TaskPage>(after, 'tasks');
    expect(page.items.map((t) => [t.uuid, t.state]).sort()).toEqual([
      ['done', 'SUCCESS'],
      ['open', 'RECEIVED'],
    ]);
    const more = await publisher(after);
    await more([{ type: 'task-succeeded', uuid: 'open', result: '2', runtime: 1 }]);
    expect(await stored(after, 'open', 'SUCCESS')).toMatchObject({ name: 'n', args: '(2,)', result: '2' });
  });

  it('serves its history while the broker is away, and says so', async () => {
    const file = join(folder(), 'no-folder');
    writeFileSync(file, '');
    const clock = new PushedClock();
    const dashboard = makeDashboard({ broker: `sqlite:///${file}/broker.db` }, createTimer({ clock }));
    expect((await dashboard.app.inject('/api/v2/tasks')).statusCode).toBe(200);
    const overview = await until(async () => {
      clock.push(100);
      const o = await get<Overview>(dashboard, 'overview');
      return o.attention.some((a) => a.kind === 'source-down' && a.subject === 'broker') && o;
    }, 'the broker shown as down');
    expect(overview.attention.map((a) => a.subject)).toContain('broker');
    expect((await dashboard.app.inject('/readyz')).statusCode).toBe(503);
    expect((await dashboard.app.inject('/healthcheck')).statusCode).toBe(200);
    const operation = await operate(dashboard, { action: 'heartbeat' });
    expect(operation.outcome).toBe('failed');
  });

  it('says plainly when the pages are not built', async () => {
    const dashboard = makeDashboard();
    const reply = await dashboard.app.inject('/tasks');
    expect([reply.statusCode, reply.body.includes('npm run build')]).toEqual([503, true]);
  });
});
