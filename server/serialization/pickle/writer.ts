// Values as pickles, for the stores in which Celery keeps them (SQLAlchemy's PickleType). Reading: reader.ts.
// Holds: what can be pickled is what JSON can carry (json.ts), refused alike; protocol 4, which every Python since 3.4 reads; bytes
// are bytes, instants are datetimes, a whole float that was written as one stays a float.
// Python: Lib/pickle.py, Lib/pickletools.py
import { readClock, readIsoTime } from '../../../shared/python-values.ts';
import { Decimal, decodeJsonExact, encodeJson, PyDate, PyDateTime, PyFloat, PyTime, PyTuple, Uuid } from '../json.ts';
import { textBytes } from './text.ts';
import { PythonName, PythonObject } from './values.ts';

const OP = {
  PROTO: 0x80,
  STOP: 0x2e,
  NONE: 0x4e,
  TRUE: 0x88,
  FALSE: 0x89,
  BININT: 0x4a,
  BININT1: 0x4b,
  LONG1: 0x8a,
  LONG4: 0x8b,
  BINFLOAT: 0x47,
  SHORT_TEXT: 0x8c,
  TEXT: 0x58,
  SHORT_BYTES: 0x43,
  BYTES: 0x42,
  EMPTY_LIST: 0x5d,
  EMPTY_DICT: 0x7d,
  MARK: 0x28,
  APPENDS: 0x65,
  SETITEMS: 0x75,
  TUPLE: 0x74,
  STACK_GLOBAL: 0x93,
  REDUCE: 0x52,
} as const;

/** A value as JSON would carry it: what has `toJSON`, a Date, a bigint ... are what they are for every other store. @throws EncodeError */
export function plainOf(value: unknown): unknown {
  // The simplest need no way round.
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  return decodeJsonExact(encodeJson(value));
}

/** Values of `plainOf`, tuples, and objects by name. */
export function writePickle(value: unknown): Buffer {
  const writer = new Writer();
  writer.byte(OP.PROTO);
  writer.byte(4);
  writer.value(value);
  writer.byte(OP.STOP);
  return writer.done();
}

class Writer {
  readonly #parts: (Buffer | number[])[] = [];
  #bytes: number[] = [];

  byte(...bytes: number[]): void {
    this.#bytes.push(...bytes);
  }

  done(): Buffer {
    this.#flush();
    return Buffer.concat(this.#parts.map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(part))));
  }

  value(value: unknown): void {
    if (value === null || value === undefined) this.byte(OP.NONE);
    else if (typeof value === 'boolean') this.byte(value ? OP.TRUE : OP.FALSE);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'bigint') this.#long(value);
    else if (typeof value === 'string') this.#text(value);
    else if (value instanceof PyFloat) this.#float(value.value);
    else if (value instanceof Uint8Array) this.#binary(value);
    else if (value instanceof PyTuple) this.#tuple(value.items);
    else if (Array.isArray(value)) this.#list(value);
    else if (value instanceof PythonName) this.#name(value.module, value.name);
    else if (value instanceof PythonObject) this.#object(value);
    else if (value instanceof PyDateTime) this.#datetime(value.isoText);
    else if (value instanceof PyDate) this.#call('datetime', 'date', [dateBytes(value.text)]);
    else if (value instanceof PyTime) this.#time(value.text);
    else if (value instanceof Decimal) this.#call('decimal', 'Decimal', [value.text]);
    else if (value instanceof Uuid) this.#call('uuid', 'UUID', [value.hex]);
    else this.#dict(value as Record<string, unknown>);
  }

  #flush(): void {
    if (this.#bytes.length > 0) this.#parts.push(this.#bytes);
    this.#bytes = [];
  }

  #raw(bytes: Buffer): void {
    if (bytes.length < 32) {
      this.byte(...bytes);
      return;
    }
    this.#flush();
    this.#parts.push(bytes);
  }

  #number(value: number): void {
    if (!Number.isInteger(value) || !Number.isSafeInteger(value)) this.#float(value);
    else if (value >= 0 && value < 256) this.byte(OP.BININT1, value);
    else if (value >= -0x80000000 && value <= 0x7fffffff) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value);
      this.byte(OP.BININT, ...bytes);
    } else this.#long(BigInt(value));
  }

  #float(value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    this.byte(OP.BINFLOAT, ...bytes);
  }

  /** Two's complement, little-endian, as short as it goes. */
  #long(value: bigint): void {
    let length = 1;
    while (BigInt.asIntN(8 * length, value) !== value) length++;
    const hex = BigInt.asUintN(8 * length, value).toString(16);
    const bytes = Buffer.from(hex.padStart(2 * length, '0'), 'hex').reverse();
    if (length < 256) this.byte(OP.LONG1, length);
    else this.byte(OP.LONG4, ...lengthBytes(length));
    this.#raw(bytes);
  }

  #text(value: string): void {
    const bytes = textBytes(value);
    if (bytes.length < 256) this.byte(OP.SHORT_TEXT, bytes.length);
    else this.byte(OP.TEXT, ...lengthBytes(bytes.length));
    this.#raw(bytes);
  }

  #binary(value: Uint8Array): void {
    if (value.length < 256) this.byte(OP.SHORT_BYTES, value.length);
    else this.byte(OP.BYTES, ...lengthBytes(value.length));
    this.#raw(Buffer.from(value));
  }

  #tuple(items: readonly unknown[]): void {
    this.byte(OP.MARK);
    for (const item of items) this.value(item);
    this.byte(OP.TUPLE);
  }

  #list(items: readonly unknown[]): void {
    this.byte(OP.EMPTY_LIST);
    if (items.length === 0) return;
    this.byte(OP.MARK);
    for (const item of items) this.value(item);
    this.byte(OP.APPENDS);
  }

  #dict(value: Record<string, unknown>): void {
    this.byte(OP.EMPTY_DICT);
    const keys = Object.keys(value);
    if (keys.length === 0) return;
    this.byte(OP.MARK);
    for (const key of keys) {
      this.#text(key);
      this.value(value[key]);
    }
    this.byte(OP.SETITEMS);
  }

  #name(module: string, name: string): void {
    this.#text(module);
    this.#text(name);
    this.byte(OP.STACK_GLOBAL);
  }

  #call(module: string, name: string, args: readonly unknown[]): void {
    this.#name(module, name);
    this.#tuple(args);
    this.byte(OP.REDUCE);
  }

  #object({ made, args }: PythonObject): void {
    this.#call(made.module, made.name, args);
  }

  #datetime(iso: string): void {
    const time = readIsoTime(iso)!;
    const [day, clock = ''] = [iso.slice(0, 10), iso.slice(11)];
    const { offsetMs } = readClock(clock) ?? { offsetMs: null };
    const local = time.ms + (offsetMs ?? 0);
    const args = [Buffer.concat([dateBytes(day), clockBytes(local - Math.floor(local / 86_400_000) * 86_400_000)])];
    this.#call('datetime', 'datetime', [...args, ...zone(offsetMs)]);
  }

  #time(text: string): void {
    const { ms, offsetMs } = readClock(text)!;
    this.#call('datetime', 'time', [clockBytes(ms), ...zone(offsetMs)]);
  }
}

function zone(offsetMs: number | null): PythonObject[] {
  if (offsetMs === null) return [];
  const days = Math.floor(offsetMs / 86_400_000);
  const delta = new PythonObject(new PythonName('datetime', 'timedelta'), [days, offsetMs / 1000 - days * 86_400, 0]);
  return [new PythonObject(new PythonName('datetime', 'timezone'), [delta])];
}

function dateBytes(day: string): Buffer {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  return Buffer.from([year >> 8, year & 255, month, date]);
}

function clockBytes(ms: number): Buffer {
  const micros = Math.round(ms * 1000);
  const seconds = Math.floor(micros / 1_000_000);
  const rest = micros - seconds * 1_000_000;
  return Buffer.from([
    Math.floor(seconds / 3600),
    Math.floor(seconds / 60) % 60,
    seconds % 60,
    rest >> 16,
    (rest >> 8) & 255,
    rest & 255,
  ]);
}

function lengthBytes(length: number): number[] {
  return [length & 255, (length >>> 8) & 255, (length >>> 16) & 255, length >>> 24];
}
