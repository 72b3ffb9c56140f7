// The options of one call: all of Celery's `apply_async`, in its spelling; and the least that counts as a signature.
// Not here: what they do (app/publisher.ts sends them, signature.ts carries them); which of them are checked, inherited, passed on
// (call-option-table.ts).
// Celery 5.6: app/task.py apply_async, canvas.py Signature
import type { RetryPolicy } from '../messaging/producer.ts';
import type { Exchange, Queue } from '../transport/entity.ts';

export type { RetryPolicy };

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

export interface ApplyOptions {
  task_id?: string;
  /** Run at the earliest so long from now. What is negative lies in the past, and runs at once, as in Celery. @unit seconds */
  countdown?: number;
  /** Run at the earliest then. A text without offset is UTC, as it is to every worker of Celery. */
  eta?: Date | string;
  /** Do not run later: seconds from now, or an instant. One in the past is sent all the same and never run, as in Celery. */
  expires?: number | Date | string;
  /** 0 to 9 (or the queue's maximum). */
  priority?: number | null;
  /**
   * A second call of the task that says the same within a time is not sent: its result is the first one's. true: the same `task_id`; a text: the
   * same key; `expires` says for how long, a day when it does not. For calls, not for parts of a canvas. Not on RabbitMQ.
   */
  dedupe?: boolean | string | { readonly key?: string; readonly expires?: number } | null;
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
