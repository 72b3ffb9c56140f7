// Values of the comparable fields: numbers, durations and times as people write them, into seconds.
// Not here: how values are shown (format/time.ts), where they may stand (parser.ts).
// Holds: the same text with the same `now` and offset gives the same number; a text that cannot be read is told why.
import type { FieldKind } from './tree.ts';

export interface ValueContext {
  /** The present moment in seconds since the epoch; relative times and times of day need it. */
  readonly nowS?: number | undefined;
  /** Minutes east of UTC of the times that are written without an offset; a function when it changes over the year. Default 0. */
  readonly utcOffsetMinutes?: number | ((epochS: number) => number) | undefined;
}
/** `end`: where the span a coarse value stands for ends (a day, a minute), itself outside; equal to `start` for a point. */
export interface Value {
  readonly start: number;
  readonly end: number;
  readonly shape: 'point' | 'day' | 'clock';
  /** Of a clock: seconds since midnight. */
  readonly daySeconds?: number;
}
export type ReadValue = Value | { readonly message: string };

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  us: 1e-6,
  ms: 1e-3,
  s: 1,
  sec: 1,
  m: 60,
  min: 60,
  h: 3600,
  hr: 3600,
  d: 86400,
  w: 604800,
};
const UNITS = Object.keys(UNIT_SECONDS)
  .sort((a, b) => b.length - a.length)
  .join('|');
const DURATION = new RegExp(`^(?:\\d+(?:\\.\\d+)?(?:${UNITS}))+$`, 'i');
const DURATION_PART = new RegExp(`(\\d+(?:\\.\\d+)?)(${UNITS})`, 'gi');
const NUMBER = /^\d+(?:\.\d+)?$/;
const DAY = 86400;

function readNumber(text: string, field: string): ReadValue {
  if (!NUMBER.test(text)) return { message: `${field} is a count such as 2, not "${text}".` };
  return point(Number(text));
}

/** `1.5s`, `200ms`, `1h30m`; without a unit, seconds. `unit` is borrowed by a number that has none (1..5m). */
function readDuration(text: string, field: string, unit = 's'): ReadValue {
  if (NUMBER.test(text)) {
    const scale = UNIT_SECONDS[unit] as number;
    return { start: scaled(text, scale), end: scaled(text, scale) + step(text) * scale, shape: 'point' };
  }
  if (!DURATION.test(text)) return { message: `${field} is a duration such as 200ms, 1.5s or 2m, not "${text}".` };
  let seconds = 0;
  let smallest = 0;
  for (const [, digits, name] of text.matchAll(DURATION_PART)) {
    const scale = UNIT_SECONDS[(name as string).toLowerCase()] as number;
    seconds += scaled(digits as string, scale);
    smallest = step(digits as string) * scale;
  }
  return { start: seconds, end: seconds + smallest, shape: 'point' };
}

/** The last unit written in a duration, or null. */
export function unitOf(text: string): string | null {
  return text.match(new RegExp(`(${UNITS})$`, 'i'))?.[1]?.toLowerCase() ?? null;
}

const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?$/;
const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?$/i;
const RELATIVE = /^([+-])(.+)$/;
const EPOCH = /^\d{9,11}(?:\.\d+)?$/;

/** `-15m`, `+1h`, `now`, `today`, `14:00`, `2026-03-01`, `2026-03-01T14:00Z`, epoch seconds. A time of day is the last one, for eta the next. */
function readTime(text: string, field: string, context: ValueContext): ReadValue {
  const lower = text.toLowerCase();
  const relative = RELATIVE.exec(text);
  const clock = CLOCK.exec(text);
  if (relative !== null || clock !== null || lower === 'now' || lower === 'today' || lower === 'yesterday') {
    if (context.nowS === undefined) return { message: `"${text}" needs the present time, which is not known here.` };
    const now = context.nowS;
    if (lower === 'now') return point(now);
    if (lower === 'today') return daySpan(midnight(now, context), context);
    if (lower === 'yesterday') return daySpan(midnight(midnight(now, context) - 1, context), context);
    if (relative !== null) {
      const distance = readDuration(relative[2] as string, field);
      if ('message' in distance || NUMBER.test(relative[2] as string)) {
        return { message: `"${text}" is no time from now: give a unit, as in ${relative[1]}15m or ${relative[1]}2h.` };
      }
      return point(now + (relative[1] === '-' ? -distance.start : distance.start));
    }
    return readClock(clock as RegExpExecArray, text, field, context, now);
  }
  const date = DATE_TIME.exec(text);
  if (date !== null) return readDate(date, text, context);
  if (EPOCH.test(text)) return point(Number(text));
  const forgotSign = DURATION.test(text) ? ` Did you mean -${text} (${text} ago)?` : '';
  return { message: `${field} is a time such as 14:00, 2026-03-01, -15m or now, not "${text}".${forgotSign}` };
}

export function readValueOf(
  kind: FieldKind,
  text: string,
  field: string,
  context: ValueContext,
  unit?: string,
): ReadValue {
  if (kind === 'duration') return readDuration(text, field, unit);
  if (kind === 'time') return readTime(text, field, context);
  return readNumber(text, field);
}

/** The first instant at or after `after` at which it is this time of day. */
export function nextClock(daySeconds: number, after: number, context: ValueContext): number {
  const today = midnight(after, context) + daySeconds;
  return today >= after ? today : today + DAY;
}

function readClock(match: RegExpExecArray, text: string, field: string, context: ValueContext, now: number): ReadValue {
  const hours = Number(match[1]);
  const minutes = Number(match[2]);
  const seconds = Number(match[3] ?? 0) + Number(match[4] ?? 0);
  if (hours > 23 || minutes > 59 || seconds >= 60)
    return { message: `"${text}" is no time of day: 00:00 to 23:59:59.` };
  const daySeconds = hours * 3600 + minutes * 60 + seconds;
  const today = midnight(now, context) + daySeconds;
  const start = field === 'eta' ? (today < now ? today + DAY : today) : today > now ? today - DAY : today;
  return { start, end: start + (match[3] === undefined ? 60 : 1), shape: 'clock', daySeconds };
}

function readDate(match: RegExpExecArray, text: string, context: ValueContext): ReadValue {
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const [hours, minutes] = [Number(match[4] ?? 0), Number(match[5] ?? 0)];
  const seconds = Number(match[6] ?? 0) + Number(match[7] ?? 0);
  const wall = Date.UTC(year, month - 1, day) / 1000;
  const back = new Date(wall * 1000);
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || hours > 23 || minutes > 59 || seconds >= 60) {
    return { message: `"${text}" is no date and time there is.` };
  }
  const zone = match[8];
  const local = wall + hours * 3600 + minutes * 60 + seconds;
  const start = zone === undefined ? fromWall(local, context) : local - offsetSeconds(zone);
  if (match[4] === undefined) {
    return { start, end: zone === undefined ? fromWall(wall + DAY, context) : start + DAY, shape: 'day' };
  }
  return { start, end: start + (match[6] === undefined ? 60 : match[7] === undefined ? 1 : 0), shape: 'point' };
}

function offsetSeconds(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60);
}

function offsetAt(epochS: number, context: ValueContext): number {
  const offset = context.utcOffsetMinutes ?? 0;
  return (typeof offset === 'number' ? offset : offset(epochS)) * 60;
}

/** A wall-clock time, told as if it were UTC, to its instant. */
function fromWall(wallS: number, context: ValueContext): number {
  const guess = wallS - offsetAt(wallS, context);
  return wallS - offsetAt(guess, context);
}

function midnight(epochS: number, context: ValueContext): number {
  const wall = epochS + offsetAt(epochS, context);
  return fromWall(Math.floor(wall / DAY) * DAY, context);
}

function daySpan(start: number, context: ValueContext): Value {
  const wall = start + offsetAt(start, context);
  return { start, end: fromWall(wall + DAY, context), shape: 'day' };
}

function point(value: number): Value {
  return { start: value, end: value, shape: 'point' };
}

/** The digits times the scale without the dust of 0.2 * 1e-3. */
function scaled(digits: string, scale: number): number {
  return scale < 1 ? Number(digits) / Math.round(1 / scale) : Number(digits) * scale;
}

/** The weight of the last digit: 1 for "2", 0.1 for "1.5". */
function step(digits: string): number {
  return 10 ** -(digits.split('.')[1]?.length ?? 0);
}
