// Operations on the wire: what an operator may ask for, what came of it, and the audit log. The rows that carry it out:
// server/dashboard/operations/table.ts.
import { type Static, type TSchema, Type } from 'typebox';
import { OperationEffect } from './effect.ts';
import { OPERATION_CATEGORIES, type OperationCategory } from './operation-categories.ts';
import { PeekedMessage } from './queues.ts';
import { Bool, Int, NNum, NStr, Nullable, Num, Str } from './schema.ts';

/** Of something that is there: nothing has an empty one. */
const Name = Type.String({ minLength: 1, maxLength: 1024, pattern: '^[^\\u0000-\\u001f\\u007f]+$' });
/** `SIGTERM`, `TERM`, `15` */
const Signal = Type.String({ pattern: '^[A-Za-z0-9]{1,20}$' });
const Destination = Type.Optional(Type.Array(Name));

/** An operator action. `destination`: nodenames; absent = every worker. */
export const OperationRequest = Type.Union(
  [
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
    /** Marks its result record ABORTED: a task that looks for that ends itself. */
    Type.Object({ action: Type.Literal('abort'), task_ids: Type.Array(Name, { minItems: 1, maxItems: 1000 }) }),
    /** Its id is in the answer. The audit log keeps the call with secrets masked and long values cut. */
    Type.Object({
      action: Type.Literal('send_task'),
      task_name: Name,
      args: Type.Optional(Type.Array(Type.Unknown())),
      kwargs: Type.Optional(Type.Record(Str, Type.Unknown())),
      /** Call options by Celery's names: queue, countdown, eta, expires, priority, task_id ... */
      options: Type.Optional(Type.Record(Str, Type.Unknown())),
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
    /** All workers that consume it are told to stop; remembered until `resume_queue`. What they have taken goes on. */
    Type.Object({ action: Type.Literal('pause_queue'), queue: Name }),
    /** The workers that a pause stopped consume it again. */
    Type.Object({ action: Type.Literal('resume_queue'), queue: Name }),
    /**
     * Messages to the end of another queue. Where the broker does that in one step (Redis, the embedded ones) each is there once; elsewhere
     * (RabbitMQ) at least once.
     */
    Type.Object({
      action: Type.Literal('move'),
      queue: Name,
      to: Name,
      /** Default: all that wait when it begins, 10,000 at most. On RabbitMQ single ones cannot be picked. */
      task_ids: Type.Optional(Type.Array(Name, { minItems: 1, maxItems: 1000 })),
    }),
    /** `confirm` must equal the queue's name. */
    Type.Object({ action: Type.Literal('purge'), queue: Name, confirm: Str }),
    /**
     * Look at the head of a queue of a broker that shows messages only to who takes them (RabbitMQ): they are taken and given back,
     * marked as redelivered then, and may come in another order. Refused without `accept_redelivery`.
     */
    Type.Object({ action: Type.Literal('peek'), queue: Name, accept_redelivery: Type.Optional(Bool) }),
  ],
  { title: 'operation' },
);
export type OperationRequest = Static<typeof OperationRequest>;

export const WorkerAnswer = Type.Object({ worker: Str, ok: Bool, text: Str });
export type WorkerAnswer = Static<typeof WorkerAnswer>;

/** partial: it was done to some, not to all. no-answer: it was asked for, and nobody said that it was done. refused: who asked may not. */
export const Outcome = Type.Union([
  Type.Literal('ok'),
  Type.Literal('partial'),
  Type.Literal('failed'),
  Type.Literal('no-answer'),
  Type.Literal('refused'),
]);
export type Outcome = Static<typeof Outcome>;

/** Each once, for rules that name them. */
export const OPERATION_ACTIONS: readonly OperationRequest['action'][] = OperationRequest.anyOf.map(
  (variant): OperationRequest['action'] => variant.properties.action.const,
);

/** What is done to a schedule that beat shares (schedules.ts). */
const SCHEDULE_ACTIONS = ['save_schedule', 'delete_schedule', 'run_schedule'] as const;

/** Besides what is done to the cluster: signing in and out, sessions that were ended, and what people keep (views.ts, tokens.ts, schedules.ts, alerts.ts, automations.ts). */
const OTHER_ACTIONS = [
  ...(['login', 'logout', 'end_sessions', 'save_view', 'delete_view', 'make_token', 'revoke_token'] as const),
  ...SCHEDULE_ACTIONS,
  ...(['save_alert', 'delete_alert', 'silence_alert', 'test_channel'] as const),
  ...(['save_automation', 'delete_automation'] as const),
] as const;
/** What the audit log has. */
export type RecordedAction = OperationRequest['action'] | (typeof OTHER_ACTIONS)[number];
export const RecordedAction = Type.Unsafe<RecordedAction>(
  Type.Union([
    ...OperationRequest.anyOf.map((variant): TSchema => variant.properties.action),
    ...OTHER_ACTIONS.map((action) => Type.Literal(action)),
  ]),
);

export const OperationRecord = Type.Object({
  id: Int,
  at: Num,
  /** Who asked: user name, or 'anonymous' on loopback without authentication. */
  who: Str,
  /** The address it was asked from. null or not there: not known, as of records of versions before. */
  address: Type.Optional(NStr),
  /** The name of the API token it was asked with. null or not there: none. */
  token: Type.Optional(NStr),
  action: Str,
  /** What it was done to, as one line. */
  subject: Str,
  /** The name of the tasks it is about; null or not there: it is about none, about several names, or the name was not known. */
  task_name: Type.Optional(NStr),
  request: Type.Unknown(),
  outcome: Outcome,
  /** '2 of 2 workers answered' ... */
  summary: Str,
  answers: Type.Array(WorkerAnswer),
  /** retry: old id to new id. */
  new_ids: Type.Optional(Type.Record(Str, Str)),
  /** peek: what was looked at. In the reply to who asked, and nowhere else. */
  messages: Type.Optional(Type.Array(PeekedMessage)),
  /** What is seen of it since; null: nothing can be. It comes again in live patches, by the same id, while it is followed. */
  effect: Type.Optional(Nullable(OperationEffect)),
});
export type OperationRecord = Static<typeof OperationRecord>;

/** Each absent: any. */
const WANTED = {
  /** The whole name of who asked. */
  who: Type.Optional(Str),
  category: Type.Optional(
    Type.Unsafe<OperationCategory>(Type.Union(OPERATION_CATEGORIES.map((one) => Type.Literal(one)))),
  ),
  /** 'revoke', 'rate_limit' ... */
  action: Type.Optional(RecordedAction),
  outcome: Type.Optional(Outcome),
  /** A part of what it was done to: a task, a worker, a queue. Letter case of A to Z does not matter. */
  on: Type.Optional(Str),
};

/** Which operations are wanted. */
export const OperationsQuery = Type.Object({
  ...WANTED,
  cursor: Type.Optional(Str),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
  /** The one with this id, and those before it. */
  from_id: Type.Optional(Type.Integer({ minimum: 1 })),
});
export type OperationsQuery = Static<typeof OperationsQuery>;

/** All that are wanted, in one file. Default: csv. */
export const OperationsExportQuery = Type.Object({
  ...WANTED,
  format: Type.Optional(Type.Union([Type.Literal('csv'), Type.Literal('json')])),
});
export type OperationsExportQuery = Static<typeof OperationsExportQuery>;

export const OperationsPage = Type.Object({ items: Type.Array(OperationRecord), next: NStr });
export type OperationsPage = Static<typeof OperationsPage>;
