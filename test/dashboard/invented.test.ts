// What senders may invent, 2,000 of each kind, and fields of 4 MB, in events and in what no event told of: what is kept is bounded, what is
// left out is counted and said, and every page answers. At full size: fault/invented-names.ts. The bounds of the history alone: history/bounds.test.ts.
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import { buildResultMeta } from '../../server/protocol/result-meta.ts';
import type { ServerFrame } from '../../shared/wire/live.ts';
import type { Overview } from '../../shared/wire/overview.ts';
import type { TaskDetail, TaskPage } from '../../shared/wire/tasks.ts';
import type { WorkersReply } from '../../shared/wire/workers.ts';
import { get, operate } from '../support/dashboard-shop.ts';
import { listening, place, type SentEvent } from '../support/listening.ts';
import { until } from '../support/until.ts';

const N = 2000;
/** Event types of no Celery, of which each makes a state: kept apart. */
const KINDS = 100;
const each = (of: (i: number) => SentEvent): SentEvent[] => Array.from({ length: N }, (_, i) => of(i));

it('invented names, queues, exceptions, states, hosts and labels are bounded; what is left out is counted and said', async () => {
  // Room for all labels: what finds none is told in metrics.test.ts.
  const options = { ...place(), max_workers: 500, max_tasks: 10_000, max_metrics_size: 10_000_000 };
  const { dashboard, cluster, emit, metrics } = await listening(options);
  const get = async <T>(path: string) => {
    const reply = await dashboard.app.inject(`/api/v2/${path}`);
    expect([path, reply.statusCode]).toEqual([path, 200]);
    return reply.json<T>();
  };
  await emit(each((i) => ({ type: 'task-succeeded', uuid: `n${i}`, name: `invented.${i}`, runtime: 0.1 })));
  await emit(each((i) => ({ type: 'task-succeeded', uuid: `q${i}`, name: 'shop.add', queue: `queue-${i}` })));
  await emit(each((i) => ({ type: 'task-failed', uuid: `e${i}`, name: 'shop.add', exception: `Invented${i}('x')` })));
  await emit(each((i) => ({ type: `task-invented${i}`, uuid: `s${i}`, name: 'shop.add' })));
  await emit(each((i) => ({ type: `invented-${i}`, uuid: `o${i}` })));
  await emit(each((i) => ({ type: 'worker-heartbeat', hostname: `w@host-${i}`, freq: 2, processed: 1, active: 0 })));
  await emit(
    each((i) => ({ type: 'task-succeeded', uuid: `l${i}`, name: `label.${i}`, hostname: `w@host-${i % 10}` })),
  );
  await until(() => cluster.state.tasks.has(`l${N - 1}`), 'all of it to be heard');
  cluster.flush();
  await cluster.history.written();

  // Of states there are as many as kinds of events, and what would be one more is no event.
  expect(cluster.receiver.malformed).toBe(0);
  expect(cluster.receiver.leftOut).toBe(2 * N - KINDS);
  const page = await get<TaskPage>('tasks?limit=500');
  const states = Object.keys(page.counts);
  expect(states.length).toBeLessThanOrEqual(KINDS + 2);
  expect(page.counts).toMatchObject({ SUCCESS: 3 * N, FAILURE: N, INVENTED0: 1 });
  expect(page).toMatchObject({ total: 4 * N + KINDS, total_is: 'exact' });
  // Of workers as many as there is place for; whose events found none is said.
  expect((await get<WorkersReply>('workers')).items).toHaveLength(500);
  expect(cluster.state.workers.size).toBe(500);
  const overview = await get<Overview>('overview');
  expect(overview.workers.length).toBeLessThanOrEqual(100);
  expect(overview.workers_total).toBe(500);
  const text = await metrics();
  const said = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1]);
  expect(said('umbel_events_malformed_total')).toBe(0);
  expect(said('umbel_events_left_out_total')).toBe(2 * N - KINDS);
  expect(said('umbel_worker_events_left_out_total')).toBe(N - 499);
  const series = text.split('\n').filter((line) => line.startsWith('flower_events_total{'));
  // Labels: types beyond fifty are one, and every event counts somewhere.
  expect(new Set(series.map((line) => /type="([^"]+)"/.exec(line)![1])).size).toBeLessThanOrEqual(50 + 3);
  expect(series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(4 * N + KINDS);
  // Of the types of events, and of the families of tasks, queues and exceptions.
  expect(said('umbel_metric_series_dropped_total')).toBeGreaterThanOrEqual(KINDS - 50);
});

it('fields of 4 MB are cut in rows and live frames, with the cut marked, and longer in the detail, which says when it is not all', async () => {
  const { dashboard, cluster, emit } = await listening(place());
  const address = await dashboard.listen();
  const sizes: number[] = [];
  const rows = new Map<string, { args: string | null; cut?: string[] }>();
  const page = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`);
  page.on('message', (data: Buffer) => {
    sizes.push(data.length);
    const frame = JSON.parse(data.toString()) as ServerFrame;
    if (frame.type === 'patch' || frame.type === 'snapshot')
      for (const row of frame.tasks ?? []) rows.set(row.uuid, row as never);
  });
  try {
    await new Promise((resolve) => page.once('open', resolve));
    const fits = `('${'y'.repeat(60_000)}',)`;
    const long = `('${'x'.repeat(4 * 1024 * 1024)}',)`;
    for (let i = 0; i < 20; i++)
      await emit([{ type: 'task-received', uuid: `long${i}`, name: 'shop.add', args: long, kwargs: '{}' }]);
    await emit([{ type: 'task-received', uuid: 'fits', name: 'shop.add', args: fits, kwargs: '{}' }]);
    await until(() => rows.size === 21, 'all of them on the live line');
    cluster.flush();
    await cluster.history.written();
    const list = await dashboard.app.inject('/api/v2/tasks?limit=100');
    expect(list.json<TaskPage>().items).toHaveLength(21);
    for (const row of [...rows.values(), ...list.json<TaskPage>().items]) {
      expect(row.args!.length).toBeLessThan(3000);
      expect(row.cut).toEqual(['args']);
    }
    expect(list.body.length).toBeLessThan(100_000);
    expect(Math.max(...sizes)).toBeLessThan(200_000);
    // The detail has as much as is kept of one field, and says that this is not all of it; a field that fits is whole there.
    const detail = (await dashboard.app.inject('/api/v2/tasks/long7')).json<TaskDetail>();
    expect(detail.args!.length).toBeGreaterThan(64 * 1024);
    expect(long.startsWith(detail.args!.slice(0, 64 * 1024))).toBe(true);
    expect(detail.args_truncated).toBe(true);
    const whole = (await dashboard.app.inject('/api/v2/tasks/fits')).json<TaskDetail>();
    expect([whole.args === fits, whole.args_truncated]).toEqual([true, false]);
  } finally {
    page.terminate();
  }
});

it('what a message or a result record tells of a task and no event did is masked and cut, too, and not sent again as it is shown', async () => {
  const at = place();
  const { dashboard, cluster, emit, enqueue } = await listening({ ...at, result_backend: at.broker });
  // It sends no events, as clients of Celery by default.
  const app = new Celery('quiet', { broker: at.broker }, { env: {}, log: silentLogger });
  onTestFinished(() => app.close());
  const long = 'x'.repeat(4 * 1024 * 1024);
  const name = 'x'.repeat(100_000);
  const send = async (task_id: string, task: string, args: unknown[], kwargs: object) =>
    void (await app.sendTask(task, args, kwargs as Record<string, unknown>, { queue: 'nobody', task_id }));
  const waiting = (queue: string, n: number) =>
    until(() => cluster.view.queues.get(queue)?.status?.messages === n, `${n} in ${queue}`);

  await enqueue('other');
  await send('moved', 'shop.pay', [], { password: 'hunter2' });
  await Promise.all([waiting('other', 1), waiting('nobody', 1)]);
  expect(await operate(dashboard, { action: 'move', queue: 'nobody', to: 'other' })).toMatchObject({ outcome: 'ok' });
  await send('hushed', 'shop.pay', [], { password: 'hunter2' });
  await send('long', name, [long], {});
  await send('plain', 'shop.pay', [1], { n: 2 });
  await send(name, 'shop.pay', [], {});
  await waiting('nobody', 4);
  expect(await operate(dashboard, { action: 'purge', queue: 'nobody', confirm: 'nobody' })).toMatchObject({
    summary: '4 messages were removed from nobody; of 1 it is not known which',
  });
  const ended = ['ok', 'bad'];
  await emit(ended.map((uuid) => ({ type: 'task-started', uuid })));
  await until(() => ended.every((uuid) => cluster.state.tasks.has(uuid)), 'what runs');
  const about = { nowMs: Date.now(), children: null };
  const failure = { exc_type: 'ValueError', exc_message: [name], exc_module: 'builtins' };
  await cluster.link.askBackend(async (backend) => {
    await backend.store(buildResultMeta({ ...about, task_id: 'ok', status: 'SUCCESS', result: { token: 'hunter2' } }));
    const traceback = `token=hunter2 ${long}`;
    await backend.store(buildResultMeta({ ...about, task_id: 'bad', status: 'FAILURE', result: failure, traceback }));
  });
  await cluster.missedEnds.lookUp(cluster.now + 60);
  cluster.flush();
  await cluster.history.written();

  const masked = "{'password': '********'}";
  for (const [uuid, is] of Object.entries({
    moved: { state: 'PENDING', queue: 'other', name: 'shop.pay', kwargs: masked },
    hushed: { state: 'PURGED', name: 'shop.pay', kwargs: masked },
    long: { state: 'PURGED' },
    plain: { state: 'PURGED', args: '(1,)', kwargs: "{'n': 2}" },
    ok: { state: 'SUCCESS', result: "{'token': '********'}" },
    bad: { state: 'FAILURE' },
  })) {
    const shown = JSON.stringify([await get(dashboard, `tasks/${uuid}`), await cluster.history.task(uuid)]);
    expect([uuid, shown.includes('hunter2'), shown.length < 1_000_000]).toEqual([uuid, false, true]);
    expect(JSON.parse(shown)).toMatchObject([is, is]);
  }
  const list = (await dashboard.app.inject('/api/v2/tasks?limit=100')).body;
  expect([list.includes('hunter2'), list.length < 100_000]).toEqual([false, true]);
  // Of a message that is gone nothing but what is shown is left: it is sent again only where that is all of it.
  const again = await operate(dashboard, { action: 'retry', task_ids: ['hushed', 'long', 'plain'] });
  expect(again.answers.map(({ ok }) => ok)).toEqual([false, false, true]);
  expect(again.answers[0]!.text).toMatch(/a secret that is masked here/);
  expect(JSON.stringify(again)).not.toContain('hunter2');
});
