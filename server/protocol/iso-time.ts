// eta and expires as they travel: Python's isoformat. A naive one is read in the reader's configured zone.
// Holds: pure; no clock.
// Celery 5.6: utils/time.py maybe_iso8601, maybe_make_aware
import { isoformat, readIsoTime } from '../../shared/python-values.ts';
import { InvalidTaskError } from '../errors.ts';

/** 'utc', 'local' (this machine's), or an IANA name ('Europe/Prague'). */
export type Zone = 'utc' | 'local' | (string & {});

/** Epoch milliseconds, with a fraction for microseconds. @throws InvalidTaskError when the text is no ISO 8601 time */
export function parseIsoTime(text: string, zone: Zone = 'utc'): number {
  const time = readIsoTime(text);
  if (!time) throw new InvalidTaskError(`Not an ISO 8601 time: ${JSON.stringify(String(text).slice(0, 64))}`);
  return time.naive ? fromZone(time.ms, zone) : time.ms;
}

/** '2024-05-06T07:08:09.123456+00:00', or in another zone with its offset then. */
export function formatIsoTime(ms: number, zone: Zone = 'utc'): string {
  if (isUtc(zone)) return isoformat(ms);
  const offset = offsetMs(ms, zone);
  const size = Math.abs(offset) / 60_000;
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  return `${isoformat(ms + offset).slice(0, -6)}${offset < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`;
}

/** The AMQP `expiration` of a message: milliseconds from now as text, never negative. */
export function expirationOf(expiresMs: number, nowMs: number): string {
  return String(Math.max(0, Math.trunc(expiresMs - nowMs)));
}

function isUtc(zone: Zone): boolean {
  return zone === 'utc' || zone === 'UTC' || zone === 'Etc/UTC';
}

/** A wall-clock reading (as if UTC) in a zone, as an instant. In a gap or overlap: the offset before the change, as Python's fold=0. */
function fromZone(wallMs: number, zone: Zone): number {
  if (isUtc(zone)) return wallMs;
  const before = offsetMs(wallMs - 86_400_000, zone);
  const guess = wallMs - before;
  const there = offsetMs(guess, zone);
  if (there === before) return guess;
  const other = wallMs - there;
  return offsetMs(other, zone) === there ? other : guess;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offsetMs(ms: number, zone: Zone): number {
  if (zone === 'local') return -new Date(ms).getTimezoneOffset() * 60_000;
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(ms)) part[type] = Number(value);
  const wall = Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!);
  return wall - Math.floor(ms / 1000) * 1000;
}
