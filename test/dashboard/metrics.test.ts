// What /metrics tells, what it forgets, and that Prometheus' own checker finds nothing in it.
import { spawnSync } from 'node:child_process';
import performance from 'node:perf_hooks';
import { expect, it, vi } from 'vitest';
import { listening, place, type SentEvent, task } from '../support/listening.ts';
import { itNeedsPromtool } from '../support/needs.ts';
import { until } from '../support/until.ts';

itNeedsPromtool('promtool finds nothing in it, with workers, tasks, queues and a gap', async () => {
  const at = place();
  const first = await listening(at);
  await first.emit([first.beat(100), ...task('a'), first.beat(101)]);
  await until(
    async () => (await first.cluster.history.heard())?.workers.some((w) => w.begun === 101),
    'it to be kept how far the worker was heard',
  );
  await first.dashboard.close();
  const { emit, beat, ranBefore, enqueue, metrics } = await listening(at);
  await enqueue('nobody');
  await emit([
    ...task('b'),
    { type: 'task-succeeded', uuid: 'c', name: 'shop.add', runtime: 0.5 },
    { type: 'task-failed', uuid: 'd', name: 'shop.add', exception: "KeyError('x')" },
    { type: 'task-retried', uuid: 'e', name: 'shop.add' },
  ]);
  const text = await until(async () => {
    // The worker has gone on meanwhile: that is the gap.
    await emit([beat(180)]);
    ranBefore();
    const text = await metrics();
    const all = [
      /^umbel_events_gaps_total 1$/m,
      /^umbel_queue_length\{queue="nobody"\} 1$/m,
      /^umbel_queue_consumers\{queue="nobody"\} 0$/m,
      /^flower_worker_online\{/m,
    ];
    return all.every((pattern) => pattern.test(text)) && text;
  }, 'a worker, a queue and a gap in the metrics');
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

it('metrics of a worker go with it, and an offline one executes nothing', async () => {
  const { emit, beat, metrics, cluster } = await listening({
    ...{ ...place(), purge_offline_workers: 0, task_runtime_metric_buckets: [0.25, 1] },
  });
  await emit([
    beat(1),
    ...task('a'),
    { type: 'task-succeeded', uuid: 'b', name: 'shop.add', runtime: 0.5 },
    beat(1, { hostname: 'w2' }),
    { type: 'task-started', uuid: 'c', name: 'shop.add', hostname: 'w2' },
  ]);
  await until(async () => (await metrics()).includes('flower_events_total{worker="w2"'), 'metrics');
  const before = await metrics();
  expect(before).toMatch(/^flower_worker_number_of_currently_executing_tasks\{worker="w1"\} 3$/m);
  expect(before).toMatch(/^flower_task_runtime_seconds_count\{worker="w1",task="shop.add"\} 1$/m);
  const buckets = [...before.matchAll(/^flower_task_runtime_seconds_bucket\{.*le="([^"]+)".*\} (\d)$/gm)];
  expect(buckets.map(([, upTo, n]) => [upTo, n])).toEqual([
    ['0.25', '0'],
    ['1', '1'],
    ['+Inf', '1'],
  ]);

  await emit([{ type: 'worker-offline' }, { type: 'worker-offline', hostname: 'w2' }]);
  await until(() => cluster.state.workers.size === 0, 'the workers to be forgotten');
  await until(async () => !/worker="w[12]"/.test(await metrics()), 'their series to go');
});

it('tells how long tasks waited and ran whatever their end, and by which exception they failed; what is told twice counts once', async () => {
  const { emit, beat, metrics, cluster } = await listening(place());
  const at = Date.now() / 1000;
  const failed = { type: 'task-failed', uuid: 'b', exception: "shop.errors.NoStock('7')", timestamp: at + 5 };
  await emit([
    beat(1),
    { type: 'task-sent', uuid: 'a', name: 'shop.add', queue: 'orders', hostname: 'c1', timestamp: at - 20 },
    { type: 'task-received', uuid: 'a', name: 'shop.add', timestamp: at - 1 },
    { type: 'task-started', uuid: 'a', timestamp: at },
    { type: 'task-succeeded', uuid: 'a', runtime: 0.3, timestamp: at + 0.3 },
    { type: 'task-received', uuid: 'b', name: 'shop.add', timestamp: at },
    { type: 'task-started', uuid: 'b', timestamp: at },
    failed,
    failed,
    { type: 'task-received', uuid: 'c', name: 'shop.add', timestamp: at, eta: '2030-01-01T00:00:00' },
    { type: 'task-started', uuid: 'c', timestamp: at },
    { type: 'task-failed', uuid: 'c', exception: 'shop.errors.NoStock()', timestamp: at + 0.2 },
  ]);
  await until(() => cluster.state.tasks.get('c')?.state === 'FAILURE', 'all of it to be heard');
  await until(async () => (await metrics()).includes('umbel_task_failures_total{'), 'the ends to be counted');
  const lines = (await metrics()).split('\n');
  const of = (start: string) => lines.filter((line) => line.startsWith(start));
  expect(of('umbel_task_failures_total')).toEqual(['umbel_task_failures_total{task="shop.add",exception="NoStock"} 2']);
  // Twenty seconds from sent to started; the one that was to begin later did not wait for a worker.
  expect(of('umbel_task_wait_seconds_bucket{le="10",queue="orders"')).toEqual([
    'umbel_task_wait_seconds_bucket{le="10",queue="orders",task="shop.add"} 0',
  ]);
  expect(
    of('umbel_task_wait_seconds_sum{queue="orders"').map((line) => Math.round(Number(line.split(' ')[1]))),
  ).toEqual([20]);
  expect(of('umbel_task_wait_seconds_count').map((line) => line.split(' ')[1])).toEqual(['1', '1']);
  expect(of('umbel_task_run_seconds_count').sort()).toEqual([
    'umbel_task_run_seconds_count{task="shop.add",state="FAILURE"} 2',
    'umbel_task_run_seconds_count{task="shop.add",state="SUCCESS"} 1',
  ]);
  // Flower's own is of successes, by the worker's word.
  expect(of('flower_task_runtime_seconds_count')).toEqual([
    'flower_task_runtime_seconds_count{worker="w1",task="shop.add"} 1',
  ]);
});

it('tells of its own health: lag, losses, size, a blocked loop, what answers, its own requests', async () => {
  const { dashboard, emit, beat, metrics } = await listening(place());
  const late = { timestamp: Date.now() / 1000 - 7 };
  // Of a client's clock nobody knows anything.
  await emit([beat(1, late), { type: 'task-sent', uuid: 'a', name: 'shop.add', hostname: 'c1', timestamp: 1 }]);
  await dashboard.app.inject('/api/v2/overview');
  await dashboard.app.inject('/nothing/here.js');
  const value = (text: string, line: string) =>
    Number(
      text
        .split('\n')
        .find((l) => l.startsWith(`${line} `))
        ?.split(' ')[1],
    );
  const text = await until(async () => {
    const text = await metrics();
    return value(text, 'umbel_source_up{source="broker"}') === 1 && text.includes('umbel_events_lag_seconds ') && text;
  }, 'broker and lag');
  expect(value(text, 'umbel_events_lag_seconds')).toBeGreaterThanOrEqual(6.9);
  expect(value(text, 'umbel_events_lag_seconds')).toBeLessThan(3600);
  expect(value(text, 'umbel_history_bytes')).toBeGreaterThan(10_000);
  expect(value(text, 'umbel_source_up{source="store"}')).toBe(1);
  expect(text).not.toContain('source="results"');
  expect(value(text, 'umbel_events_lost_total')).toBe(0);
  expect(value(text, 'nodejs_eventloop_lag_max_seconds')).toBeGreaterThanOrEqual(0);
  expect(text).toMatch(/^umbel_http_request_seconds_count\{method="GET",route="\/api\/v2\/overview",code="200"\} 1$/m);
  expect(text).not.toContain('here.js');
  expect(text).toMatch(/^umbel_build_info\{version="\d[^"]*"\} 1$/m);
});

it('whatever names are invented, every family keeps to its share of the size, and tells the rest as other', async () => {
  const N = 3000;
  const size = 150_000;
  const { emit, beat, metrics, cluster } = await listening({ ...place(), max_metrics_size: size });
  const each = (of: (i: number) => SentEvent) => emit(Array.from({ length: N }, (_, i) => of(i)));
  // The next heartbeats are not due before the test ends, however slow the machine.
  const freq = 3600;
  await emit([beat(1, { freq }), ...task('a'), { type: 'task-succeeded', uuid: 'a', name: 'shop.add', runtime: 0.5 }]);
  await each((i) => beat(1, { hostname: `invented-${i}"\n`, active: 1, freq }));
  await each((i) => ({ type: 'task-received', uuid: `r${i}`, name: `waits.${'é'.repeat(i % 100)}${i}` }));
  await each((i) => ({ type: 'task-succeeded', uuid: `s${i}`, name: `runs.${i}`, runtime: 1 }));
  await each((i) => ({ type: 'task-started', uuid: `t${i}`, name: 'shop.add', hostname: `invented-${i}"\n` }));
  await until(() => cluster.state.tasks.get(`t${N - 1}`)?.state === 'STARTED', 'all of it to be heard');
  const text = await metrics();
  const lines = text.split('\n').filter((line) => /^(flower|umbel)_/.test(line));
  const family = (name: string) => lines.filter((line) => line.startsWith(`${name}{`));
  const total = (name: string) => family(name).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);

  expect(Buffer.byteLength(lines.join('\n'))).toBeLessThan(size);
  // Each says of all what it said of each, and what was there first has its own series.
  expect(total('flower_events_total')).toBe(3 * N + 4);
  expect(total('flower_task_runtime_seconds_count')).toBe(N + 1);
  expect(total('flower_worker_online')).toBe(N + 1);
  expect(total('flower_worker_number_of_currently_executing_tasks')).toBe(N + 3);
  expect(total('flower_worker_prefetched_tasks')).toBe(N);
  for (const [name, own, most] of [
    ['flower_events_total', 'worker="w1",type="task-succeeded",task="shop.add"', 620],
    ['flower_task_runtime_seconds_count', 'worker="w1",task="shop.add"', 68],
    ['flower_worker_online', 'worker="w1"', 105],
    ['flower_worker_number_of_currently_executing_tasks', 'worker="w1"', 74],
  ] as const) {
    const series = family(name);
    expect([name, series.length > 5, series.length < most]).toEqual([name, true, true]);
    expect(series.some((line) => line.includes(`{${own}}`))).toBe(true);
    expect(series.some((line) => line.includes('worker="other"'))).toBe(true);
  }
  expect(Number(/^umbel_metric_series_dropped_total (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(2 * N);
});

it('a cluster of 200 workers with 20 tasks each is told apart, without an option', async () => {
  const { emit, beat, metrics, cluster } = await listening(place());
  const freq = 3600;
  for (let w = 0; w < 200; w++)
    await emit([
      beat(1, { hostname: `celery@worker-${w}.example.com`, freq }),
      ...Array.from({ length: 20 }, (_, t) => ({
        ...{ type: 'task-succeeded', uuid: `${w}-${t}`, name: `shop.orders.tasks.number_${t}`, runtime: 0.5 },
        hostname: `celery@worker-${w}.example.com`,
      })),
    ]);
  await until(() => cluster.state.tasks.get('199-19')?.state === 'SUCCESS', 'all of it to be heard');
  const text = await metrics();
  expect(text.match(/^flower_task_runtime_seconds_count\{/gm)).toHaveLength(4000);
  expect(text).not.toContain('worker="other"');
  expect(text).toMatch(/^umbel_metric_series_dropped_total 0$/m);
});

it('every metric has a help text, only counters end in _total, and every counter does', async () => {
  const { metrics } = await listening(place());
  const text = await metrics();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((m) => [m[1]!, m[2]!]));
  const helps = new Map([...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map((m) => [m[1]!, m[2]!]));
  for (const [name, type] of types) {
    expect([name, helps.has(name)]).toEqual([name, true]);
    if (/^(umbel|flower)_/.test(name)) expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
  }
  expect([...types.keys()]).toEqual(
    expect.arrayContaining([
      'flower_events_total',
      'flower_task_prefetch_time_seconds',
      'flower_task_runtime_seconds',
      'flower_worker_number_of_currently_executing_tasks',
      'flower_worker_online',
      'flower_worker_prefetched_tasks',
    ]),
  );
});

it('the event loop is watched once, however many dashboards there have been', async () => {
  using watches = vi.spyOn(performance, 'monitorEventLoopDelay');
  for (let i = 0; i < 3; i++) {
    const { dashboard, metrics } = await listening(place());
    expect(await metrics()).toMatch(/^nodejs_eventloop_lag_max_seconds /m);
    expect(await metrics()).toMatch(/^process_cpu_user_seconds_total /m);
    await dashboard.close();
  }
  // In a process of several test files another may have begun it.
  expect(watches.mock.calls.length).toBeLessThanOrEqual(1);
});
