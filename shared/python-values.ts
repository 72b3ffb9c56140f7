// Values Python tells apart and JavaScript does not: tuple, float that happens to be whole, Decimal, date, time, UUID, instants
// with microseconds. Plain data classes without behaviour beyond their text; printing: python-repr.ts; JSON: server/serialization.
// Holds: each keeps the text it was made from, so that it is written again exactly as it came.

/** A Python tuple, where it must be told from a list (reprs). */
export class PyTuple {
  readonly items: readonly unknown[];
  constructor(items: readonly unknown[]) {
    this.items = items;
  }
  toJSON(): readonly unknown[] {
    return this.items;
  }
}

/** A float that would otherwise print as an integer: `new PyFloat(1)` is `1.0` on the wire. */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  valueOf(): number {
    return this.value;
  }
  toJSON(): number {
    return this.value;
  }
}

/** A decimal number of any precision, as text. */
export class Decimal {
  readonly text: string;
  constructor(text: string | number | bigint) {
    this.text = String(text);
    if (!/^[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf(inity)?|s?nan\d*)$/i.test(this.text)) {
      throw new RangeError(`Not a decimal number: ${JSON.stringify(this.text.slice(0, 60))}`);
    }
  }
  toString(): string {
    return this.text;
  }
  toJSON(): string {
    return this.text;
  }
}

/** A UUID in its usual form with dashes, lower case. */
/** An object of Python's that is known by a name alone: printed as its `toString`. */
export abstract class Opaque {
  abstract toString(): string;
}

export class Uuid {
  readonly text: string;
  constructor(text: string) {
    const hex = text.replace(/^urn:uuid:|[-{}]/gi, '').toLowerCase();
    if (!/^[0-9a-f]{32}$/.test(hex)) throw new RangeError(`Not a UUID: ${JSON.stringify(text.slice(0, 60))}`);
    this.text = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
  get hex(): string {
    return this.text.replaceAll('-', '');
  }
  toString(): string {
    return this.text;
  }
  toJSON(): string {
    return this.text;
  }
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?(Z|[+-]\d{2}(?::?\d{2}(?::?\d{2}(?:\.\d{1,6})?)?)?)?$/;

/** A day without a time: '2024-05-06'. */
export class PyDate {
  readonly text: string;
  constructor(text: string) {
    const match = DATE.exec(text);
    if (!match || !isDay(Number(match[1]), Number(match[2]), Number(match[3]))) {
      throw new RangeError(`Not a date: ${JSON.stringify(text.slice(0, 60))}`);
    }
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
  toJSON(): string {
    return this.text;
  }
}

/** A time of day without a day: '07:08:09.000010+00:00'. */
export class PyTime {
  readonly text: string;
  constructor(text: string) {
    if (!readClock(text)) throw new RangeError(`Not a time of day: ${JSON.stringify(text.slice(0, 60))}`);
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
  toJSON(): string {
    return this.text;
  }
}

/**
 * An instant that remembers how it was written: microseconds, offset, or that it was naive (then read as UTC).
 * It is a Date for all purposes; moved by a setter, it is written as a plain Date.
 */
export class PyDateTime extends Date {
  readonly #text: string;
  readonly #madeAt: number;
  constructor(text: string) {
    const ms = readIsoTime(text)?.ms;
    if (ms === undefined) throw new RangeError(`Not an ISO 8601 time: ${JSON.stringify(text.slice(0, 60))}`);
    super(ms);
    this.#text = text;
    // A Date drops the microseconds.
    this.#madeAt = this.getTime();
  }
  /** Python's isoformat of it. */
  get isoText(): string {
    return this.getTime() === this.#madeAt ? this.#text : isoformat(this.getTime());
  }
}

/** '2024-05-06T07:08:09.123000+00:00', as Python prints an aware UTC datetime. */
export function isoformat(ms: number): string {
  const whole = Math.floor(ms);
  const micros = Math.round((ms - Math.floor(ms / 1000) * 1000) * 1000);
  if (micros >= 1_000_000) return isoformat(Math.floor(ms / 1000) * 1000 + 1000);
  const text = new Date(whole).toISOString();
  const head = text.slice(0, text.length - 5);
  return micros === 0 ? `${head}+00:00` : `${head}.${String(micros).padStart(6, '0')}+00:00`;
}

export interface IsoTime {
  /** Milliseconds since the epoch, with fractions for microseconds; of a naive time as if it were UTC. */
  readonly ms: number;
  readonly naive: boolean;
}

const ISO = /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](.+))?$/;
const COMPACT_CLOCK = /^(\d{2})(\d{2})(\d{2})?((?:[.,]\d{1,6})?(?:Z|[+-].*)?)$/;

/** Read Python's isoformat and its ISO 8601 relatives; undefined when it is none. */
export function readIsoTime(text: string): IsoTime | undefined {
  const match = ISO.exec(text.length > 64 ? '' : text.trim());
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (!isDay(year, month, day)) return undefined;
  const dayMs = utcDay(year, month, day);
  if (match[4] === undefined) return { ms: dayMs, naive: true };
  const compact = COMPACT_CLOCK.exec(match[4]);
  const clock = readClock(compact ? `${compact[1]}:${compact[2]}:${compact[3] ?? '00'}${compact[4]}` : match[4]);
  return clock && { ms: dayMs + clock.ms - (clock.offsetMs ?? 0), naive: clock.offsetMs === null };
}

export interface ClockTime {
  readonly ms: number;
  /** null: naive. */
  readonly offsetMs: number | null;
}

export function readClock(text: string): ClockTime | undefined {
  const match = text.length > 40 ? null : TIME.exec(text);
  if (!match) return undefined;
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const micros = Number((match[4] ?? '').padEnd(6, '0'));
  const ms = ((hour * 60 + minute) * 60 + second) * 1000 + micros / 1000;
  const zone = match[5];
  if (zone === undefined) return { ms, offsetMs: null };
  if (zone === 'Z') return { ms, offsetMs: 0 };
  const digits = zone.slice(1).replaceAll(':', '');
  const [h, m, s] = [Number(digits.slice(0, 2)), Number(digits.slice(2, 4) || 0), Number(digits.slice(4) || 0)];
  if (h > 23 || m > 59 || s >= 60) return undefined;
  return { ms, offsetMs: (zone[0] === '-' ? -1 : 1) * ((h * 60 + m) * 60 + s) * 1000 };
}

function isDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!;
}

function utcDay(year: number, month: number, day: number): number {
  // Date.UTC takes years below 100 for 19xx.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
}
