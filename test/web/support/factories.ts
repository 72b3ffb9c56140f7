// Rows and replies as the API gives them, whole and uneventful; a test says only what it is about.
import type { ClusterInfo } from '../../../shared/wire/cluster.ts';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import type { FailureGroup, Figures, Overview } from '../../../shared/wire/overview.ts';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import type { SeriesReply } from '../../../shared/wire/series.ts';
import type { TaskPage, TaskRow } from '../../../shared/wire/tasks.ts';
import type { WorkerDetail, WorkerRow } from '../../../shared/wire/workers.ts';

export const NOW = Math.floor(Date.now() / 1000);

export const workerRow = (change: Partial<WorkerRow> = {}): WorkerRow => ({
  hostname: 'celery@web-1',
  status: 'online',
  last_heard: NOW - 1,
  freq: 2,
  active: 2,
  concurrency: 8,
  processed: 100,
  failed: 0,
  succeeded: 100,
  retried: 0,
  loadavg: [0.5, 0.4, 0.3],
  pid: 4711,
  sw_ident: 'py-celery',
  sw_ver: '5.2.6',
  sw_sys: 'Linux',
  pool: 'prefork',
  queues: ['celery'],
  task_events: true,
  finished_per_min: [3, 4, 5],
  per_min: 4,
  failed_last_hour: 0,
  slots_as_of: NOW - 1,
  controllable: true,
  control_reason: null,
  drift: null,
  ...change,
});

export const workerDetail = (change: Partial<WorkerDetail> = {}): WorkerDetail => ({
  ...workerRow(),
  inspected: NOW - 1,
  stats: null,
  conf: null,
  active_queues: [],
  active_tasks: [],
  unlisted_reason: null,
  reserved: [],
  scheduled: [],
  revoked: [],
  registered: [],
  prefetch_count: 8,
  uptime: 3600,
  can_terminate: 'yes' as never,
  held: null,
  ...change,
});

export const registeredTask = (change: Partial<WorkerDetail['registered'][number]> = {}) => ({
  name: 'shop.pay',
  rate_limit: null,
  time_limit: null,
  soft_time_limit: null,
  max_retries: 3,
  finished: 12,
  failed: 0,
  per_min: 4,
  p95: 0.2,
  ...change,
});

export const requestInfo = (change: Partial<WorkerDetail['active_tasks'][number]> = {}) => ({
  id: '11111111-2222-3333-4444-555555555555',
  name: 'shop.pay',
  args: [4711],
  kwargs: {},
  time_start: NOW - 10,
  acknowledged: true,
  worker_pid: 4711,
  eta: null,
  baseline_p95: null,
  ...change,
});

export const queueRow = (change: Partial<QueueRow> = {}): QueueRow => ({
  name: 'celery',
  messages: 3,
  by_priority: {},
  unacked: 1,
  workers: ['celery@web-1'],
  consumers: 1,
  oldest: NOW - 10,
  per_min: 0,
  out_per_min: 4,
  drain: 60,
  growing: false,
  depth: [1, 2, 3],
  probed: NOW - 1,
  ...change,
});

export const failureGroup = (change: Partial<FailureGroup> = {}): FailureGroup => ({
  exception: 'ReadTimeout',
  message: 'Read timed out.',
  task: 'shop.orders.charge',
  count: 3,
  first: NOW - 600,
  last: NOW - 20,
  is_new: false,
  trend: [0, 1, 2],
  example: '11111111-2222-3333-4444-555555555555',
  ...change,
});

export const figures = (change: Partial<Figures> = {}): Figures => ({
  finished_per_min: 120,
  failed_percent: 0.5,
  baseline_failed_percent: 0.4,
  baseline_finished_per_min: 118,
  waiting: 12,
  oldest_waiting: NOW - 10,
  oldest_queue: 'celery',
  busy: 2,
  slots: 8,
  unknown_slots: 0,
  uncounted_workers: 0,
  workers_online: 1,
  workers_total: 1,
  spark: { finished: [1, 2], failed_percent: [0, 0], waiting: [1, 2], busy: [1, 2] },
  ...change,
});

const known = { ok: true, as_of: NOW, since: null, reason: null };
const knowledge = { events: known, broker: known, control: known, history: known, results: known } as never;

export const overviewReply = (change: Partial<Overview> = {}): Overview => ({
  attention: [],
  attention_more: 0,
  settling: false,
  knowledge,
  figures: figures(),
  failures: [failureGroup()],
  queues: [queueRow()],
  queues_total: 1,
  workers: [workerRow()],
  workers_total: 1,
  ...change,
});

export const clusterInfo = (change: Partial<ClusterInfo> = {}): ClusterInfo => ({
  via: 'loopback',
  name: 'shop',
  version: '1.0.0',
  broker: 'redis://localhost',
  result_backend: null,
  sources: [],
  events_per_s: 10,
  events_total: 1000,
  events_lost: 0,
  gaps: [],
  knowledge,
  read_only: false,
  role: 'admin',
  user: null,
  server_time: NOW,
  ...change,
});

/** Knowledge of which one source is away. */
export const awayOf = (source: string, since = NOW - 90) =>
  ({ ...(knowledge as object), [source]: { ok: false, as_of: since, since, reason: 'gone' } }) as never;

export const series = (change: Partial<SeriesReply> = {}): SeriesReply => ({
  range: '15m',
  t: [0, 60, 120],
  step: 60,
  last_unfinished: false,
  lines: { SUCCESS: [1, 2, 3] },
  totals: { SUCCESS: 6 },
  gaps: [],
  ...change,
});

/** A task that succeeded, `n` seconds after the epoch, so that higher numbers are newer. */
export const taskRow = (n = 1, change: Partial<TaskRow> = {}): TaskRow => ({
  uuid: `task-${n}`,
  name: 'shop.pay',
  state: 'SUCCESS',
  worker: null,
  queue: null,
  args: null,
  kwargs: null,
  result: null,
  exception: null,
  retries: 0,
  runtime: null,
  eta: null,
  expires: null,
  sent: n,
  received: null,
  started: null,
  succeeded: null,
  failed: null,
  retried: null,
  revoked: null,
  rejected: null,
  timestamp: n,
  first_seen: n,
  root_id: null,
  parent_id: null,
  ...change,
});

export const taskPage = (rows: readonly TaskRow[], change: Partial<TaskPage> = {}): TaskPage => ({
  items: [...rows],
  next: null,
  counts: { SUCCESS: rows.length },
  counts_capped: false,
  total: rows.length,
  ...change,
});

export const operationRecord = (change: Partial<OperationRecord> = {}): OperationRecord => ({
  id: 1,
  at: NOW - 60,
  who: 'ana',
  action: 'revoke',
  subject: 'task-1',
  request: {},
  outcome: 'ok',
  summary: 'Revoked',
  answers: [],
  ...change,
});
