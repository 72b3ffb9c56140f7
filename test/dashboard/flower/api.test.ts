// Flower's HTTP API at Flower's paths, on a cluster of Umbel workers on the embedded broker: its documented answers replayed, and what
// they do not tell. On Python workers and Redis: ../python-cluster/flower-api.ts; on both kinds of worker and RabbitMQ:
// ../../interop/rabbitmq-control.test.ts; what no cluster is needed for: requests.test.ts.
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { OperationsPage } from '../../../shared/wire/operations.ts';
import { ManualTimer } from '../../support/clock.ts';
import { get, makeDashboard, publisher, shop } from '../../support/dashboard-shop.ts';
import { replayFlower } from '../../support/flower-replay.ts';
import { startListening } from '../../support/python-dashboard.ts';
import { until } from '../../support/until.ts';
import { makeApp, startWorker } from '../../support/world.ts';

const NAMES = { worker: 'w1@shop', task: 'shop.add', failing: 'shop.fail', 'failing args': [], queue: 'celery' };

it("answers as Flower's documentation says, with Umbel workers on the embedded broker", async () => {
  const { dashboard } = await shop();
  await replayFlower(dashboard, NAMES);
});

it('hands arguments to workers as they were written, and keeps their secrets out of the audit log and of results', async () => {
  const app = makeApp();
  const got: unknown[] = [];
  app.task({ name: 'shop.take' }, (...args: unknown[]) => {
    got.push(...args);
    return args.at(-1);
  });
  await startWorker(app, { hostname: 'w1@shop', taskEvents: true });
  const { broker_url: broker } = app.conf;
  const dashboard = makeDashboard({ broker: broker as string, result_backend: broker as string });
  await startListening(dashboard);
  const body =
    '{"args": ["<a href=\\"x\\">&amp;</a>", 12345678901234567890, 2.5, null], "kwargs": {"password": "hunter2", "n": 1}, "priority": 5}';
  const reply = await dashboard.app.inject({ method: 'POST', url: '/api/task/apply/shop.take', payload: body });
  expect(reply.statusCode, reply.body).toBe(200);
  expect(got).toEqual(['<a href="x">&amp;</a>', 12345678901234567890n, 2.5, null, { password: 'hunter2', n: 1 }]);
  expect(reply.json()).toMatchObject({ state: 'SUCCESS', result: { n: 1 } });
  expect(reply.body).not.toContain('hunter2');
  const { items } = await get<OperationsPage>(dashboard, 'operations');
  expect(items[0]).toMatchObject({ action: 'send_task', subject: 'shop.take', outcome: 'ok', who: 'anonymous' });
  expect(items[0]!.request).toMatchObject({ options: { priority: 5, task_id: reply.json()['task-id'] } });
  expect(JSON.stringify(items)).not.toContain('hunter2');
  const refused = await dashboard.app.inject({
    method: 'POST',
    url: '/api/task/send-task/shop.take',
    payload: '{"que": "x"}',
  });
  expect([refused.statusCode, refused.body]).toEqual([400, expect.stringContaining("'que'")]);
  // As it is shown, it was never sent.
  const shown = reply.json<{ result: { password: string } }>().result;
  expect(shown.password).toBe('********');
  const copied = { args: [], kwargs: { of: [shown] } };
  const call = { action: 'send_task', task_name: 'shop.take', ...copied };
  for (const [url, payload] of [
    ['/api/task/send-task/shop.take', copied],
    ['/api/task/async-apply/shop.take', copied],
    ['/api/v2/operations', call],
  ] as const) {
    const again = await dashboard.app.inject({ method: 'POST', url, payload });
    expect([again.statusCode, again.body]).toEqual([
      expect.toSatisfy((code) => code === 400 || code === 422),
      expect.stringContaining('is masked'),
    ]);
  }
});

it('lists tasks in order whatever their ids are, thousands too, and counts events by worker', async () => {
  const { dashboard } = await shop();
  const publish = await publisher(dashboard);
  const now = Date.now() / 1000;
  const N = 1200;
  const name = (n: number) => (n % 2 ? 'shop.odd' : 'shop.even');
  await publish(
    [...Array(N).keys()].map((n) => ({
      type: 'task-received',
      uuid: String(n),
      name: name(n),
      timestamp: now - N + n,
    })),
  );
  const tasks = await until(async () => {
    const reply = await dashboard.app.inject({ url: '/api/tasks' });
    const ids = [...reply.body.matchAll(/"uuid":"(\d+)"/g)].map(([, id]) => Number(id));
    return ids.length === N && ids;
  }, 'all tasks');
  expect(tasks).toEqual([...Array(N).keys()].reverse());
  const page = await dashboard.app.inject({ url: '/api/tasks?limit=3&offset=2&taskname=SHOP.odd' });
  expect([...page.body.matchAll(/"uuid":"(\d+)"/g)].map(([, id]) => id)).toEqual(['1195', '1193', '1191']);
  const row = await until(async () => {
    const { data } = (await dashboard.app.inject({ url: '/workers?json=1' })).json<{
      data: Record<string, unknown>[];
    }>();
    return data.find(({ hostname, ...counts }) => hostname === 'w@h' && counts['task-received'] === N);
  }, 'its counts');
  expect(Object.keys(row).slice(-12)).toEqual(
    'hostname pid freq heartbeats clock active processed loadavg sw_ident sw_ver sw_sys status'.split(' '),
  );
  const etag = page.headers.etag as string;
  const url = '/api/tasks?limit=3&offset=2&taskname=SHOP.odd';
  const again = await dashboard.app.inject({ url, headers: { 'if-none-match': etag } });
  expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', etag]);
});

it('lists what has just been heard, as what is told of one task does', async () => {
  // Nothing is handed to the history by the clock: it stands.
  const dashboard = makeDashboard({}, new ManualTimer());
  const publish = await publisher(dashboard);
  const cluster = await dashboard.start();
  await publish([{ type: 'task-received', uuid: 'new', name: 'shop.add' }]);
  await until(() => cluster.state.tasks.has('new'), 'the event');
  const list = await dashboard.app.inject({ url: '/api/tasks' });
  const info = await dashboard.app.inject({ url: '/api/task/info/new' });
  expect([list.json().new?.state, info.json().state]).toEqual(['RECEIVED', 'RECEIVED']);
  await publish([{ type: 'task-started', uuid: 'new' }]);
  await until(() => cluster.state.tasks.get('new')?.state === 'STARTED', 'the second event');
  const rows = await dashboard.app.inject({ url: '/tasks/datatable?draw=1' });
  expect(rows.json().data).toMatchObject([{ uuid: 'new', state: 'STARTED' }]);
});

it('tells the events of a kind as they are heard, of every task or of one, by a WebSocket', async () => {
  const dashboard = makeDashboard();
  const address = (await dashboard.listen()).replace('http', 'ws');
  const publish = await publisher(dashboard);
  const listen = async (path: string) => {
    const socket = new WebSocket(`${address}/api/task/events/${path}`);
    onTestFinished(() => socket.terminate());
    const heard: Record<string, unknown>[] = [];
    socket.on('message', (data) => heard.push(JSON.parse(String(data))));
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    return { socket, heard };
  };
  const all = await listen('task-succeeded/');
  const one = await listen('task-succeeded/t2');
  await publish([
    { type: 'task-received', uuid: 't1', name: 'shop.add', kwargs: "{'password': 'hunter2'}" },
    { type: 'task-succeeded', uuid: 't1', result: '3', runtime: 0.25 },
    { type: 'task-succeeded', uuid: 't2', result: "{'password': 'hunter2'}" },
  ]);
  await until(() => all.heard.length === 2 && one.heard.length === 1, 'the events');
  expect(all.heard[0]).toMatchObject({
    type: 'task-succeeded',
    uuid: 't1',
    result: '3',
    runtime: 0.25,
    hostname: 'w@h',
  });
  expect(one.heard).toMatchObject([{ uuid: 't2', result: "{'password': '********'}" }]);
  const url = '/api/task/events/task-succeeded/';
  expect((await dashboard.app.inject({ url })).statusCode).toBe(426);
  const posted = await dashboard.app.inject({ method: 'POST', url, payload: {} });
  expect([posted.statusCode, posted.headers.allow, posted.body]).toEqual([405, 'GET', '']);
  const ended = new Promise((resolve) => all.socket.on('close', resolve));
  await dashboard.close();
  expect(await ended).toBe(1001);
});
