// When a task asks to be retried for some errors without saying so in its body: which errors, and how long to wait.
// Not here: the retry itself (running-task.ts).
// Celery 5.6: app/autoretry.py, utils/time.py get_exponential_backoff_interval
import { Ignore, Reject, Retry } from '../errors.ts';
import type { ErrorClass, TaskOptions } from './task-options.ts';

export interface AutoRetry {
  /** undefined: the task's `default_retry_delay`. @unit seconds */
  readonly countdown?: number;
  readonly max_retries?: number | null;
}

/** What to hand to `retry`, or null when this error is not one of them. */
export function autoRetry(options: TaskOptions, error: Error, retries: number): AutoRetry | null {
  const { autoretry_for: wanted, retry_kwargs = {}, retry_backoff } = options;
  if (!wanted || wanted.length === 0) return null;
  if (error instanceof Ignore || error instanceof Reject || error instanceof Retry) return null;
  if (isOneOf(error, options.dont_autoretry_for) || !isOneOf(error, wanted)) return null;
  if (!retry_backoff) return retry_kwargs;
  const factor = Math.floor(Number(retry_backoff));
  const countdown = backoff(
    Math.max(1, factor),
    retries,
    options.retry_backoff_max ?? 600,
    options.retry_jitter ?? true,
  );
  return { ...retry_kwargs, countdown };
}

/** min(maximum, factor * 2 ** retries); with jitter a random whole number from 0 to that. @unit seconds */
export function backoff(factor: number, retries: number, maximum: number, fullJitter: boolean): number {
  const countdown = Math.min(maximum, factor * 2 ** retries);
  return Math.max(0, fullJitter ? Math.floor(Math.random() * (countdown + 1)) : countdown);
}

/** By class, or by the name of the class or of one it extends. */
export function isOneOf(error: Error, classes: readonly ErrorClass[] | undefined): boolean {
  return (classes ?? []).some((one) => (typeof one === 'string' ? hasName(error, one) : error instanceof one));
}

function hasName(error: Error, name: string): boolean {
  if (error.name === name) return true;
  for (let c = error.constructor; typeof c === 'function' && c.name; c = Object.getPrototypeOf(c)) {
    if (c.name === name) return true;
  }
  return false;
}
