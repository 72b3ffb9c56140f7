// Values of our serializers as JSON a page can take: what JSON has no word for as text, and no more of it than can be looked at.
// Holds: never throws; what was left out is marked by '...' in its place.

import { jsonText } from '../../../shared/json-text.ts';
import { PyFloat } from '../../../shared/python-values.ts';

/** Characters of a value beyond which only its beginning goes to a page. */
const MAX_CHARACTERS = 100_000;
const MAX_DEPTH = 50;

export interface Bounded {
  readonly value: unknown;
  /** Of the whole as JSON. @unit characters */
  readonly size: number;
  readonly cut: boolean;
}

export function bounded(value: unknown, most: number = MAX_CHARACTERS): Bounded {
  const whole = plain(value, 0);
  const size = jsonText(whole).length;
  if (size <= most) return { value: whole, size, cut: false };
  const room = { left: most };
  return { value: head(whole, room), size, cut: true };
}

function head(value: unknown, room: { left: number }): unknown {
  if (typeof value === 'string') {
    const taken = value.slice(0, Math.max(0, room.left));
    room.left -= value.length + 2;
    return taken.length < value.length ? `${taken}...` : value;
  }
  room.left -= 4;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) {
      if (room.left <= 0) {
        items.push('...');
        break;
      }
      items.push(head(item, room));
    }
    return items;
  }
  const entries: [string, unknown][] = [];
  for (const [key, one] of Object.entries(value)) {
    if (room.left <= 0) {
      entries.push(['...', '...']);
      break;
    }
    room.left -= key.length + 4;
    entries.push([key, head(one, room)]);
  }
  return Object.fromEntries(entries);
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH)
    return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  if (Array.isArray(value)) return value.map((v) => plain(v, depth + 1));
  if (value instanceof PyFloat) return value.value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('base64')}`;
  if (value instanceof Error) return { exc_type: value.name, exc_message: [value.message] };
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v, depth + 1)]));
}
