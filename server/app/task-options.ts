// What one may say of a task when it is registered, in Celery's spelling. Options of one call: canvas/call-options.ts.
// Not here: what they do (task.ts merges them, publisher.ts sends them, trace.ts and the worker obey them).
// Holds: an option left undefined means "as the app's setting says"; seconds are seconds.
// Celery 5.6: app/task.py Task, apply_async
import { jsonText } from '../../shared/json-text.ts';
import { nearest } from '../../shared/nearest.ts';
import type { DeliveryMode } from '../canvas/call-options.ts';
import type { Signature } from '../canvas/signature.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { refuseUnknownCompression } from '../serialization/compression/compression.ts';
import { nameFault } from '../transport/entity.ts';
import { isStandardSchema, type StandardSchema } from './args-schema.ts';
import { checkTimes } from './call-times.ts';
import { refuseUnknownOptions } from './option-names.ts';

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
   * Names behind '*' or '...rest' are given by name alone, '**more' takes any other name: these come as one object behind the named ones and
   * before the rest, `params: ['path', '*', 'width', '**more']` for `(path, { width, ...more }) => ...`.
   */
  params?: readonly string[];
  /** Check arguments where the task is sent. Default true; needs `params` or `args_schema`. */
  typing?: boolean;
  /**
   * What the list of arguments must be, by any library of Standard Schema v1: `args_schema: z.tuple([z.string(), z.number()])`.
   * A call that does not fit is refused where it is sent, and fails where it runs; the body gets what the schema makes of it.
   */
  args_schema?: StandardSchema;
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
  /** One that throws fails the task. */
  before_start?: (end: TaskEnd) => unknown;
  /** By now the task's end is stored and what follows it is sent, as for the others below: one that throws or rejects is logged, and no more. */
  on_success?: (end: TaskEnd & { retval: unknown }) => unknown;
  on_failure?: (end: TaskEnd & { exc: Error; einfo: string | null }) => unknown;
  on_retry?: (end: TaskEnd & { exc: Error; einfo: string | null }) => unknown;
  /**
   * Before another signature takes the task's place (`this.replace`): it may be stamped, linked, or another returned to be sent instead.
   * A promise is waited for.
   */
  on_replace?: (end: TaskEnd & { signature: Signature }) => unknown;
  after_return?: (end: TaskEnd & { status: string; retval: unknown; einfo: string | null }) => unknown;
}

const KINDS = {
  text: [(v: unknown) => typeof v === 'string', 'a text'],
  yesNo: [(v: unknown) => typeof v === 'boolean', 'true or false'],
  errors: [
    (v: unknown) =>
      Array.isArray(v) && v.every((one) => typeof one === 'function' || (typeof one === 'string' && one !== '')),
    'a list of error classes, or of their names',
  ],
  object: [(v: unknown) => typeof v === 'object' && !Array.isArray(v), 'an object'],
  handler: [(v: unknown) => typeof v === 'function', 'a function'],
  seconds: [(v: unknown) => typeof v === 'number' && v >= 0 && Number.isFinite(v), 'a number of seconds'],
  times: [(v: unknown) => Number.isInteger(v) && Number(v) >= 0, 'a whole number of at least 0'],
  priority: [(v: unknown) => Number.isInteger(v) && Number(v) >= 0 && Number(v) <= 255, 'a whole number from 0 to 255'],
  name: [
    (v: unknown) => typeof v === 'string' && nameFault(v) === null,
    'a name without line breaks, of 255 bytes at most',
  ],
  expires: [isExpiry, 'a number of seconds of at least 0, a Date or an ISO 8601 time'],
  mode: [(v: unknown) => [1, 2, 'transient', 'persistent'].includes(v as never), '1 (transient) or 2 (persistent)'],
  params: [
    isParams,
    "a list of different names such as 'x', 'y?', '...rest', '*', '**more', those that may be left out last",
  ],
  schema: [isStandardSchema, 'a schema by Standard Schema v1 (of zod, valibot, arktype ...)'],
  backoff: [(v: unknown) => typeof v === 'boolean' || (typeof v === 'number' && v >= 0), 'true, false or seconds'],
  rate: [
    (v: unknown) =>
      (typeof v === 'number' && v >= 0) || (typeof v === 'string' && /^\s*(\d+\.?\d*|\.\d+)\s*(\/[smh]?)?$/.test(v)),
    "a rate such as '10/s', '100/m' or '5/h'",
  ],
} as const satisfies Record<string, readonly [(value: unknown) => boolean, string]>;

const KIND_OF: Readonly<Record<keyof TaskOptions, keyof typeof KINDS>> = {
  name: 'text',
  bind: 'yesNo',
  params: 'params',
  typing: 'yesNo',
  args_schema: 'schema',
  max_retries: 'times',
  default_retry_delay: 'seconds',
  autoretry_for: 'errors',
  dont_autoretry_for: 'errors',
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
  throws: 'errors',
  queue: 'name',
  exchange: 'name',
  routing_key: 'text',
  priority: 'priority',
  delivery_mode: 'mode',
  serializer: 'text',
  compression: 'text',
  expires: 'expires',
  shadow_name: 'handler',
  description: 'text',
  before_start: 'handler',
  on_success: 'handler',
  on_failure: 'handler',
  on_retry: 'handler',
  on_replace: 'handler',
  after_return: 'handler',
};

/** @throws ImproperlyConfigured */
export function taskOptionsOf(given: unknown): TaskOptions {
  if (typeof given === 'string') return { name: given };
  if (typeof given === 'object' && given !== null) return given;
  throw new ImproperlyConfigured(
    typeof given === 'function'
      ? "The function of a task comes second: app.task({ name: 'math.add' }, (x, y) => x + y)."
      : `A task takes its name or options first: app.task({ name: 'math.add' }, ...), not ${String(given)}.`,
  );
}

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
    const shown =
      typeof value === 'string' ? `the text '${value}'` : typeof value === 'object' ? jsonText(value) : String(value);
    throw new ImproperlyConfigured(`The task '${task}': ${name} must be ${words}, not ${shown}.`);
  }
  const { compression } = options as TaskOptions;
  if (compression) refuseUnknownCompression(compression, `The task '${task}'`);
  const { soft_time_limit: soft, time_limit: hard, retry_kwargs } = options as TaskOptions;
  if (hard && soft && soft > hard)
    throw new ImproperlyConfigured(
      `The task '${task}': soft_time_limit (${soft} s) must not be above time_limit (${hard} s): it would never be reached.`,
    );
  if (retry_kwargs)
    refuseUnknownOptions(`retry_kwargs of the task '${task}'`, retry_kwargs, ['max_retries', 'countdown']);
}

function isExpiry(value: unknown): boolean {
  if (typeof value === 'number' && !(value >= 0)) return false;
  try {
    checkTimes({ expires: value }, 0);
    return true;
  } catch {
    return false;
  }
}

/** '...rest' comes last, and what may be left out after what may not. */
function isParams(value: unknown): boolean {
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string' || !PARAMETER.test(one))) return false;
  const all = value as string[];
  const names = all.map((one) => one.replace(/^(?:\.\.\.|\*\*)|\?$/g, ''));
  if (new Set(names).size !== names.length) return false;
  const listed = all.at(-1)?.startsWith('**') ? all.slice(0, -1) : all;
  const star = listed.findIndex(isStar);
  const before = star < 0 ? listed : listed.slice(0, star);
  const after = star < 0 ? [] : listed.slice(star + 1);
  const optional = before.findIndex((one) => one.endsWith('?'));
  return (
    listed.every((one) => !one.startsWith('**')) &&
    !after.some(isStar) &&
    // Python, too, wants a name behind a bare '*'.
    !(listed[star] === '*' && after.length === 0) &&
    (optional < 0 || before.slice(optional).every((one) => one.endsWith('?')))
  );
}
const isStar = (param: string): boolean => param === '*' || param.startsWith('...');
const PARAMETER = /^(?:\*|[\p{L}_$][\p{L}\p{N}_$]*\??|(?:\.\.\.|\*\*)[\p{L}_$][\p{L}\p{N}_$]*)$/u;

/** No function, a class, or a function whose return value is no result. @throws TypeError */
/** @param misplaced what stands behind the function: nothing may */
export function refuseUncallable(task: string, fn: unknown, misplaced: readonly unknown[]): void {
  if (typeof fn !== 'function')
    throw new TypeError(
      `The task '${task}' has no function: it comes second, behind the name or the options: app.task({ name: '${task}' }, (x, y) => x + y).`,
    );
  if (misplaced.length > 0)
    throw new TypeError(
      `The task '${task}': its options come first, with its name: app.task({ name: '${task}', rate_limit: '5/m' }, (x, y) => x + y).`,
    );
  const kind = Object.prototype.toString.call(fn);
  if (kind === '[object GeneratorFunction]' || kind === '[object AsyncGeneratorFunction]')
    throw new TypeError(
      `The task '${task}' is a generator: what it yields goes nowhere. Return the result, and tell of progress by this.updateState(...).`,
    );
  if (/^class\b/.test(Function.prototype.toString.call(fn)))
    throw new TypeError(`The task '${task}' is a class: a task is a function. Call what the class does within one.`);
}
