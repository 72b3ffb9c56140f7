// The options of one call: all of Celery's `apply_async`, in its spelling; and the least that counts as a signature.
// Not here: what they do (app/publisher.ts sends them, signature.ts carries them).
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

/**
 * Every call option. `asKeyword`: tasks are likely to have a keyword argument of that name, too, so that an object with it alone
 * does not tell which was meant.
 */
export const CALL_OPTIONS: Readonly<Record<keyof ApplyOptions, { readonly asKeyword: boolean }>> = (() => {
  const rare = { asKeyword: false };
  const common = { asKeyword: true };
  return {
    ...{ task_id: rare, countdown: rare, eta: rare, expires: rare, priority: common, queue: rare, exchange: rare },
    ...{ exchange_type: rare, routing_key: rare, delivery_mode: rare, serializer: rare, compression: rare },
    ...{ retry: common, retry_policy: rare, link: common, link_error: rare, shadow: common, ignore_result: rare },
    ...{ time_limit: rare, soft_time_limit: rare, headers: common, reply_to: common, retries: common },
    ...{ root_id: common, parent_id: common, group_id: common, group_index: common, chord: common, chain: common },
    ...{ add_to_parent: rare, origin: common, argsrepr: rare, kwargsrepr: rare, replaced_task_nesting: rare },
    ...{ stamps: common, stamped_headers: rare, app_id: common, type: common, user_id: common, message_id: common },
    ...{ cluster_id: common, timestamp: common, expiration: common, correlation_id: common },
  };
})();

/** Keyword arguments given without options: a call option among them was meant for the object after. */
export type KeywordsAlone = Readonly<Record<string, unknown>> & {
  readonly [K in
    | 'countdown'
    | 'eta'
    | 'expires'
    | 'queue'
    | 'routing_key'
    | 'task_id'
    | 'ignore_result'
    | 'time_limit'
    | 'soft_time_limit']?: never;
};

export interface ApplyOptions {
  task_id?: string;
  /** Run at the earliest so long from now. @unit seconds */
  countdown?: number;
  /** Run at the earliest then. A text without offset is UTC, as it is to every worker of Celery. */
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
