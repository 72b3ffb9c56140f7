// What one may say of a task when it is registered, in Celery's spelling, and the options of one call.
// Not here: what they do (task.ts merges them, publisher.ts sends them, trace.ts and the worker obey them).
// Holds: an option left undefined means "as the app's setting says"; seconds are seconds.
// Celery 5.6: app/task.py Task, apply_async
import type { Exchange, Queue } from '../transport/entity.ts';

/** An error class, or the name of one (for errors that exist only on another worker). */
export type ErrorClass = (abstract new (...args: never[]) => Error) | string;

export interface RetryPolicy {
  /** null: for ever. */
  readonly max_retries?: number | null;
  /** @unit seconds */
  readonly interval_start?: number;
  readonly interval_step?: number;
  readonly interval_max?: number;
}

/** What a task's handlers are told. */
export interface TaskEnd {
  readonly task_id: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

export interface TaskOptions {
  /** The name in messages. Every app that sends or runs the task must use the same. */
  name?: string;
  /** Celery's word for "the first argument is the task". Here `this` is always the running task; it only changes how errbacks are called. */
  bind?: boolean;
  /**
   * Names of the parameters, in order; 'y?' may be left out, '...rest' takes what remains. With it keyword arguments are put in
   * their places and every call is checked as Python checks its own. Without it, keyword arguments arrive as one last object.
   */
  params?: readonly string[];
  /** Check arguments where the task is sent. Default true; needs `params`. */
  typing?: boolean;
  /** How often `retry` may send it again. null = for ever. Default 3 */
  max_retries?: number | null;
  /** Wait before a retry that names no time. Default 180. @unit seconds */
  default_retry_delay?: number;
  /** Errors after which the task is retried without being asked. */
  autoretry_for?: readonly ErrorClass[];
  /** ... except these. */
  dont_autoretry_for?: readonly ErrorClass[];
  /** What `autoretry_for` hands to `retry`. */
  retry_kwargs?: { max_retries?: number | null; countdown?: number };
  /** Wait twice as long each time: true starts at 1 second, a number at so many. Default false */
  retry_backoff?: boolean | number;
  /** Never wait longer. Default 600. @unit seconds */
  retry_backoff_max?: number;
  /** Wait a random time between zero and the computed one. Default true */
  retry_jitter?: boolean;
  acks_late?: boolean;
  acks_on_failure_or_timeout?: boolean;
  reject_on_worker_lost?: boolean | null;
  /** '10/s', '100/m', '5/h', or a number per second; per worker. null = no limit. */
  rate_limit?: string | number | null;
  /** @unit seconds */
  time_limit?: number | null;
  /** @unit seconds */
  soft_time_limit?: number | null;
  ignore_result?: boolean;
  store_errors_even_if_ignored?: boolean;
  store_eager_result?: boolean;
  track_started?: boolean;
  /** False: its task-* events are not sent. */
  send_events?: boolean;
  /** Keep the ids of the tasks it sends as its children. Default true */
  trail?: boolean;
  /** Errors that are expected: FAILURE as ever, but logged as information and without traceback. */
  throws?: readonly ErrorClass[];
  queue?: string;
  exchange?: string;
  routing_key?: string;
  priority?: number;
  delivery_mode?: DeliveryMode;
  serializer?: string;
  compression?: string;
  /** @unit seconds from the call, or an instant */
  expires?: number | Date | string;
  /** The name shown in logs and events for this call. */
  shadow_name?: (args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) => string | null;
  /** A line for documentation and the dashboard. */
  description?: string;
  before_start?: (end: TaskEnd) => unknown;
  on_success?: (end: TaskEnd & { retval: unknown }) => unknown;
  on_failure?: (end: TaskEnd & { exc: Error; einfo: string | null }) => unknown;
  on_retry?: (end: TaskEnd & { exc: Error; einfo: string | null }) => unknown;
  after_return?: (end: TaskEnd & { status: string; retval: unknown; einfo: string | null }) => unknown;
}

export type DeliveryMode = 1 | 2 | 'transient' | 'persistent';

/** Anything that stands for a signature: the canvas object, or its plain form from the wire. */
export interface SignatureLike {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly subtask_type: string | null;
  readonly immutable: boolean;
}

/** The options of one call: all of Celery's `apply_async`. */
export interface ApplyOptions {
  task_id?: string;
  /** Run at the earliest so long from now. @unit seconds */
  countdown?: number;
  /** Run at the earliest then. A text without offset is read in the worker's timezone. */
  eta?: Date | string;
  /** Do not run later: seconds from now, or an instant. */
  expires?: number | Date | string;
  /** 0 to 9 (or the queue's maximum). */
  priority?: number | null;
  queue?: string | Queue;
  exchange?: string | Exchange;
  exchange_type?: string;
  routing_key?: string;
  delivery_mode?: DeliveryMode;
  serializer?: string;
  compression?: string;
  /** Try again when the broker is away. Default `task_publish_retry` */
  retry?: boolean;
  retry_policy?: RetryPolicy;
  link?: SignatureLike | readonly SignatureLike[];
  link_error?: SignatureLike | readonly SignatureLike[];
  /** The name shown in logs and events instead of the task's. */
  shadow?: string;
  ignore_result?: boolean;
  time_limit?: number | null;
  soft_time_limit?: number | null;
  /** Merged into the message's headers. */
  headers?: Readonly<Record<string, unknown>>;
  reply_to?: string;
  retries?: number;
  root_id?: string | null;
  parent_id?: string | null;
  group_id?: string | null;
  group_index?: number | null;
  chord?: SignatureLike | null;
  /** The rest of a chain, last step first. */
  chain?: readonly SignatureLike[] | null;
  /** False: not counted among the children of the task now running. */
  add_to_parent?: boolean;
  origin?: string;
  argsrepr?: string;
  kwargsrepr?: string;
  replaced_task_nesting?: number;
  stamps?: Readonly<Record<string, unknown>>;
  stamped_headers?: readonly string[] | null;
  // Message properties passed through.
  app_id?: string;
  type?: string;
  user_id?: string;
  message_id?: string;
  cluster_id?: string;
  timestamp?: number;
  expiration?: string;
  correlation_id?: string;
}
