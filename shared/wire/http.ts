// Every HTTP request and reply of /api/v2, once: schema for the server (validation, serialisation, OpenAPI), type for the page.
// The page imports types only. WebSocket frames: live.ts. Field names are Celery's, snake_case; instants are seconds since the
// epoch (fractions kept), durations seconds. Routes: server/dashboard/routes/.
// Long because it is one table: every route's shapes side by side, which is how they are read.
import { type Static, type TSchema, Type } from 'typebox';
import { Precision } from './count.ts';
import { OperationEffect } from './effect.ts';
import { WaitReason } from './wait.ts';

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Str = Type.String();
const Num = Type.Number();
const Int = Type.Integer();
const Bool = Type.Boolean();
const NStr = Nullable(Str);
const NNum = Nullable(Num);
const NInt = Nullable(Int);
const NBool = Nullable(Bool);

/** One task in a list. Strings of Python reprs as the worker sent them. */
export const TaskRow = Type.Object({
  uuid: Str,
  name: NStr,
  /** PENDING, RECEIVED, STARTED, SUCCESS, FAILURE, REVOKED, REJECTED, RETRY or a custom one. */
  state: Str,
  /** nodename of the worker that has or had it. */
  worker: NStr,
  queue: NStr,
  args: NStr,
  kwargs: NStr,
  result: NStr,
  exception: NStr,
  retries: Int,
  /** @unit seconds */
  runtime: NNum,
  eta: NStr,
  expires: NStr,
  sent: NNum,
  received: NNum,
  started: NNum,
  succeeded: NNum,
  failed: NNum,
  retried: NNum,
  revoked: NNum,
  rejected: NNum,
  /** Instant of the newest event merged. */
  timestamp: Num,
  /** Order among tasks: sent, else received, else the first event. What `received` sorting and cursors use. */
  first_seen: Num,
  root_id: NStr,
  parent_id: NStr,
  /**
   * Fields of which only the beginning is here, since a list and a live frame carry 2,000 characters of each. Absent: all is whole.
   * The task's own page has as much as was taken in: texts that were too long for that end in '...'.
   */
  cut: Type.Optional(Type.Array(Str)),
  /** It was with a worker that fell silent or left: since then nobody knows what became of it. Absent: its state holds. */
  unknown_since: Type.Optional(Num),
  /**
   * It was revoked, then or (by its worker's list of revoked tasks) before, and has not begun: a worker drops it when it comes to it, a
   * waiting ETA included. Nothing is left to revoke. Absent: it was not, as far as is known.
   */
  revoke_asked: Type.Optional(Num),
});
export type TaskRow = Static<typeof TaskRow>;

/** One try of a task, when it was retried. */
export const TaskTry = Type.Object({
  number: Int,
  state: Str,
  worker: NStr,
  received: NNum,
  started: NNum,
  ended: NNum,
  exception: NStr,
  traceback: NStr,
});
export type TaskTry = Static<typeof TaskTry>;

/** The stored state of a task that has not ended, as its body wrote it with update_state. */
export const Progress = Type.Object({
  task_id: Str,
  /** 'PROGRESS' or whatever the task calls it; STARTED as long as it wrote none. */
  state: Str,
  /** meta's `current` and `total`, when they are numbers. */
  current: NNum,
  total: NNum,
  /** All of the meta, secrets masked, cut when long. */
  meta: Type.Unknown(),
  /** When the result store was last asked; and when what it says last changed, as far as this server saw. */
  asked: Num,
  changed: Num,
  /** Why nothing is known: no result store, it does not answer. Then `state` is that of the events. */
  reason: NStr,
});
export type Progress = Static<typeof Progress>;

/** How a task ended other than by running, or what was done to it: expired, revoked, terminated, purged, rejected. */
export const Became = Type.Object({
  what: Type.Union([
    Type.Literal('expired'),
    Type.Literal('revoked'),
    Type.Literal('terminated'),
    Type.Literal('purged'),
    Type.Literal('rejected'),
  ]),
  at: NNum,
  /** The operator, when it was done from this dashboard. */
  who: NStr,
  /** Id of that operation in the audit log. */
  operation: NInt,
  /** 'Expired before a worker could start it.' */
  sentence: Str,
});
export type Became = Static<typeof Became>;

export const TaskDetail = Type.Intersect([
  TaskRow,
  Type.Object({
    traceback: NStr,
    exchange: NStr,
    routing_key: NStr,
    clock: Int,
    pid: NInt,
    /** args/kwargs were cut by the sender and are no complete literal. */
    args_truncated: Bool,
    kwargs_truncated: Bool,
    tries: Type.Array(TaskTry),
    parent: Nullable(TaskRow),
    root: Nullable(TaskRow),
    children: Type.Array(TaskRow),
    children_total: Int,
    /** p95 runtime of this task's name over the last hour, to judge by. @unit seconds */
    baseline_p95: NNum,
    /** Failures of the same task and exception class in the last 24 h, this one included. */
    same_failures: Int,
    /** Which actions apply now; a refusal says why. */
    actions: Type.Object({
      revoke: Type.Object({ allowed: Bool, reason: NStr }),
      terminate: Type.Object({ allowed: Bool, reason: NStr }),
      retry: Type.Object({ allowed: Bool, reason: NStr }),
    }),
    /** The worker that had it is gone while the task was not finished. */
    orphaned: Bool,
    /** It should be with its worker, who says that it has it no more: it ended without an event, or the event was lost. */
    end_unknown: Bool,
    /** Why it does not run, from what is known already; null: it has ended. `/tasks/:uuid/wait` asks anew. */
    wait: Type.Optional(Nullable(WaitReason)),
    /** Of one that has started and not ended; null: nothing is stored, or it is not looked at. Watched tasks get it in patches. */
    progress: Type.Optional(Nullable(Progress)),
    became: Type.Optional(Nullable(Became)),
  }),
]);
export type TaskDetail = Static<typeof TaskDetail>;

/** /tasks/:uuid/wait. null: it has ended. */
export const WaitReply = Type.Object({ wait: Nullable(WaitReason) });
export type WaitReply = Static<typeof WaitReply>;

export const TasksQuery = Type.Object({
  /** The query language of shared/query. */
  q: Type.Optional(Str),
  /** Comma separated. */
  state: Type.Optional(Str),
  /** first_seen, runtime, name, state, worker, retries; '-' in front for descending. Default -first_seen. */
  sort: Type.Optional(Str),
  cursor: Type.Optional(Str),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  from: Type.Optional(Num),
  to: Type.Optional(Num),
});
export type TasksQuery = Static<typeof TasksQuery>;

export const TaskPage = Type.Object({
  items: Type.Array(TaskRow),
  /** Give it as `cursor` for the next page; null at the end. */
  next: NStr,
  /** Tasks matching `q` per state, whatever `state` asked for. Counted up to 10,000 each: then `counts_capped` is true. */
  counts: Type.Record(Str, Int),
  counts_capped: Bool,
  /**
   * Of these counts so many are of tasks whose worker fell silent or left: whether they still run nobody knows (`unknown_since`).
   */
  counts_unknown: Type.Optional(Type.Record(Str, Int)),
  /** Matching q and state. */
  total: Int,
  total_is: Type.Optional(Precision),
  /** How sure each of `counts` is. */
  counts_are: Type.Optional(Type.Record(Str, Precision)),
  /** Looking stopped at tasks first seen then, before everything was seen: older matches may exist. null: all was looked at. */
  looked_back_to: Type.Optional(NNum),
  /** What one should know of this answer: that custom states live in the result store, for instance. */
  note: Type.Optional(NStr),
});
export type TaskPage = Static<typeof TaskPage>;

/** Completion of the query field: values of one field within the present result. */
export const FacetReply = Type.Object({
  field: Str,
  values: Type.Array(Type.Object({ value: Str, count: Int })),
  /** The counts are of the newest so many tasks. */
  of_newest: Type.Optional(Int),
});
export type FacetReply = Static<typeof FacetReply>;

/** The stored result, fetched from the result backend on demand. */
export const ResultReply = Type.Object({
  task_id: Str,
  /** How long its text is as JSON. @unit characters */
  size: NInt,
  /** Only its beginning is here; ask with `whole=true` for all of it. */
  cut: Bool,
  /** false: the backend has no such record (expired, ignored or never stored) or none is configured: `reason` says. */
  found: Bool,
  reason: NStr,
  status: NStr,
  result: Type.Unknown(),
  traceback: NStr,
  date_done: NStr,
});
export type ResultReply = Static<typeof ResultReply>;

const CallSource = Nullable(
  Type.Union([Type.Literal('message'), Type.Literal('unacked'), Type.Literal('result'), Type.Literal('event')]),
);

/** The whole call, where it can be had: events cut long and deep arguments. */
export const CallReply = Type.Object({
  task_id: Str,
  /** The message that waits or that a worker has, or the result record (result_extended); null: none holds it, `reason` says why. */
  source: CallSource,
  reason: NStr,
  args: Type.Unknown(),
  kwargs: Type.Unknown(),
  /** Of both as JSON. @unit characters */
  size: NInt,
  /** Only their beginnings are here. */
  cut: Bool,
});
export type CallReply = Static<typeof CallReply>;

/** What `retry` would send, told before it does. Not `allowed`: `reason` says why and what would make it possible. */
export const RetryPlan = Type.Object({
  task_id: Str,
  allowed: Bool,
  reason: NStr,
  source: CallSource,
  /** The source as words. */
  source_reason: NStr,
  name: NStr,
  /** As one would write it in Python; of a very long one the beginning. */
  call: NStr,
  queue: NStr,
  /** Why that queue, when nobody told which the task came from. */
  queue_reason: NStr,
  /** Those some worker consumes. */
  queues: Type.Array(Str),
  /** What one should know first. */
  notes: Type.Array(Str),
  /** The first one may still run: what would happen twice. To send it all the same, `retry` wants `accept_double: true`. */
  would_double: Type.Optional(NStr),
});
export type RetryPlan = Static<typeof RetryPlan>;

export const WorkerStatus = Type.Union([Type.Literal('online'), Type.Literal('late'), Type.Literal('offline')]);
export const WorkerRow = Type.Object({
  hostname: Str,
  status: WorkerStatus,
  /** Last heartbeat or event. */
  last_heard: NNum,
  freq: NNum,
  /** Slots taken and slots there are; null when unknown. */
  active: NInt,
  concurrency: NInt,
  /** By its own count, since it started. */
  processed: NInt,
  /** These three by its events, as long as it is remembered. */
  failed: Int,
  succeeded: Int,
  retried: Int,
  loadavg: Nullable(Type.Array(Num)),
  pid: NInt,
  sw_ident: NStr,
  sw_ver: NStr,
  sw_sys: NStr,
  pool: NStr,
  queues: Type.Array(Str),
  /** null: not known yet. false: this worker sends no task events. */
  task_events: Nullable(Bool),
  /** Finished per minute over the last 60 buckets of one minute. */
  finished_per_min: Type.Array(Int),
  /** Of those. */
  failed_last_hour: Int,
  /** When its slots were told (by inspect); null: never. */
  slots_as_of: NNum,
  /** Operations can reach it now. false: `control_reason` says why not. */
  controllable: Bool,
  control_reason: NStr,
  /** Its clock minus ours, when that is worth a word (over 2 s, over several heartbeats); null: its clock is right. @unit seconds */
  drift: NNum,
});
export type WorkerRow = Static<typeof WorkerRow>;

/** Request info as a worker tells it by inspect. */
export const RequestInfo = Type.Object(
  {
    id: Str,
    name: Str,
    args: Type.Unknown(),
    kwargs: Type.Unknown(),
    time_start: NNum,
    acknowledged: Type.Optional(Bool),
    worker_pid: NInt,
    eta: NStr,
    /** p95 runtime of this task name over the last hour. @unit seconds */
    baseline_p95: NNum,
  },
  { additionalProperties: true },
);
export type RequestInfo = Static<typeof RequestInfo>;

export const RegisteredTask = Type.Object({
  name: Str,
  rate_limit: NStr,
  time_limit: NNum,
  soft_time_limit: NNum,
  max_retries: NInt,
  /** Last hour on this worker. */
  finished: Int,
  failed: Int,
  p95: NNum,
  /** When its rate limit was last changed from this dashboard; null: not since it started. */
  limited_since: Type.Optional(NNum),
  /** Tasks started on this worker per minute since then, by its events; null: too early to say, or its events are not heard. */
  per_min_since: Type.Optional(NNum),
});
export type RegisteredTask = Static<typeof RegisteredTask>;

/** What a worker held when it was last heard. */
export const HeldTasks = Type.Object({
  /** When it was last heard: since then nothing is known of them. */
  since: Num,
  /** When it last told what it holds; null: never, it is from events alone. */
  as_of: NNum,
  total: Int,
  /** 100 at most, those that ran first. */
  tasks: Type.Array(
    Type.Object({
      uuid: Str,
      name: NStr,
      was: Type.Union([Type.Literal('running'), Type.Literal('reserved'), Type.Literal('scheduled')]),
      /** When it started, or was received. */
      at: NNum,
      /** It had acknowledged the message: the broker does not deliver it again. null: not told. */
      acknowledged: NBool,
    }),
  ),
});
export type HeldTasks = Static<typeof HeldTasks>;

/** What fills a worker's prefetch window. The parts add up to `taken`; null: unknown. */
export const PrefetchUse = Type.Object({
  /** How many messages it may hold unacknowledged; null: unknown. 0 on the wire means no limit: then `unlimited`. */
  window: NInt,
  unlimited: Bool,
  taken: NInt,
  /** Running and not yet acknowledged (acks_late), running and acknowledged already count as none. */
  running: NInt,
  reserved: NInt,
  /** Waiting for their ETA: each makes the window one larger, so that they hold nobody up. */
  eta: NInt,
  rate_limited: NInt,
  /** '9 of 17 taken, all waiting for their ETA.' */
  sentence: Str,
  known_at: NNum,
});
export type PrefetchUse = Static<typeof PrefetchUse>;

export const WorkerDetail = Type.Intersect([
  WorkerRow,
  Type.Object({
    /** When the worker last answered inspect; null: never. Figures older than 30 s are stale. */
    inspected: NNum,
    stats: Nullable(Type.Record(Str, Type.Unknown())),
    /** Secrets masked by the worker and again here. */
    conf: Nullable(Type.Record(Str, Type.Unknown())),
    active_queues: Type.Array(
      Type.Object({ name: Str, exchange: NStr, routing_key: NStr }, { additionalProperties: true }),
    ),
    active_tasks: Type.Array(RequestInfo),
    reserved: Type.Array(RequestInfo),
    scheduled: Type.Array(RequestInfo),
    revoked: Type.Array(Str),
    registered: Type.Array(RegisteredTask),
    prefetch_count: NInt,
    prefetch: Type.Optional(Nullable(PrefetchUse)),
    uptime: NNum,
    /** 'kill' or 'abort': what terminate can do here; null unknown. */
    can_terminate: NStr,
    /** Of a worker that fell silent or left: what it held then, as far as it is known. null: it is there. */
    held: Nullable(HeldTasks),
  }),
]);
export type WorkerDetail = Static<typeof WorkerDetail>;

export const QueueRow = Type.Object({
  name: Str,
  /** Ready messages; null: this broker could not be asked. */
  messages: NInt,
  by_priority: Type.Record(Str, Int),
  unacked: NInt,
  /** Workers that consume it, by their own word. */
  workers: Type.Array(Str),
  consumers: NInt,
  /** When the head was published. */
  oldest: NNum,
  /** Net change of depth per minute over the last five minutes. */
  per_min: NNum,
  /** Finished per minute over the last five minutes. */
  out_per_min: NNum,
  /** @unit seconds until empty at the present rate; null: never, or nothing waits. */
  drain: NNum,
  growing: Bool,
  /** Depth, last 60 minutes, one value a minute; null where not measured. */
  depth: Type.Array(NInt),
  probed: NNum,
});
export type QueueRow = Static<typeof QueueRow>;

export const PeekedMessage = Type.Object({
  position: Int,
  uuid: NStr,
  name: NStr,
  args: NStr,
  kwargs: NStr,
  priority: NInt,
  published: NNum,
  eta: NStr,
  retries: NInt,
  redelivered: Bool,
  size: Int,
  /** Why its body was not read: not JSON, or too large when decompressed. Not there: it was. */
  unread: Type.Optional(Str),
});
export type PeekedMessage = Static<typeof PeekedMessage>;

/** 15m, 1h, 6h, 24h, 7d, 30d. */
export const Range = Type.Union([
  Type.Literal('15m'),
  Type.Literal('1h'),
  Type.Literal('6h'),
  Type.Literal('24h'),
  Type.Literal('7d'),
  Type.Literal('30d'),
]);
export type Range = Static<typeof Range>;

/** A time of which events are missing. */
export const EventGap = Type.Object({
  since: Num,
  /** null: it goes on. */
  until: NNum,
  /** Tasks that began unseen, by the counts of their workers; null: unknown, no worker told. */
  tasks: NInt,
  /** exact: every worker of before told. at_least: some ended or fell silent meanwhile. Absent: about. */
  tasks_is: Type.Optional(Precision),
  /** Events of tasks, about; null: unknown. */
  events: NInt,
  events_is: Type.Optional(Precision),
  /**
   * broker-away: the line to the broker was down. not-running: no dashboard ran on this history. stood-still: this process was
   * suspended. not-written: they were heard, and the history could not be written for so long that they were given up.
   */
  cause: Type.Optional(
    Type.Union([
      Type.Literal('broker-away'),
      Type.Literal('not-running'),
      Type.Literal('stood-still'),
      Type.Literal('not-written'),
    ]),
  ),
});
export type EventGap = Static<typeof EventGap>;

/** One time axis, several lines: at most 300 points. A bucket without data is null, never zero. */
export const SeriesReply = Type.Object({
  range: Range,
  /** Start of each bucket. */
  t: Type.Array(Num),
  /** @unit seconds */
  step: Num,
  /** The last bucket is still filling. */
  last_unfinished: Bool,
  /** Line name (a state, 'p50', 'p95', 'p99', 'depth' ...) to its values. */
  lines: Type.Record(Str, Type.Array(NNum)),
  totals: Type.Record(Str, Num),
  /** Spans of the axis of which events are missing, oldest first, without one that goes on (ClusterInfo): to be hatched. A value within one is at least so much. */
  gaps: Type.Optional(Type.Array(EventGap)),
});
export type SeriesReply = Static<typeof SeriesReply>;

export const SeriesQuery = Type.Object({
  /** throughput: SUCCESS, RETRY, FAILURE, REVOKED per bucket. runtime, wait: p50, p95, p99. depth: of one queue. */
  metric: Type.Union([
    Type.Literal('throughput'),
    Type.Literal('runtime'),
    Type.Literal('wait'),
    Type.Literal('depth'),
  ]),
  range: Type.Optional(Range),
  task: Type.Optional(Str),
  queue: Type.Optional(Str),
  worker: Type.Optional(Str),
});
export type SeriesQuery = Static<typeof SeriesQuery>;

export const QueueDetail = Type.Intersect([
  QueueRow,
  Type.Object({ peek: Nullable(Type.Array(PeekedMessage)), series: SeriesReply }),
]);
export type QueueDetail = Static<typeof QueueDetail>;

export const FailureGroup = Type.Object({
  /** Class of what was raised. */
  exception: Str,
  /** An example of its message. */
  message: Str,
  task: Str,
  count: Int,
  first: Num,
  last: Num,
  /** First seen within the last hour; null: the history is younger than a day and cannot tell. */
  is_new: NBool,
  /** 24 buckets of one hour, oldest first. */
  trend: Type.Array(Int),
  example: Str,
});
export type FailureGroup = Static<typeof FailureGroup>;

/** A fact that a conclusion rests on, and when it was known. `at` null: it has no time of its own. */
export const Evidence = Type.Object({ text: Str, at: NNum });
export type Evidence = Static<typeof Evidence>;

/** What kinds of things may need a person; their order of urgency: server/dashboard/attention/kinds.ts. */
export const NeedKind = Type.Union([
  /** A source is away: the broker, the history, the result store, the events. `subject` is the source's name. */
  Type.Literal('source-down'),
  Type.Literal('no-workers'),
  /** It fell silent without a goodbye. */
  Type.Literal('worker-silent'),
  /** It is alive, has free slots, messages wait in its queues, and it takes none. */
  Type.Literal('worker-stalled'),
  Type.Literal('queue-unconsumed'),
  /** A kind of failure that was not there before. */
  Type.Literal('failure'),
  Type.Literal('queue-growing'),
  Type.Literal('loop-blocked'),
  Type.Literal('clock-drift'),
  Type.Literal('events-off'),
  Type.Literal('events-lost'),
]);
export type NeedKind = Static<typeof NeedKind>;

/**
 * Something that needs a person, with what it is concluded from and where to look. All of one kind that hold at the same time are one
 * need, so that there are five at most.
 */
export const Attention = Type.Object({
  kind: NeedKind,
  /** critical: work stands still or the picture is blind. warning: it goes wrong. notice: worth knowing. */
  severity: Type.Union([Type.Literal('critical'), Type.Literal('warning'), Type.Literal('notice')]),
  /** What or who: 'celery@img-4', or of several '200 queues'. Long names are shortened in the middle. */
  subject: Str,
  /** The rest of the sentence: 'has been silent for 41 s', 'have no consumer'. */
  detail: Str,
  /** Both as one sentence. */
  title: Str,
  /** Three lines at most. */
  evidence: Type.Array(Evidence),
  /** Since when it holds; of several the earliest. */
  since: Num,
  /** Five at most, the worst first, each with its own page. */
  subjects: Type.Array(Type.Object({ name: Str, /** Shortened in the middle. */ label: Str, detail: Str, href: Str })),
  /** How many there are. */
  count: Int,
  /** Path within the SPA, with its search. */
  href: Str,
});
export type Attention = Static<typeof Attention>;

export const Figures = Type.Object({
  /** Over the last full five minutes. */
  finished_per_min: Num,
  failed_percent: NNum,
  /** The same figure over the last 24 h. */
  baseline_failed_percent: NNum,
  baseline_finished_per_min: NNum,
  waiting: NInt,
  oldest_waiting: NNum,
  oldest_queue: NStr,
  /** Slots taken, and slots there are, of the online workers that told both; null: none of them told. */
  busy: NInt,
  slots: NInt,
  /** Slots of late workers: in neither. */
  unknown_slots: Int,
  /** Online workers that have not told their slots: in neither. */
  uncounted_workers: Int,
  workers_online: Int,
  workers_total: Int,
  /** 60 values, one a minute, for the sparklines. */
  spark: Type.Object({
    finished: Type.Array(NNum),
    failed_percent: Type.Array(NNum),
    waiting: Type.Array(NNum),
    busy: Type.Array(NNum),
  }),
});
export type Figures = Static<typeof Figures>;

export const SourceState = Type.Object({
  /** 'broker', 'results', 'store', 'events'. */
  name: Str,
  label: Str,
  ok: Bool,
  /** none: there is none (no result store is configured). unknown: it was not asked yet. */
  state: Type.Union([Type.Literal('ok'), Type.Literal('down'), Type.Literal('none'), Type.Literal('unknown')]),
  /** Since when it is down. */
  since: NNum,
  /** Last answer. */
  last_ok: NNum,
  latency_ms: NNum,
  detail: NStr,
});
export type SourceState = Static<typeof SourceState>;

/** Whether a part of the picture is of now. */
export const Knowledge = Type.Object({
  /** null: there is no such source (no result store is configured), or it was not asked yet; `reason` says which. */
  ok: NBool,
  /** When it was last known to be true; null: never. */
  as_of: NNum,
  /** Since when it is not known any more; null while it is. */
  since: NNum,
  /** Why not, as words; null while it is. */
  reason: NStr,
});
export type Knowledge = Static<typeof Knowledge>;

/** What figures rest on; when a source is not ok, what depends on it is as it was at its `as_of`. */
export const KnowledgeBySource = Type.Object({
  /** States and counts of tasks, heartbeats of workers. */
  events: Knowledge,
  /** Depths, consumers and age of queues. */
  broker: Knowledge,
  /** What workers answer: slots, what they hold, limits; no action reaches a worker while it is away. */
  control: Knowledge,
  /** Lists, counts and charts. */
  history: Knowledge,
  results: Knowledge,
});
export type KnowledgeBySource = Static<typeof KnowledgeBySource>;

/** The lists are cut: trouble first, `..._total` says how many there are. All of them: /queues, /workers. */
export const Overview = Type.Object({
  /** Five at most, the most urgent first; further ones are counted in `attention_more`. */
  attention: Type.Array(Attention),
  attention_more: Int,
  /** The first round of questions has not ended yet: what is not listed may only not be known. */
  settling: Bool,
  knowledge: KnowledgeBySource,
  figures: Figures,
  failures: Type.Array(FailureGroup),
  /** 50 at most. */
  queues: Type.Array(QueueRow),
  queues_total: Int,
  /** 50 at most. */
  workers: Type.Array(WorkerRow),
  workers_total: Int,
});
export type Overview = Static<typeof Overview>;

/** Whether what is heard is being kept. */
export const HistoryHealth = Type.Object({
  ok: Bool,
  /** full: no space on the disk. missing: the file was deleted, replaced or its disk is away. failing: any other error. */
  problem: Type.Union([Type.Literal('full'), Type.Literal('missing'), Type.Literal('failing'), Type.Null()]),
  /** One sentence for a person; null when ok. */
  reason: NStr,
  /** Since when nothing is written; null when ok. */
  since: NNum,
  /** Tasks whose changes wait in memory to be written. */
  waiting: Int,
  /** Tasks whose changes were given up since the start, since too many waited. They are looked up in the result store later. */
  given_up: Int,
});
export type HistoryHealth = Static<typeof HistoryHealth>;

export const ClusterInfo = Type.Object({
  name: Str,
  version: Str,
  broker: Str,
  result_backend: NStr,
  sources: Type.Array(SourceState),
  events_per_s: Num,
  events_total: Int,
  /** Events missed in the last 24 h, the sum over its gaps; null: some were, and nobody can tell how many. 0: none. */
  events_lost: NInt,
  /** at_least: of some gaps the number is unknown. Absent: about. */
  events_lost_is: Type.Optional(Precision),
  /** Newest first, of the last 31 days: 20 at most. */
  gaps: Type.Array(EventGap),
  history: Type.Optional(HistoryHealth),
  knowledge: KnowledgeBySource,
  read_only: Bool,
  user: NStr,
  server_time: Num,
});
export type ClusterInfo = Static<typeof ClusterInfo>;

/** /alive/<worker>. */
export const AliveReply = Type.Object({
  worker: Str,
  /** false: a restart would help (the status is 503). null: this dashboard cannot know, `reason` says why; or the name is unknown (404). */
  alive: NBool,
  /** null: no such worker was heard. */
  status: Nullable(WorkerStatus),
  reason: Str,
  /** Since when it is not. */
  since: NNum,
  evidence: Type.Array(Evidence),
});
export type AliveReply = Static<typeof AliveReply>;

export const TaskType = Type.Object({
  name: Str,
  finished: Int,
  failed: Int,
  p50: NNum,
  p95: NNum,
  p99: NNum,
  workers: Type.Array(Str),
});
export type TaskType = Static<typeof TaskType>;

/** Of something that is there: nothing has an empty one. */
const Name = Type.String({ minLength: 1, maxLength: 1024, pattern: '^[^\\u0000-\\u001f\\u007f]+$' });
/** `SIGTERM`, `TERM`, `15` */
const Signal = Type.String({ pattern: '^[A-Za-z0-9]{1,20}$' });
const Destination = Type.Optional(Type.Array(Name));
/** An operator action. `destination`: nodenames; absent = every worker. */
export const OperationRequest = Type.Union([
  Type.Object({ action: Type.Literal('revoke'), task_ids: Type.Array(Name, { minItems: 1, maxItems: 1000 }) }),
  Type.Object({
    action: Type.Literal('terminate'),
    task_ids: Type.Array(Name, { minItems: 1, maxItems: 1000 }),
    signal: Type.Optional(Signal),
  }),
  /** Sends the task again under a new id; the old one stays as it was. */
  Type.Object({
    action: Type.Literal('retry'),
    task_ids: Type.Array(Name, { minItems: 1, maxItems: 1000 }),
    /** Default: the one it came from, where that is told. */
    queue: Type.Optional(Name),
    /** Send those too that may still run, so that they may run twice. Default: they are refused, each with the reason. */
    accept_double: Type.Optional(Bool),
  }),
  Type.Object({ action: Type.Literal('rate_limit'), task_name: Name, rate_limit: Str, destination: Destination }),
  Type.Object({
    action: Type.Literal('time_limit'),
    task_name: Name,
    soft: Type.Optional(NNum),
    hard: Type.Optional(NNum),
    destination: Destination,
  }),
  Type.Object({
    action: Type.Literal('pool_grow'),
    n: Type.Integer({ minimum: 1, maximum: 1000 }),
    destination: Destination,
  }),
  Type.Object({
    action: Type.Literal('pool_shrink'),
    n: Type.Integer({ minimum: 1, maximum: 1000 }),
    destination: Destination,
  }),
  /** New bounds of a worker that was started with --autoscale. */
  Type.Object({
    action: Type.Literal('autoscale'),
    max: Type.Integer({ minimum: 1, maximum: 10_000 }),
    min: Type.Integer({ minimum: 0, maximum: 10_000 }),
    destination: Destination,
  }),
  /** New processes for the pool; workers allow it with worker_pool_restarts. */
  Type.Object({ action: Type.Literal('pool_restart'), destination: Destination }),
  Type.Object({
    action: Type.Literal('add_consumer'),
    queue: Name,
    /** Exchange, its type (direct, topic, fanout) and routing key; default: a direct one, each named as the queue. */
    exchange: Type.Optional(Str),
    exchange_type: Type.Optional(Str),
    routing_key: Type.Optional(Str),
    destination: Destination,
  }),
  Type.Object({ action: Type.Literal('cancel_consumer'), queue: Name, destination: Destination }),
  Type.Object({ action: Type.Literal('enable_events'), destination: Destination }),
  Type.Object({ action: Type.Literal('disable_events'), destination: Destination }),
  /** Ask workers to announce themselves. */
  Type.Object({ action: Type.Literal('heartbeat'), destination: Destination }),
  Type.Object({ action: Type.Literal('shutdown'), destination: Type.Array(Name, { minItems: 1 }) }),
  /** `confirm` must equal the queue's name. */
  Type.Object({ action: Type.Literal('purge'), queue: Name, confirm: Str }),
]);
export type OperationRequest = Static<typeof OperationRequest>;

export const WorkerAnswer = Type.Object({ worker: Str, ok: Bool, text: Str });
export type WorkerAnswer = Static<typeof WorkerAnswer>;

export const OperationRecord = Type.Object({
  id: Int,
  at: Num,
  /** Who asked: user name, or 'anonymous' on loopback without authentication. */
  who: Str,
  action: Str,
  /** What it was done to, as one line. */
  subject: Str,
  request: Type.Unknown(),
  outcome: Type.Union([Type.Literal('ok'), Type.Literal('partial'), Type.Literal('failed'), Type.Literal('no-answer')]),
  /** '2 of 2 workers answered' ... */
  summary: Str,
  answers: Type.Array(WorkerAnswer),
  /** retry: old id to new id. */
  new_ids: Type.Optional(Type.Record(Str, Str)),
  /** What is seen of it since; null: nothing can be. It comes again in live patches, by the same id, while it is followed. */
  effect: Type.Optional(Nullable(OperationEffect)),
});
export type OperationRecord = Static<typeof OperationRecord>;

/** Which operations are wanted; each absent: any. */
export const OperationsQuery = Type.Object({
  cursor: Type.Optional(Str),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
  /** The whole name of who asked. */
  who: Type.Optional(Str),
  /** 'revoke', 'rate_limit' ... */
  action: Type.Optional(Str),
  outcome: Type.Optional(Str),
  /** A part of what it was done to: a task, a worker, a queue. Letter case of A to Z does not matter. */
  on: Type.Optional(Str),
  /** The one with this id, and those before it. */
  from_id: Type.Optional(Int),
});
export type OperationsQuery = Static<typeof OperationsQuery>;

export const OperationsPage = Type.Object({ items: Type.Array(OperationRecord), next: NStr });
export type OperationsPage = Static<typeof OperationsPage>;

/** RFC 9457. */
export const Problem = Type.Object({
  type: Str,
  title: Type.Optional(Str),
  status: Int,
  detail: Type.Optional(Str),
  /** Query errors: where in `q`. */
  position: Type.Optional(Int),
});
export type Problem = Static<typeof Problem>;

/** Lists that are never long: all of them at once. */
export const WorkersReply = Type.Object({ items: Type.Array(WorkerRow) });
export type WorkersReply = Static<typeof WorkersReply>;
export const QueuesReply = Type.Object({ items: Type.Array(QueueRow) });
export type QueuesReply = Static<typeof QueuesReply>;
export const TaskTypesReply = Type.Object({ items: Type.Array(TaskType) });
export type TaskTypesReply = Static<typeof TaskTypesReply>;
export const FailuresReply = Type.Object({ items: Type.Array(FailureGroup) });
export type FailuresReply = Static<typeof FailuresReply>;
