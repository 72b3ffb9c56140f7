// eta and expires as they travel: Python's isoformat. A naive one is UTC, whatever zone its reader is configured for.
// Holds: pure; no clock.
// Celery 5.2, 5.6: utils/time.py maybe_iso8601, maybe_make_aware
import { isoformat, readIsoTime } from '../../shared/python-values.ts';
import { InvalidTaskError } from '../errors.ts';

/** Epoch milliseconds, with a fraction for microseconds. @throws InvalidTaskError when the text is no ISO 8601 time */
export function parseIsoTime(text: string): number {
  const time = readIsoTime(text);
  if (!time) throw new InvalidTaskError(`Not an ISO 8601 time: ${JSON.stringify(String(text).slice(0, 64))}`);
  return time.ms;
}

/** '2024-05-06T07:08:09.123456+00:00' */
export function formatIsoTime(ms: number): string {
  return isoformat(ms);
}

const PYTHONS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?(?:[+-]\d\d:\d\d)?$/;

/**
 * The same time as every Celery reads it: what Python's isoformat could have written stays, naive or with its offset.
 * Celery 5.2 takes the digits of a fraction for microseconds ('.5' would be 5 of them), and Python before 3.11 knows no 'Z'.
 */
export function pythonIsoTime(text: string): string {
  if (PYTHONS.test(text)) return text;
  const time = readIsoTime(text);
  if (!time) throw new InvalidTaskError(`Not an ISO 8601 time: ${JSON.stringify(text.slice(0, 64))}`);
  const utc = isoformat(time.ms);
  return time.naive ? utc.slice(0, -6) : utc;
}

/** The same time for readers that would take a naive one for their own: with its offset, or UTC. */
export function awareIsoTime(text: string): string {
  return /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : isoformat(parseIsoTime(text));
}

/** The AMQP `expiration` of a message: milliseconds from now as text, never negative. */
export function expirationOf(expiresMs: number, nowMs: number): string {
  return String(Math.max(0, Math.trunc(expiresMs - nowMs)));
}
