// When a call is to run, and until when: countdown, eta and expires of a call, checked, and as they travel.
// Not here: ISO texts (protocol/iso-time.ts), waiting for the time (worker/strategy.ts).
// Holds: nothing is sent whose time no Celery can read: an instant lies in the years 1 to 9999, as in Python's datetime. That goes
// for the signatures a call carries (links, the rest of a chain, a chord's body) too, so that its caller hears of it and no worker.
// Celery 5.6: app/amqp.py as_task_v2
import type { ApplyOptions, SignatureLike } from '../canvas/call-options.ts';
import { listOf } from '../canvas/signature.ts';
import { formatIsoTime, parseIsoTime, pythonIsoTime } from '../protocol/task-message.ts';

/** Python's datetime.min and max. @unit milliseconds since the epoch */
const FIRST_MS = Date.parse('0001-01-01T00:00:00.000Z');
export const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** The `eta` of the message; null: at once. */
export function etaOf(options: ApplyOptions, nowMs: number): string | null {
  const { countdown, eta } = options;
  const afterMs = secondsAhead('countdown', countdown, nowMs);
  if (afterMs !== null && countdown !== 0) return formatIsoTime(afterMs);
  if (eta === undefined || eta === null) return null;
  instantOf('eta', eta);
  return eta instanceof Date ? dateText(eta) : pythonIsoTime(eta);
}

/** Epoch milliseconds, or null. */
export function expiryOf(expires: ApplyOptions['expires'] | null, nowMs: number): number | null {
  if (expires === undefined || expires === null) return null;
  return typeof expires === 'number' ? secondsAhead('expires', expires, nowMs) : instantOf('expires', expires);
}

/** The `expires` of the message. */
export function expiresText(expires: ApplyOptions['expires'] | null, expiresMs: number | null): string | null {
  if (expiresMs === null) return null;
  if (expires instanceof Date) return dateText(expires);
  return typeof expires === 'string' ? pythonIsoTime(expires) : formatIsoTime(expiresMs);
}

/** @throws TypeError, RangeError */
export function checkTimes(options: Readonly<Record<string, unknown>>, nowMs: number): void {
  const { countdown, eta, expires } = options as ApplyOptions;
  secondsAhead('countdown', countdown, nowMs);
  if (eta !== undefined && eta !== null) instantOf('eta', eta);
  expiryOf(expires, nowMs);
}

/** The times of all signatures that a call carries. */
export function checkCarriedTimes(options: ApplyOptions, nowMs: number): void {
  const { link, link_error, chain, chord } = options;
  for (const carried of [link, link_error, chain, chord]) {
    for (const signature of listOf(carried)) {
      checkTimes(signature.options, nowMs);
      checkCarriedTimes(signature.options as ApplyOptions, nowMs);
      for (const inner of partsOf(signature)) checkCarriedTimes({ link: inner }, nowMs);
    }
  }
}

function partsOf({ subtask_type, kwargs }: SignatureLike): readonly SignatureLike[] {
  if (subtask_type === null) return [];
  return [kwargs.tasks, kwargs.header, kwargs.body].flatMap((parts) => [...listOf(parts)]);
}

function secondsAhead(option: 'countdown' | 'expires', seconds: unknown, nowMs: number): number | null {
  if (seconds === undefined || seconds === null) return null;
  const wanted = option === 'countdown' ? 'a number of seconds' : 'a number of seconds or an instant';
  if (typeof seconds !== 'number' || Number.isNaN(seconds)) {
    throw new TypeError(
      `${option} must be ${wanted}, not ${typeof seconds === 'string' ? `the text '${seconds}'` : String(seconds)}`,
    );
  }
  const ms = nowMs + seconds * 1000;
  if (ms >= FIRST_MS && ms <= LAST_MS) return ms;
  const instant = option === 'countdown' ? 'give `eta`' : 'give a Date';
  throw new RangeError(
    `${option} is seconds from now, and ${seconds} s from now lies beyond the ${seconds < 0 ? 'year 1' : 'year 9999'}, where no time can be written. ` +
      `For an instant, ${instant}.`,
  );
}

function instantOf(option: 'eta' | 'expires', given: unknown): number {
  const ms = given instanceof Date ? given.getTime() : parseInstant(given, option);
  if (Number.isNaN(ms)) throw new TypeError(`${option} is an invalid Date`);
  if (ms >= FIRST_MS && ms <= LAST_MS) return ms;
  const shown = given instanceof Date ? given.toISOString() : String(given);
  throw new RangeError(`${option} must lie in the years 1 to 9999: ${shown} is an instant that no Celery can read.`);
}

function parseInstant(text: unknown, option: string): number {
  const shown = typeof text === 'number' ? `the number ${text}: write new Date(${text}) for milliseconds` : `'${text}'`;
  const wrong = () => new TypeError(`${option} must be a Date or an ISO 8601 time, not ${shown}`);
  if (typeof text !== 'string') throw wrong();
  try {
    return parseIsoTime(text);
  } catch {
    throw wrong();
  }
}

/** A date read from another Celery keeps its own text (naive, or with its offset). */
function dateText(date: Date): string {
  const own = (date as { isoText?: unknown }).isoText;
  return typeof own === 'string' ? pythonIsoTime(own) : formatIsoTime(date.getTime());
}
