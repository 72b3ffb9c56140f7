// The Grafana board and the alert rules of docs/monitoring: every metric and label they name is told by /metrics, every expression is
// one that Prometheus reads, and every alert comes when what it is about happens.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { listening, place, task } from '../support/listening.ts';
import { itNeedsPromtool } from '../support/needs.ts';
import { until } from '../support/until.ts';

const FOLDER = new URL('../../docs/monitoring/', import.meta.url);
const ALERTS = new URL('alerts.yml', FOLDER).pathname;
const board = JSON.parse(readFileSync(new URL('grafana.json', FOLDER), 'utf8')) as {
  panels: { id: number; title: string; targets?: { expr: string }[] }[];
  templating: { list: { name: string; definition?: string }[] };
};
/** What Grafana puts in the place of a variable. */
const filled = (text: string) => text.replaceAll('$__rate_interval', '5m').replace(/\$\w+/g, '.*');
const boardExprs = board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => filled(expr)));

/** Names of metrics in an expression, each with the labels it is asked by. */
function metricsIn(expr: string): { name: string; labels: string[] }[] {
  return [...expr.matchAll(/\b((?:flower|umbel|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)].map((m) => ({
    name: m[1]!,
    labels: [...(m[2] ?? '').matchAll(/(\w+)\s*=/g)].map((label) => label[1]!),
  }));
}

/** What Prometheus itself adds to every series. */
const ADDED = ['job', 'instance'];

it('every metric and label that the board and the rules name is there', async () => {
  const { emit, beat, enqueue, metrics, dashboard } = await listening(place());
  await enqueue('orders');
  await emit([
    beat(1),
    ...task('a', { runtime: 0.5 }),
    { type: 'task-received', uuid: 'b', name: 'shop.add', queue: 'orders' },
    { type: 'task-started', uuid: 'b', name: 'shop.add' },
    { type: 'task-failed', uuid: 'b', exception: "KeyError('x')" },
    { type: 'task-received', uuid: 'c', name: 'shop.add', queue: 'orders' },
    { type: 'task-received', uuid: 'd', name: 'shop.add' },
    { type: 'task-started', uuid: 'd', name: 'shop.add' },
  ]);
  await dashboard.app.inject('/healthcheck');
  const text = await until(async () => {
    const text = await metrics();
    return /umbel_queue_length\{/.test(text) && /umbel_task_failures_total\{/.test(text) && text;
  }, 'a queue and a failure');
  const labelsOf = new Map<string, Set<string>>();
  for (const [, type, kind] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    for (const end of kind === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
      labelsOf.set(`${type}${end}`, new Set());
  for (const [, name, labels] of text.matchAll(/^(\w+)\{(.*)\} \S+$/gm))
    for (const [, label] of labels!.matchAll(/(\w+)="/g)) labelsOf.get(name!)?.add(label!);
  // No worker answers questions here, and no message has a time or a priority.
  for (const [name, label] of [
    ['umbel_worker_slots', 'worker'],
    ['umbel_queue_length_by_priority', 'priority'],
  ] as const)
    labelsOf.get(name)?.add(label).add('queue');

  const rules = [...readFileSync(ALERTS, 'utf8').matchAll(/^ +expr: (?:\|\n)?([\s\S]*?)\n +(?:for|labels):/gm)].map(
    (m) => m[1]!,
  );
  expect(rules).toHaveLength(14);
  const vars = board.templating.list.map(({ definition }) => definition ?? '');
  const asked = [...boardExprs, ...rules, ...vars].flatMap(metricsIn);
  expect(asked.length).toBeGreaterThan(50);
  for (const { name, labels } of asked) {
    expect([name, labelsOf.has(name)]).toEqual([name, true]);
    for (const label of labels)
      if (!ADDED.includes(label))
        expect([name, label, labelsOf.get(name)?.has(label) ?? false]).toEqual([name, label, true]);
  }
  const guide = readFileSync(new URL('../guides/metrics-and-grafana.md', FOLDER), 'utf8');
  const types = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map((m) => m[1]!));
  const named = [...guide.matchAll(/`((?:flower|umbel|nodejs|process)_[a-z_]*[a-z])(?:\{\w+\})?`/g)].map((m) => m[1]!);
  expect(named.length).toBeGreaterThan(25);
  // These are told by one that stands by alone (standby.test.ts).
  const byStandby = ['umbel_standby', 'umbel_standby_owner_up'];
  expect(named.filter((name) => !types.has(name) && !byStandby.includes(name))).toEqual([]);
  // And the other way round: what is told of tasks, queues and events has its place on the board.
  const shown = new Set(boardExprs.flatMap(metricsIn).map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')));
  const missing = [...text.matchAll(/^# TYPE (flower_\S+|umbel_queue_\S+|umbel_task_\S+) /gm)]
    .map((m) => m[1]!)
    .filter((name) => !shown.has(name));
  expect(missing).toEqual([]);
});

function promtool(args: readonly string[], files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-promtool-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
  return status === 0 ? 'ok' : `${status}\n${stdout}${stderr}`;
}

itNeedsPromtool('Prometheus reads every expression of the board, and the rules', () => {
  const rules = boardExprs.map((expr, i) => ({ record: `board:${i}`, expr }));
  // JSON is YAML.
  const text = JSON.stringify({ groups: [{ name: 'board', rules }] });
  expect(promtool(['check', 'rules', 'board.yml'], { 'board.yml': text })).toBe('ok');
  expect(promtool(['check', 'rules', ALERTS], {})).toBe('ok');
});

itNeedsPromtool('every alert comes when what it is about happens, and none while all is well', () => {
  const at = 'job="umbel",instance="i"';
  const times = (value: string | number) => `${value}x60`;
  const constant = (value: number) => times(`${value}+0`);
  /** Of each alert: the series that brings it, and the one of a good hour. */
  const cases: [alert: string, series: string, bad: string, good: string][] = [
    ['CeleryWorkerOffline', `flower_worker_online{${at},worker="w1"}`, constant(0), constant(1)],
    [
      'CeleryTasksFail',
      `flower_events_total{${at},worker="w1",type="task-failed",task="t"}`,
      times('0+5'),
      times('0+1'),
    ],
    [
      'CeleryTasksWaitAtWorkers',
      `flower_task_prefetch_time_seconds{${at},worker="w1",task="t"}`,
      constant(9),
      constant(0),
    ],
    ['CeleryQueueHasNoConsumer', `umbel_queue_consumers{${at},queue="q"}`, constant(0), constant(1)],
    ['CeleryQueueIsOld', `umbel_queue_oldest_message_age_seconds{${at},queue="q"}`, times('0+60'), constant(5)],
    [
      'CeleryTasksStartLate',
      `umbel_task_wait_seconds_bucket{${at},queue="q",task="t",le="60"}`,
      constant(0),
      times('0+10'),
    ],
    [
      'CeleryAllSlotsBusy',
      `flower_worker_number_of_currently_executing_tasks{${at},worker="w1"}`,
      constant(8),
      constant(4),
    ],
    ['UmbelDown', `up{${at}}`, constant(0), constant(1)],
    ['UmbelSourceDown', `umbel_source_up{${at},source="broker"}`, constant(0), constant(1)],
    ['UmbelMissedEvents', `umbel_events_lost_total{${at}}`, times('0+10'), constant(3)],
    ['UmbelLagsBehind', `umbel_events_lag_seconds{${at}}`, constant(90), constant(1)],
    ['UmbelHistoryNotWritten', `umbel_history_writable{${at}}`, constant(0), constant(1)],
    ['UmbelIsBlocked', `nodejs_eventloop_lag_max_seconds{${at}}`, constant(3), constant(0)],
    ['UmbelDropsSeries', `umbel_metric_series_dropped_total{${at}}`, times('0+10'), constant(3)],
  ];
  const always = [
    { series: `flower_events_total{${at},worker="w1",type="task-succeeded",task="t"}`, values: times('0+200') },
    { series: `umbel_queue_length{${at},queue="q"}`, values: constant(7) },
    { series: `umbel_task_wait_seconds_bucket{${at},queue="q",task="t",le="300"}`, values: times('0+10') },
    { series: `umbel_task_wait_seconds_bucket{${at},queue="q",task="t",le="+Inf"}`, values: times('0+10') },
    { series: `umbel_worker_slots{${at},worker="w1"}`, values: constant(8) },
  ];
  const names = cases.map(([alertname]) => alertname);
  const tests = [true, false].map((isBad) => ({
    interval: '1m',
    input_series: [...always, ...cases.map(([, series, bad, good]) => ({ series, values: isBad ? bad : good }))],
    // Whether it comes, by its count: its words are not this test's.
    promql_expr_test: names.map((alertname) => ({
      expr: `count(ALERTS{alertname="${alertname}",alertstate="firing"}) or vector(0)`,
      eval_time: '59m',
      exp_samples: [{ labels: '{}', value: isBad ? 1 : 0 }],
    })),
  }));
  const text = JSON.stringify({ rule_files: [ALERTS], evaluation_interval: '1m', tests });
  expect(promtool(['test', 'rules', 'test.yml'], { 'test.yml': text })).toBe('ok');
});
