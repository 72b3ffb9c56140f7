// Field tables of AMQP: the headers of a message and the x-arguments of a declaration, in the types py-amqp writes and reads.
// amqplib would write small integers in types that py-amqp takes for others (`s` is a short text there), and cannot read what py-amqp
// writes for large ones (`L`): reading such a message it would give up the connection, again and again. So whole numbers are written
// as `I` or `l`, and what comes is looked through before amqplib reads it. Beyond 2^53 it would read them inexactly: those are bigints here.
// py-amqp: serialization.py _write_item, _read_item; RabbitMQ's errata of field types
import { Decimal, PyFloat } from '../../../shared/python-values.ts';
import { EncodeError } from '../../errors.ts';

type Dict = Readonly<Record<string, unknown>>;

/** As amqplib writes it. @throws EncodeError for what AMQP has no type for */
export function toTable(values: Dict): Record<string, unknown> {
  const table: Record<string, unknown> = {};
  for (const key in values) {
    const value = values[key];
    if (value !== undefined) table[key] = toField(value, key);
  }
  return table;
}

function toField(value: unknown, key: string): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return numberField(value);
    case 'bigint':
      if (BigInt.asIntN(64, value) === value) return { '!': 'long', value };
      throw new EncodeError(`The header or argument '${key}' is larger than AMQP's largest whole number: ${value}.`);
    case 'undefined':
      return null;
    case 'object':
      return value === null ? null : objectField(value, key);
    default:
      throw new EncodeError(`The header or argument '${key}' is a ${typeof value}, for which AMQP has no type.`);
  }
}

function numberField(value: number): unknown {
  // Whole ones are whole numbers in JSON, too, and in Python then.
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 2 ** 63)
    return { '!': 'long', value: BigInt(value) };
  if (!Number.isSafeInteger(value)) return { '!': 'double', value };
  return { '!': value === (value | 0) ? 'int' : 'long', value };
}

function objectField(value: object, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => toField(item, key));
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof PyFloat) return { '!': 'double', value: value.value };
  if (value instanceof Decimal) return value.text;
  // amqplib would read a type out of a key '!'.
  if (Object.hasOwn(value, '!')) throw new EncodeError(`The header or argument '${key}' has a key '!'.`);
  if ('toJSON' in value && typeof value.toJSON === 'function') return toField(value.toJSON(), key);
  return toTable(value as Dict);
}

/** How many bytes what `toTable` made takes. @param bytesOf a text; who needs no more than a bound hands in one that is quicker */
export function sizeOfTable(table: Dict, bytesOf: (text: string) => number): number {
  let size = 4;
  for (const key in table) size += 1 + bytesOf(key) + sizeOfField(table[key], bytesOf);
  return size;
}

function sizeOfField(value: unknown, bytesOf: (text: string) => number): number {
  if (typeof value === 'string') return 5 + bytesOf(value);
  if (typeof value !== 'object') return 2;
  if (value === null) return 1;
  if (value instanceof Uint8Array) return 5 + value.length;
  if (Array.isArray(value)) return value.reduce<number>((size, item) => size + sizeOfField(item, bytesOf), 5);
  if ('!' in value) return value['!'] === 'int' ? 5 : 9;
  return 1 + sizeOfTable(value as Dict, bytesOf);
}

/** What amqplib read, without its marks of types. */
export function fromTable(table: Dict): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const key in table) values[key] = fromField(table[key]);
  return values;
}

function fromField(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(fromField);
  if (!('!' in value)) return fromTable(value as Dict);
  const { '!': type, value: inner } = value as { '!': unknown; value?: unknown };
  if (type === 'timestamp') return new Date(Number(inner) * 1000);
  if (type !== 'decimal') return fromTable(value as Dict);
  const { places, digits } = inner as { places: number; digits: number };
  return new Decimal(places === 0 ? `${digits}` : `${digits}e-${places}`);
}

const HEADERS_OF_MESSAGE = 0x2000;
const CONTENT_TYPE = 0x8000;
const CONTENT_ENCODING = 0x4000;

/**
 * Rewrites in place the headers of a message (the payload of a content header frame) so that amqplib can read them: `L` as `l`. Headers
 * that are broken, or hold a type nobody knows, are taken out: what is left is a message nobody has a task for, and not a lost connection.
 * @returns whether they hold numbers that amqplib reads inexactly: `restoreLarge`
 */
export function makeReadable(payload: Buffer): boolean {
  const flags = payload.readUInt16BE(12);
  if ((flags & HEADERS_OF_MESSAGE) === 0) return false;
  const start = startOfHeaders(payload, flags);
  const end = start + 4 + payload.readUInt32BE(start);
  hasLarge = false;
  if (readTable(payload, start + 4, end)) return hasLarge;
  payload.writeUInt32BE(0, start);
  payload.copyWithin(start + 4, Math.min(end, payload.length));
  return false;
}

/** Puts whole numbers beyond 2^53 into what amqplib read of that payload, as bigints. */
export function restoreLarge(payload: Buffer, headers: Record<string, unknown>): void {
  const start = startOfHeaders(payload, payload.readUInt16BE(12));
  restoreIn(payload, start + 4, start + 4 + payload.readUInt32BE(start), headers);
}

/** A table, or with `list` an array, that is known to be whole. */
function restoreIn(bytes: Buffer, start: number, end: number, into: Record<string, unknown>, list = false): void {
  let at = start;
  for (let n = 0; at < end; n++) {
    let key = String(n);
    if (!list) {
      const name = at + 1;
      at = name + bytes[at]!;
      key = bytes.toString('utf8', name, at);
    }
    const type = bytes[at]!;
    const fixed = FIXED[type];
    const next = at + 1 + (fixed ?? 4 + bytes.readUInt32BE(at + 1));
    if (type === LONG && isLarge(bytes, at + 1)) into[key] = bytes.readBigInt64BE(at + 1);
    else if (type === TABLE || type === ARRAY) {
      const inner = into[key];
      // A name that is there twice holds the last of them.
      if (typeof inner === 'object' && inner !== null)
        restoreIn(bytes, at + 5, next, inner as Record<string, unknown>, type === ARRAY);
    }
    at = next;
  }
}

function startOfHeaders(payload: Buffer, flags: number): number {
  let start = 14;
  if (flags & CONTENT_TYPE) start += 1 + payload[start]!;
  if (flags & CONTENT_ENCODING) start += 1 + payload[start]!;
  return start;
}

/** By its upper half: not within 2^53. */
function isLarge(bytes: Buffer, at: number): boolean {
  const upper = bytes.readInt32BE(at);
  return upper < -0x20_0000 || upper >= 0x20_0000;
}

/** One was seen since it was set to false. */
let hasLarge = false;

/** false: it is none. */
function readTable(bytes: Buffer, start: number, end: number, depth = 0): boolean {
  if (end > bytes.length || depth > MAX_DEPTH) return false;
  let at = start;
  while (at < end) {
    at += 1 + bytes[at]!;
    at = readField(bytes, at, end, depth);
    if (at < 0) return false;
  }
  return at === end;
}

/** Where it ends; -1: it is none. */
function readField(bytes: Buffer, at: number, end: number, depth: number): number {
  if (at >= end || depth > MAX_DEPTH) return -1;
  const type = bytes[at]!;
  const fixed = FIXED[type];
  if (fixed !== undefined) {
    if (at + 1 + fixed > end) return -1;
    if (type === LONG_LONG) bytes[at] = LONG;
    if (bytes[at] === LONG && isLarge(bytes, at + 1)) hasLarge = true;
    return at + 1 + fixed;
  }
  if (at + 5 > end) return -1;
  const first = at + 5;
  const last = first + bytes.readUInt32BE(at + 1);
  if (last > end) return -1;
  switch (String.fromCharCode(type)) {
    case 'S':
    case 'x':
      return last;
    case 'F':
      return readTable(bytes, first, last, depth + 1) ? last : -1;
    case 'A': {
      let item = first;
      while (item < last && item >= 0) item = readField(bytes, item, last, depth + 1);
      return item === last ? last : -1;
    }
    default:
      return -1;
  }
}

/** Of tables and arrays in each other: as in JSON. amqplib recurses, and where its stack ends the connection does, at each delivery anew. */
const MAX_DEPTH = 1000;
const LONG_LONG = 0x4c;
const LONG = 0x6c;
const TABLE = 0x46;
const ARRAY = 0x41;
/** How many bytes follow the type, by its code. */
const FIXED: readonly (number | undefined)[] = (() => {
  const sizes: number[] = [];
  const all: [types: string, size: number][] = [
    ['V', 0],
    ['tbB', 1],
    ['su', 2],
    ['Iif', 4],
    ['D', 5],
    ['lLdT', 8],
  ];
  for (const [types, size] of all) for (const type of types) sizes[type.charCodeAt(0)] = size;
  return sizes;
})();
