// What one may say of a task when it is registered, in Celery's spelling. Options of one call: canvas/call-options.ts.
// Not here: what they do (task.ts merges them, publisher.ts sends them, trace.ts and the worker obey them).
// Holds: an option left undefined means "as the app's setting says"; seconds are seconds.
// Celery 5.6: app/task.py Task, apply_async
import { nearest } from '../../shared/nearest.ts';
import type { DeliveryMode } from '../canvas/call-options.ts';
import { ImproperlyConfigured } from '../errors.ts';

export type { ApplyOptions, DeliveryMode, RetryPolicy, SignatureLike } from '../canvas/call-options.ts';

/** An error class, or the name of one (for errors that exist only on another worker). */
export type ErrorClass = (abstract new (...args: never[]) => Error) | string;

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

const KINDS = {
  any: [() => true, 'given'],
  text: [(v: unknown) => typeof v === 'string', 'a text'],
  yesNo: [(v: unknown) => typeof v === 'boolean', 'true or false'],
  list: [Array.isArray, 'a list'],
  object: [(v: unknown) => typeof v === 'object' && !Array.isArray(v), 'an object'],
  handler: [(v: unknown) => typeof v === 'function', 'a function'],
  seconds: [(v: unknown) => typeof v === 'number' && v >= 0, 'a number of seconds'],
  whole: [Number.isInteger, 'a whole number'],
  backoff: [(v: unknown) => typeof v === 'boolean' || (typeof v === 'number' && v >= 0), 'true, false or seconds'],
  rate: [
    (v: unknown) => typeof v === 'number' || (typeof v === 'string' && /^\s*(\d+\.?\d*|\.\d+)\s*(\/[smh]?)?$/.test(v)),
    "a rate such as '10/s', '100/m' or '5/h'",
  ],
} as const satisfies Record<string, readonly [(value: unknown) => boolean, string]>;

const KIND_OF: Readonly<Record<keyof TaskOptions, keyof typeof KINDS>> = {
  name: 'text',
  bind: 'yesNo',
  params: 'list',
  typing: 'yesNo',
  max_retries: 'whole',
  default_retry_delay: 'seconds',
  autoretry_for: 'list',
  dont_autoretry_for: 'list',
  retry_kwargs: 'object',
  retry_backoff: 'backoff',
  retry_backoff_max: 'seconds',
  retry_jitter: 'yesNo',
  acks_late: 'yesNo',
  acks_on_failure_or_timeout: 'yesNo',
  reject_on_worker_lost: 'yesNo',
  rate_limit: 'rate',
  time_limit: 'seconds',
  soft_time_limit: 'seconds',
  ignore_result: 'yesNo',
  store_errors_even_if_ignored: 'yesNo',
  store_eager_result: 'yesNo',
  track_started: 'yesNo',
  send_events: 'yesNo',
  trail: 'yesNo',
  throws: 'list',
  queue: 'text',
  exchange: 'text',
  routing_key: 'text',
  priority: 'whole',
  delivery_mode: 'any',
  serializer: 'text',
  compression: 'text',
  expires: 'any',
  shadow_name: 'handler',
  description: 'text',
  before_start: 'handler',
  on_success: 'handler',
  on_failure: 'handler',
  on_retry: 'handler',
  after_return: 'handler',
};

/** For those who write JavaScript: a misspelt option would do nothing, and one of the wrong kind would fail in the worker. */
export function checkTaskOptions(task: string, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(KIND_OF, name) ? KIND_OF[name as keyof TaskOptions] : null;
    if (kind === null) {
      const near = nearest(name, Object.keys(KIND_OF));
      throw new ImproperlyConfigured(
        `The task '${task}': there is no task option '${name}'. ${near ? `Did you mean '${near}'?` : `There are: ${Object.keys(KIND_OF).join(', ')}.`}`,
      );
    }
    const [is, words] = KINDS[kind];
    if (value === undefined || value === null || is(value)) continue;
    const shown = typeof value === 'string' ? `the text '${value}'` : Array.isArray(value) ? 'a list' : String(value);
    throw new ImproperlyConfigured(`The task '${task}': ${name} must be ${words}, not ${shown}.`);
  }
}
