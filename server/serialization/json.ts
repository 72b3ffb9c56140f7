// Celery's JSON: kombu's text exactly (`encodeJson`), a faster text of equal meaning for hot paths (`encodeJsonFast`), and the
// reader of both. Typed values travel as {"__type__": T, "__value__": V}; see shared/python-values.ts for their classes.
// Holds: integers of any size survive (bigint); NaN and Infinity are read and written; `__proto__` is data like any key; what
// cannot be read is a DecodeError, what cannot be written an EncodeError, however deep or circular it is.
// A JS number prints as an int when whole and exact (1.0 and 1 are one number here: PyFloat(1) prints 1.0), else as Python's float.
// kombu 5.6: utils/json.py
import { jsonText } from '../../shared/json-text.ts';
import { floatRepr } from '../../shared/python-repr.ts';
import { Decimal, isoformat, PyDate, PyDateTime, PyFloat, PyTime, PyTuple, Uuid } from '../../shared/python-values.ts';
import { DecodeError, EncodeError } from '../errors.ts';
import { fromBase64 } from './base64.ts';
import { refuseUncarried } from './carried.ts';
import { parseJsonSlowly } from './json-reader.ts';

export { Decimal, PyDate, PyDateTime, PyFloat, PyTime, PyTuple, Uuid };

/** Python's own limit of nesting is about this. */
const MAX_DEPTH = 1000;

/** kombu's text: ', ' and ': ', ASCII only. */
export function encodeJson(value: unknown): string {
  return write(value, 0);
}

/**
 * Text that decodes to the same value as `encodeJson`'s, written natively when the value is plain JSON.
 * Measured (bodies and headers of 60 to 600 bytes, Node 20): 1.2 to 1.9 times as fast. It is compact and leaves non-ASCII as it is.
 */
export function encodeJsonFast(value: unknown): string {
  if (isPlain(value, 0)) return JSON.stringify(value);
  return write(value, 0);
}

/** As encodeJsonFast, for the body of a call: refuses what would not arrive as it was given. @throws EncodeError */
export function encodeJsonCall(payload: unknown): string {
  if (isPlain(payload, 0)) return JSON.stringify(payload);
  refuseUncarried(payload);
  return write(payload, 0);
}

export function decodeJson(text: string): unknown {
  if (text.length > 2 * MAX_DEPTH && mayBeDeep(text) && isDeep(text))
    throw new DecodeError(`JSON nested deeper than ${MAX_DEPTH} levels`);
  // Without the quotes, which are everywhere: twice as fast.
  const typed = text.includes('__type__') || text.includes('\\u');
  let value: unknown;
  if (hasLongInteger(text)) value = parseJsonSlowly(text);
  else {
    try {
      value = JSON.parse(text);
    } catch {
      value = parseJsonSlowly(text);
    }
  }
  return typed ? revive(value) : value;
}

/** As decodeJson, but 2.0 stays a float (PyFloat): for what is written again for Python to read. Slower. */
export function decodeJsonExact(text: string): unknown {
  if (isDeep(text)) throw new DecodeError(`JSON nested deeper than ${MAX_DEPTH} levels`);
  return revive(parseJsonSlowly(text, true));
}

/**
 * Sixteen digits in a row that do not follow a dot: an integer that may not be exact as a number. Any sixteen in a row have one at a
 * place that sixteen divides, so that only these are looked at. Measured on an envelope: 0.1 us, a pattern takes 0.6.
 */
function hasLongInteger(text: string): boolean {
  for (let i = 15; i < text.length; i += 16) {
    if (!isDigit(text.charCodeAt(i))) continue;
    let from = i;
    let to = i + 1;
    while (isDigit(text.charCodeAt(from - 1))) from--;
    while (isDigit(text.charCodeAt(to))) to++;
    if (to - from >= 16 && text[from - 1] !== '.') return true;
    i = to - 1;
  }
  return false;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** May JSON.stringify write it without loss or change? */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      // Whole numbers past 2^53 and -0 are floats to Python.
      return Number.isInteger(value) ? Number.isSafeInteger(value) && !Object.is(value, -0) : Number.isFinite(value);
    case 'object': {
      if (value === null) return true;
      if (depth >= MAX_DEPTH) return false;
      if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) if (!isPlain(value[i], depth + 1)) return false;
        return (value as { toJSON?: unknown }).toJSON === undefined;
      }
      const prototype = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) return false;
      for (const key in value) {
        const item = (value as Record<string, unknown>)[key];
        if (item !== undefined && !isPlain(item, depth + 1)) return false;
      }
      return typeof (value as { toJSON?: unknown }).toJSON !== 'function';
    }
    default:
      return false;
  }
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      return writeNumber(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return value.toString();
    case 'undefined':
      return 'null';
    case 'object':
      return value === null ? 'null' : writeObject(value, depth);
    default:
      throw new EncodeError(`Object of type ${typeof value} is not JSON serializable`);
  }
}

function writeObject(value: object, depth: number): string {
  if (depth >= MAX_DEPTH) throw new EncodeError(`Nested deeper than ${MAX_DEPTH} levels, or circular`);
  if (Array.isArray(value)) return writeArray(value, depth);
  const prototype = Object.getPrototypeOf(value);
  const replacement = (value as { toJSON?: unknown }).toJSON;
  if ((prototype === Object.prototype || prototype === null) && typeof replacement !== 'function')
    return writeEntries(Object.entries(value), depth);
  if (value instanceof PyTuple) return writeArray(value.items, depth);
  if (value instanceof PyFloat) return writeFloat(value.value);
  if (value instanceof Date) return marker('datetime', dateText(value));
  if (value instanceof Uint8Array) return writeBytes(value);
  if (value instanceof Decimal) return marker('decimal', value.text);
  if (value instanceof Uuid) return `{"__type__": "uuid", "__value__": {"hex": "${value.hex}"}}`;
  if (value instanceof PyDate) return marker('date', value.text);
  if (value instanceof PyTime) return marker('time', value.text);
  if (value instanceof Map) return writeMap(value, depth);
  if (value instanceof Number || value instanceof String || value instanceof Boolean)
    return write(value.valueOf(), depth);
  if (typeof replacement === 'function') return write(replacement.call(value), depth + 1);
  // What is walked through, and what hides its entries, would be an empty object.
  const isWalked =
    Symbol.iterator in value || Symbol.asyncIterator in value || value instanceof WeakMap || value instanceof WeakSet;
  if (isWalked || value instanceof Error || value instanceof Promise || ArrayBuffer.isView(value)) {
    throw new EncodeError(`Object of type ${value.constructor.name} is not JSON serializable`);
  }
  return writeEntries(Object.entries(value), depth);
}

function writeArray(items: readonly unknown[], depth: number): string {
  let out = '';
  for (let i = 0; i < items.length; i++)
    out += i === 0 ? write(items[i], depth + 1) : `, ${write(items[i], depth + 1)}`;
  return `[${out}]`;
}

function writeEntries(entries: readonly (readonly [string, unknown])[], depth: number): string {
  let out = '';
  for (const [key, item] of entries) {
    if (item === undefined || typeof item === 'function') continue;
    out += `${out === '' ? '' : ', '}${writeString(key)}: ${write(item, depth + 1)}`;
  }
  return `{${out}}`;
}

/** Keys become text as Python's json makes them; equal ones collide as they do there (the first place, the last value). */
function writeMap(map: ReadonlyMap<unknown, unknown>, depth: number): string {
  const entries = new Map<string, unknown>();
  for (const [key, item] of map) entries.set(keyText(key), item);
  return writeEntries([...entries], depth);
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (key === null || typeof key === 'boolean') return String(key);
  if (typeof key === 'number') return writeNumber(key);
  if (typeof key === 'bigint') return key.toString();
  if (key instanceof PyFloat) return writeFloat(key.value);
  throw new EncodeError(
    `keys must be str, int, float, bool or None, not ${(key as object)?.constructor?.name ?? typeof key}`,
  );
}

function marker(type: string, text: string): string {
  return `{"__type__": "${type}", "__value__": ${writeString(text)}}`;
}

function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new EncodeError('An invalid Date is not JSON serializable');
  return date instanceof PyDateTime ? date.isoText : isoformat(date.getTime());
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function writeBytes(bytes: Uint8Array): string {
  try {
    return marker('bytes', strictUtf8.decode(bytes));
  } catch {
    return marker('base64', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'));
  }
}

function writeNumber(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  return writeFloat(value);
}

function writeFloat(value: number): string {
  if (Number.isFinite(value)) return floatRepr(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

const NEEDS_ESCAPE = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/;
const NON_ASCII = /[\u007f-\uffff]/g;

function writeString(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(NON_ASCII, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** More opening brackets than levels, those in strings included. Found natively, in a tenth of the time that `isDeep` takes. */
function mayBeDeep(text: string): boolean {
  let left = MAX_DEPTH;
  for (const bracket of ['{', '['])
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) if (--left < 0) return true;
  return false;
}

/** Does any place of this JSON text lie deeper than MAX_DEPTH? */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
    else if (code === 0x22) {
      i = text.indexOf('"', i + 1);
      while (i !== -1 && isEscaped(text, i)) i = text.indexOf('"', i + 1);
      if (i === -1) return false;
    }
  }
  return false;
}

function isEscaped(text: string, quote: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes++;
  return slashes % 2 === 1;
}

/** Turn marked objects into their values, inside out, in place. */
function revive(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = revive(value[i]);
    return value;
  }
  const object = value as Record<string, unknown>;
  const keys = Object.keys(object);
  for (const key of keys) {
    const item = object[key];
    if (typeof item !== 'object' || item === null) continue;
    const revived = revive(item);
    // Assigning `__proto__` would set the prototype; a marker under it stays as it is.
    if (revived !== item && key !== '__proto__') object[key] = revived;
  }
  if (keys.length !== 2 || !Object.hasOwn(object, '__type__') || !Object.hasOwn(object, '__value__')) return object;
  return reviveMarker(object.__type__, object.__value__);
}

function reviveMarker(type: unknown, value: unknown): unknown {
  try {
    switch (type) {
      case 'datetime':
        return new PyDateTime(asText(value));
      case 'date':
        // kombu reads the day of a whole isoformat, too.
        return new PyDate(asText(value).slice(0, 10));
      case 'time':
        return new PyTime(asText(value));
      case 'decimal':
        return new Decimal(asText(value));
      case 'uuid':
        return new Uuid(asText((value as { hex?: unknown } | null)?.hex));
      case 'bytes':
        return new Uint8Array(Buffer.from(asText(value), 'utf8'));
      case 'base64':
        return fromBase64(asText(value));
    }
  } catch (error) {
    throw new DecodeError(`Unusable value of type ${String(type)}: ${(error as Error).message}`, { cause: error });
  }
  throw new DecodeError(`Unsupported type ${jsonText(type).slice(0, 80)} in a {"__type__", "__value__"} object`);
}

function asText(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`expected text, got ${value === null ? 'null' : typeof value}`);
  return value;
}
