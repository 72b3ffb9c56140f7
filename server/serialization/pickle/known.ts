// The few kinds of Python objects that have a value here: dates, decimals, UUIDs, sets, and the dicts and lists of collections. All others
// stay data.
// Holds: what looks like one of them and is none stays a PythonObject; nothing is called.
// Python: datetime.__reduce_ex__, decimal.__reduce__, uuid.__getstate__
import { zoneOffsetMinutes } from '../../../shared/format/time.ts';
import { Decimal, PyDate, PyDateTime, PyTime, Uuid } from '../../../shared/python-values.ts';
import { PythonName, PythonObject } from './values.ts';

/** @param state what would be given to `__setstate__` */
export function knownObject(made: PythonName, args: readonly unknown[], state?: unknown): unknown {
  try {
    return value(made, args, state) ?? new PythonObject(made, args, state);
  } catch {
    return new PythonObject(made, args, state);
  }
}

function value(made: PythonName, args: readonly unknown[], state: unknown): unknown {
  const [first] = args;
  switch (made.path) {
    case 'datetime.datetime':
      return dateTime(args);
    case 'datetime.date':
      return first instanceof Uint8Array || typeof first === 'string'
        ? new PyDate(dayText(bytesOf(first, 4)))
        : undefined;
    case 'datetime.time':
      return new PyTime(clockText(bytesOf(first, 6)) + zoneText(args[1]));
    case 'decimal.Decimal':
      return typeof first === 'string' ? new Decimal(first) : undefined;
    case 'uuid.UUID': {
      if (typeof first === 'string') return new Uuid(first);
      const { int } = (state ?? {}) as { int?: number | bigint };
      return int === undefined ? undefined : new Uuid(BigInt(int).toString(16).padStart(32, '0'));
    }
    case 'builtins.set':
    case 'builtins.frozenset':
    case '__builtin__.set':
    case '__builtin__.frozenset':
      return args.length === 0 ? [] : Array.isArray(first) ? first : undefined;
    case 'builtins.bytearray':
      return first instanceof Uint8Array ? first : undefined;
    case '_codecs.encode':
      // How protocols 0 to 2 write bytes.
      return typeof first === 'string' ? new Uint8Array(Buffer.from(first, 'latin1')) : undefined;
    case 'collections.OrderedDict':
      return args.length === 0 ? {} : undefined;
    case 'collections.defaultdict':
      return {};
    case 'collections.Counter':
      return isDict(first) ? first : undefined;
    case 'collections.deque':
      return [];
    default:
      return undefined;
  }
}

function isDict(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function dateTime(args: readonly unknown[]): unknown {
  const bytes = bytesOf(args[0], 10);
  const text = `${dayText(bytes)}T${clockText(bytes.subarray(4))}`;
  const zone = args[1];
  if (zone instanceof PythonObject && NAMED_ZONE.test(zone.made.path)) {
    const [name, seconds] = zone.args;
    // pytz has looked it up already.
    if (zone.made.path === 'pytz._p' && typeof seconds === 'number') return new PyDateTime(text + offsetText(seconds));
    // Bit 7 of the month: the second of two equal times when a clock is set back.
    return new PyDateTime(text + offsetText(60 * offsetThere(text, String(name), (bytes[2]! & 128) !== 0)));
  }
  return new PyDateTime(text + zoneText(zone));
}

const NAMED_ZONE = /^(zoneinfo\.ZoneInfo(\._unpickle)?|pytz\._p)$/;
const DAY_MS = 86_400_000;

/** Of a local time, in minutes: where it is there twice, or never, of the clock before it was set. @param second of the one after */
function offsetThere(local: string, zone: string, second: boolean): number {
  const ms = Date.parse(`${local}Z`);
  const offsets = [-DAY_MS, DAY_MS].map((by) => zoneOffsetMinutes(ms + by, zone));
  if (second) offsets.reverse();
  const fits = (minutes: number) => zoneOffsetMinutes(ms - 60_000 * minutes, zone) === minutes;
  return offsets.find(fits) ?? offsets[0]!;
}

function bytesOf(value: unknown, length: number): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  if (!(bytes instanceof Uint8Array) || bytes.length !== length) throw new TypeError('not as datetime writes it');
  return bytes;
}

const two = (n: number) => String(n).padStart(2, '0');

function dayText(bytes: Uint8Array): string {
  const year = bytes[0]! * 256 + bytes[1]!;
  return `${String(year).padStart(4, '0')}-${two(bytes[2]! & 127)}-${two(bytes[3]!)}`;
}

function clockText(bytes: Uint8Array): string {
  const micros = bytes[3]! * 65_536 + bytes[4]! * 256 + bytes[5]!;
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
  return `${two(bytes[0]! & 127)}:${two(bytes[1]!)}:${two(bytes[2]!)}${fraction}`;
}

/** '' when there is none; a zone by name has no fixed offset. */
function zoneText(zone: unknown): string {
  if (zone === undefined || zone === null) return '';
  const utc = zone instanceof PythonObject && /^(pytz\._UTC|datetime\.timezone\.utc)$/.test(zone.made.path);
  if (utc || (zone instanceof PythonName && zone.path === 'datetime.timezone.utc')) return '+00:00';
  if (!(zone instanceof PythonObject) || zone.made.path !== 'datetime.timezone') throw new TypeError('a zone by name');
  const [delta] = zone.args;
  if (!(delta instanceof PythonObject) || delta.made.path !== 'datetime.timedelta') throw new TypeError('no offset');
  const [days = 0, seconds = 0] = delta.args as number[];
  return offsetText(days * 86_400 + seconds);
}

function offsetText(seconds: number): string {
  const minutes = Math.trunc(Math.abs(seconds) / 60);
  return `${seconds < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}
