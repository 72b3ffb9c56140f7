// Settings of tasks: what they get when they do not say otherwise, how they are sent and where.
// Celery 5.6: app/defaults.py

import { any, bool, type Dict, dict, float, int, SECONDS, string } from '../../setting.ts';
import type { Queue } from '../../transport/entity.ts';
import type { DeliveryMode, RetryPolicy, TaskOptions } from '../task-options.ts';

/** A queue as Celery's configuration spells it. */
export interface QueueSpec {
  readonly exchange?: string;
  readonly exchange_type?: string;
  readonly routing_key?: string;
  readonly binding_key?: string;
  readonly durable?: boolean;
  readonly auto_delete?: boolean;
  readonly exclusive?: boolean;
  readonly max_priority?: number;
  /** @unit seconds */
  readonly expires?: number;
  readonly message_ttl?: number;
  readonly queue_arguments?: Dict;
  readonly delivery_mode?: DeliveryMode;
}
export type TaskQueues = readonly (Queue | string)[] | Readonly<Record<string, QueueSpec | Queue>>;

export interface Route {
  readonly queue?: string | Queue;
  readonly exchange?: string;
  readonly exchange_type?: string;
  readonly routing_key?: string;
  readonly priority?: number;
  readonly [option: string]: unknown;
}
export type Router = (
  name: string,
  args: readonly unknown[],
  kwargs: Dict,
  options: Dict,
  task?: unknown,
) => Route | string | null | undefined;
export type RouteTable =
  | Readonly<Record<string, Route | string>>
  | readonly (readonly [pattern: string | RegExp, route: Route | string])[];
export type TaskRoutes = RouteTable | Router | readonly (RouteTable | Router)[];

export const TASK = {
  task_acks_late: bool(
    false,
    'CELERY_ACKS_LATE',
    'Acknowledge after a task ran instead of before: it runs again when its worker dies.',
  ),
  task_acks_on_failure_or_timeout: bool(
    true,
    'CELERY_ACKS_ON_FAILURE_OR_TIMEOUT',
    'With late acknowledgement: also acknowledge tasks that failed or ran too long.',
  ),
  task_reject_on_worker_lost: bool(
    null,
    'CELERY_REJECT_ON_WORKER_LOST',
    'With late acknowledgement: give a task back when its process died, instead of failing it. May loop for ever.',
  ),
  task_always_eager: bool(
    false,
    'CELERY_ALWAYS_EAGER',
    'Run tasks where they are called instead of sending them. For tests.',
  ),
  task_eager_propagates: bool(
    false,
    'CELERY_EAGER_PROPAGATES_EXCEPTIONS',
    'Errors of tasks run eagerly are thrown by the call.',
  ),
  task_store_eager_result: bool(false, 'CELERY_STORE_EAGER_RESULT', 'Store the results of tasks run eagerly too.'),
  task_annotations: any<
    Readonly<Record<string, TaskOptions>> | readonly Readonly<Record<string, TaskOptions>>[] | null
  >(
    null,
    'CELERY_ANNOTATIONS',
    "Options of tasks from the configuration: name, or '*', -> options. Goes before what the task says.",
  ),
  task_allow_error_cb_on_chord_header: bool(
    false,
    'CELERY_ALLOW_ERROR_CB_ON_CHORD_HEADER',
    'A link_error of a chord is also called for each header task that fails.',
  ),
  task_compression: string(
    null,
    'CELERY_MESSAGE_COMPRESSION',
    'Compression of task messages: zlib, gzip, brotli, bzip2, lzma (xz) or zstd.',
  ),
  task_serializer: string(
    'json',
    'CELERY_TASK_SERIALIZER',
    'Serializer of task messages and remote control: json, msgpack, yaml, auth, or one of your own.',
  ),
  task_protocol: int(2, 'CELERY_TASK_PROTOCOL', 'Message protocol sent: 2, or 1 for workers before Celery 4.'),
  task_create_missing_queues: bool(
    true,
    'CELERY_CREATE_MISSING_QUEUES',
    'A queue not in `task_queues` is made when it is named. Off: QueueNotFound.',
  ),
  task_create_missing_queue_exchange_type: string(
    null,
    'CELERY_CREATE_MISSING_QUEUE_EXCHANGE_TYPE',
    'Exchange type of queues so made. None: direct.',
  ),
  task_create_missing_queue_type: string(
    'classic',
    'CELERY_CREATE_MISSING_QUEUE_TYPE',
    'RabbitMQ queue type of queues so made: classic or quorum.',
  ),
  task_default_delivery_mode: any<DeliveryMode>(
    2,
    'CELERY_DEFAULT_DELIVERY_MODE',
    'persistent (2): messages survive a restart of the broker. transient (1): they need not.',
  ),
  task_default_exchange: string(null, 'CELERY_DEFAULT_EXCHANGE', 'Default: named as the default queue.'),
  task_default_exchange_type: string('direct', 'CELERY_DEFAULT_EXCHANGE_TYPE', 'Type of the default exchange.'),
  task_default_priority: int(null, 'CELERY_DEFAULT_PRIORITY', 'Priority of tasks that name none.'),
  task_default_queue: string('celery', 'CELERY_DEFAULT_QUEUE', 'Queue of tasks that are routed nowhere else.'),
  task_default_queue_type: string(
    'classic',
    'CELERY_DEFAULT_QUEUE_TYPE',
    'RabbitMQ queue type of the default queue: classic or quorum.',
  ),
  task_default_rate_limit: any<string | number | null>(
    null,
    'CELERY_DEFAULT_RATE_LIMIT',
    'Rate limit of tasks that name none, such as 100/m.',
  ),
  task_default_routing_key: string(
    null,
    'CELERY_DEFAULT_ROUTING_KEY',
    'Routing key of the default queue. Default: its name.',
  ),
  task_ignore_result: bool(false, 'CELERY_IGNORE_RESULT', 'Do not store what tasks return.'),
  task_inherit_parent_priority: bool(
    false,
    'CELERY_INHERIT_PARENT_PRIORITY',
    'A task sent by a task gets its priority.',
  ),
  task_publish_retry: bool(true, 'CELERY_TASK_PUBLISH_RETRY', 'Try again to send when the broker cannot be reached.'),
  task_publish_retry_policy: dict<RetryPolicy>(
    { max_retries: 3, interval_start: 0, interval_max: 1, interval_step: 0.2 },
    'CELERY_TASK_PUBLISH_RETRY_POLICY',
    'How often and how soon to try again to send. Intervals in seconds.',
  ),
  task_queue_max_priority: int(
    null,
    'CELERY_QUEUE_MAX_PRIORITY',
    'Highest priority (x-max-priority) of queues made from the configuration.',
  ),
  task_queues: any<TaskQueues | null>(
    null,
    'CELERY_QUEUES',
    'Queues that exist: name -> { exchange, routing_key, ... }, or a list of queue(...). Workers consume from all of them.',
  ),
  task_routes: any<TaskRoutes | null>(
    null,
    'CELERY_ROUTES',
    'Where tasks go: name, glob or regular expression -> queue or options; or functions; or a list of these.',
  ),
  task_remote_tracebacks: bool(
    false,
    'CELERY_REMOTE_TRACEBACKS',
    'Show the traceback of the worker in errors thrown by `get`.',
  ),
  task_send_sent_event: bool(
    false,
    'CELERY_SEND_TASK_SENT_EVENT',
    'Send a task-sent event for each task sent, so that a dashboard sees it before a worker takes it.',
  ),
  task_soft_time_limit: float(
    null,
    'CELERYD_TASK_SOFT_TIME_LIMIT',
    "After this long a task's signal is aborted with SoftTimeLimitExceeded; it may clean up.",
    SECONDS,
  ),
  task_time_limit: float(
    null,
    'CELERYD_TASK_TIME_LIMIT',
    'After this long a task is stopped and is FAILURE with TimeLimitExceeded.',
    SECONDS,
  ),
  task_store_errors_even_if_ignored: bool(
    false,
    'CELERY_STORE_ERRORS_EVEN_IF_IGNORED',
    'Store failures also of tasks whose results are ignored.',
  ),
  task_track_started: bool(false, 'CELERY_TRACK_STARTED', 'Store the state STARTED when a task begins.'),
} as const;
