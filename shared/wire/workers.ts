// Workers on the wire: rows, and one worker with what it holds and what fills its prefetch window.
import { type Static, Type } from 'typebox';
import { Evidence } from './attention.ts';
import { Bool, Int, NBool, NInt, NNum, NStr, Nullable, Num, Str } from './schema.ts';

const WorkerStatus = Type.Union([Type.Literal('online'), Type.Literal('late'), Type.Literal('offline')]);

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
  finished_per_min: Type.Array(NInt),
  /** Tasks finished per minute, over the last five or for as long as it runs and is heard; null: not long enough to say. */
  per_min: NNum,
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

export const WorkerTask = Type.Object({
  name: Str,
  rate_limit: NStr,
  time_limit: NNum,
  soft_time_limit: NNum,
  max_retries: NInt,
  /** Last hour on this worker. */
  finished: Int,
  failed: Int,
  /** Finished per minute on this worker, over the last hour or for as long as it runs and is heard; null: not long enough to say. */
  per_min: NNum,
  p95: NNum,
  /** When its rate limit was last changed from this dashboard; null: not since it started. */
  limited_since: Type.Optional(NNum),
  /** Tasks started on this worker per minute since then, by its events; null: too early to say, or its events are not heard. */
  per_min_since: Type.Optional(NNum),
});
export type WorkerTask = Static<typeof WorkerTask>;

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
    /** Why it was not asked what it has reserved and scheduled: those lists are unknown, not empty. null: it was, or it never answered at all. */
    unlisted_reason: NStr,
    revoked: Type.Array(Str),
    registered: Type.Array(WorkerTask),
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

/** Lists that are never long: all of them at once. */
export const WorkersReply = Type.Object({ items: Type.Array(WorkerRow) });
export type WorkersReply = Static<typeof WorkersReply>;
