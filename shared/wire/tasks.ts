// Tasks on the wire: lists and the questions for them, one task with all that is known of it, completion.
// Not here: its whole call, its result, its retry (task-values.ts), why it waits (wait.ts).
import { type Static, Type } from 'typebox';
import { Precision } from './count.ts';
import { Bool, Int, NInt, NNum, NStr, Nullable, Num, Str } from './schema.ts';
import { WaitReason } from './wait.ts';

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
    /** Fields of its events that have no place of their own here. Absent: there are none. */
    extra: Type.Optional(Type.Record(Str, Type.Unknown())),
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

export const FacetQuery = Type.Object({ field: Str, q: Type.Optional(Str), prefix: Type.Optional(Str) });
export type FacetQuery = Static<typeof FacetQuery>;

/** Completion of the query field: values of one field within the present result. */
export const FacetReply = Type.Object({
  field: Str,
  values: Type.Array(Type.Object({ value: Str, count: Int })),
  /** Absent: of all tasks, and exact. Else the counts are of the newest so many tasks: at least so many there are. */
  of_newest: Type.Optional(Int),
});
export type FacetReply = Static<typeof FacetReply>;

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

export const TaskTypesReply = Type.Object({ items: Type.Array(TaskType) });
export type TaskTypesReply = Static<typeof TaskTypesReply>;
