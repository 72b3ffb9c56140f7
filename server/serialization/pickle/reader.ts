// Pickles as data. The stack machine of Python's pickle with everything left out that could do something: a name is kept as a name, a
// call as what would have been called with what (values.ts). Known kinds (dates, decimals, UUIDs, sets) become the values JSON has for them.
// Writing: writer.ts.
// Holds: nothing is executed, imported or fetched; what cannot be read is a DecodeError; what is read is a tree, no deeper than JSON may
// be, without rings, and not larger than bounds.ts has it.
// Python: Lib/pickletools.py, protocols 0 to 5
import { jsonText } from '../../../shared/json-text.ts';
import { DecodeError } from '../../errors.ts';
import { Bounds } from './bounds.ts';
import { knownObject } from './known.ts';
import { markPickled } from './mark.ts';
import { textOfBytes } from './text.ts';
import { calledName, PythonName, PythonObject } from './values.ts';

const MARK = Symbol('mark');

/** @throws DecodeError */
export function decodePickle(body: Uint8Array): unknown {
  let value: unknown;
  try {
    value = new Reader(Buffer.from(body.buffer, body.byteOffset, body.byteLength)).read();
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(`Not a pickle: ${(error as Error).message}`, { cause: error });
  }
  new Bounds(body.byteLength).check(value);
  markPickled(value);
  return value;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  /** Where the memo holds an object that may yet get a state, so that a pickle of many costs no more than its length. */
  readonly #keysOf = new Map<PythonObject, number[]>();
  /** Of what becomes a text while it is read. */
  readonly #bounds: Bounds;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#bounds = new Bounds(bytes.byteLength);
  }

  read(): unknown {
    for (;;) {
      const op = this.#u8();
      if (op === 0x2e) return this.#pop(); // .
      this.#step(op);
    }
  }

  #step(op: number): void {
    const stack = this.#stack;
    switch (op) {
      case 0x80: // PROTO
        if (this.#u8() > 5) throw new DecodeError('A pickle of a protocol newer than 5 cannot be read');
        return;
      case 0x95: // FRAME
        this.#take(8);
        return;
      case 0x28: // MARK (
        stack.push(MARK);
        return;
      case 0x30: // POP 0
        this.#pop();
        return;
      case 0x31: // POP_MARK 1
        this.#marked();
        return;
      case 0x32: // DUP 2
        stack.push(this.#top());
        return;
      case 0x4e: // NONE
        stack.push(null);
        return;
      case 0x88:
        stack.push(true);
        return;
      case 0x89:
        stack.push(false);
        return;
      case 0x49: {
        // INT I
        const text = this.#line();
        stack.push(text === '01' ? true : text === '00' ? false : integer(text));
        return;
      }
      case 0x4c: // LONG L
        stack.push(integer(this.#line().replace(/L$/, '')));
        return;
      case 0x4a: // BININT
        stack.push(this.#take(4).readInt32LE());
        return;
      case 0x4b: // BININT1
        stack.push(this.#u8());
        return;
      case 0x4d: // BININT2
        stack.push(this.#take(2).readUInt16LE());
        return;
      case 0x8a: // LONG1
        stack.push(long(this.#take(this.#u8())));
        return;
      case 0x8b: // LONG4
        stack.push(long(this.#take(this.#u32())));
        return;
      case 0x46: // FLOAT F
        stack.push(float(this.#line()));
        return;
      case 0x47: // BINFLOAT
        stack.push(this.#take(8).readDoubleBE());
        return;
      case 0x53: // STRING S
        stack.push(this.#line().replace(/^(['"])(.*)\1$/s, '$2'));
        return;
      case 0x56: // UNICODE V
        stack.push(
          this.#line('latin1').replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_all, a, b) =>
            String.fromCodePoint(Number.parseInt(a ?? b, 16)),
          ),
        );
        return;
      case 0x54: // BINSTRING T
        stack.push(this.#take(this.#u32()).toString('latin1'));
        return;
      case 0x55: // SHORT_BINSTRING U
        stack.push(this.#take(this.#u8()).toString('latin1'));
        return;
      case 0x8c:
        stack.push(this.#text(this.#u8()));
        return;
      case 0x58:
        stack.push(this.#text(this.#u32()));
        return;
      case 0x8d:
        stack.push(this.#text(this.#u64()));
        return;
      case 0x43:
        stack.push(this.#binary(this.#u8()));
        return;
      case 0x42:
        stack.push(this.#binary(this.#u32()));
        return;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        stack.push(this.#binary(this.#u64()));
        return;
      default:
        this.#build(op);
    }
  }

  /** Opcodes that put values together. */
  #build(op: number): void {
    const stack = this.#stack;
    switch (op) {
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
      case 0x8f: // EMPTY_SET
        stack.push([]);
        return;
      case 0x7d: // EMPTY_DICT
        stack.push({});
        return;
      case 0x6c: // LIST l
      case 0x74: // TUPLE t
      case 0x91: // FROZENSET
        stack.push(this.#marked());
        return;
      case 0x85:
      case 0x86:
      case 0x87: // TUPLE1 .. TUPLE3
        stack.push(this.#last(op - 0x84));
        return;
      case 0x64: {
        // DICT d
        const items = this.#marked();
        stack.push({});
        this.#set(items);
        return;
      }
      case 0x61: // APPEND a
        this.#append(this.#last(1));
        return;
      case 0x65: // APPENDS e
      case 0x90: // ADDITEMS
        this.#append(this.#marked());
        return;
      case 0x73: // SETITEM s
        this.#set(this.#last(2));
        return;
      case 0x75: // SETITEMS u
        this.#set(this.#marked());
        return;
      case 0x63: // GLOBAL c
        stack.push(new PythonName(this.#line(), this.#line()));
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#last(2);
        if (typeof module !== 'string' || typeof name !== 'string')
          throw new DecodeError('A name in a pickle is no text');
        stack.push(new PythonName(module, name));
        return;
      }
      case 0x52: // REDUCE R
      case 0x81: {
        // NEWOBJ
        const [made, args] = this.#last(2);
        this.#make(made, args);
        return;
      }
      case 0x92: {
        // NEWOBJ_EX
        const [made, args, kwargs] = this.#last(3);
        this.#make(made, [...listOf(args), kwargs]);
        return;
      }
      case 0x69: {
        // INST i
        const name = new PythonName(this.#line(), this.#line());
        this.#make(name, this.#marked());
        return;
      }
      case 0x6f: {
        // OBJ o
        const [made, ...args] = this.#marked();
        this.#make(made, args);
        return;
      }
      case 0x62: {
        // BUILD b
        const [object, state] = this.#last(2);
        this.#replace(object, object instanceof PythonObject ? knownObject(object.made, object.args, state) : object);
        return;
      }
      default:
        this.#remember(op);
    }
  }

  #remember(op: number): void {
    switch (op) {
      case 0x94: // MEMOIZE
        this.#memoize(this.#memo.size);
        return;
      case 0x70: // PUT p
        this.#memoize(Number(this.#line()));
        return;
      case 0x71:
        this.#memoize(this.#u8());
        return;
      case 0x72:
        this.#memoize(this.#u32());
        return;
      case 0x67: // GET g
        this.#recall(Number(this.#line()));
        return;
      case 0x68:
        this.#recall(this.#u8());
        return;
      case 0x6a:
        this.#recall(this.#u32());
        return;
      default:
        // Persistent ids, extension registries and out-of-band buffers need somebody to ask.
        throw new DecodeError(`A pickle with the opcode 0x${op.toString(16)} at byte ${this.#at - 1} cannot be read`);
    }
  }

  #make(made: unknown, args: unknown): void {
    const name = calledName(made);
    if (!name) throw new DecodeError('A pickle calls something that is no name');
    this.#stack.push(knownObject(name, listOf(args)));
  }

  #memoize(key: number): void {
    this.#keep(key, this.#top());
  }

  #keep(key: number, value: unknown): void {
    this.#memo.set(key, value);
    if (!(value instanceof PythonObject)) return;
    const keys = this.#keysOf.get(value);
    if (keys) keys.push(key);
    else this.#keysOf.set(value, [key]);
  }

  /** `__setstate__`: who remembered the object before means the one with its state. */
  #replace(before: unknown, after: unknown): void {
    this.#stack.push(after);
    if (!(before instanceof PythonObject) || before === after) return;
    const keys = this.#keysOf.get(before) ?? [];
    this.#keysOf.delete(before);
    for (const key of keys) if (this.#memo.get(key) === before) this.#keep(key, after);
  }

  #append(items: readonly unknown[]): void {
    const list = this.#top();
    // An object that is filled like a list, or like a dict below, stays its class and what it was made with.
    if (list instanceof PythonObject) return;
    if (!Array.isArray(list)) throw new DecodeError('A pickle appends to what is no list');
    for (const item of items) list.push(item);
  }

  #set(items: readonly unknown[]): void {
    const target = this.#top();
    if (typeof target !== 'object' || target === null || Array.isArray(target) || target instanceof PythonName) {
      throw new DecodeError('A pickle sets an item of what is no dict');
    }
    for (let i = 0; i + 1 < items.length; i += 2) {
      const key = this.#keyText(items[i]);
      // Assigning `__proto__` would set the prototype.
      const entry = { value: items[i + 1], writable: true, enumerable: true, configurable: true };
      if (!(target instanceof PythonObject)) Object.defineProperty(target, key, entry);
    }
  }

  /** As JSON has them. */
  #keyText(key: unknown): string {
    if (typeof key === 'bigint' || (typeof key === 'object' && key !== null)) {
      this.#bounds.check(key);
      return jsonText(key);
    }
    return String(key);
  }

  #recall(key: number): void {
    if (!this.#memo.has(key)) throw new DecodeError(`A pickle asks for a value that it has not remembered (${key})`);
    this.#stack.push(this.#memo.get(key));
  }

  #top(): unknown {
    const value = this.#stack.at(-1);
    if (this.#stack.length === 0 || value === MARK) throw new DecodeError('A pickle takes a value where none is');
    return value;
  }

  #pop(): unknown {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #last(count: number): unknown[] {
    const values = Array.from({ length: count }, () => this.#pop());
    return values.reverse();
  }

  #marked(): unknown[] {
    const from = this.#stack.lastIndexOf(MARK);
    if (from < 0) throw new DecodeError('A pickle ends a list that it has not begun');
    const values = this.#stack.splice(from);
    values.shift();
    return values;
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new DecodeError(`The pickle is cut off at byte ${this.#bytes.length}`);
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  #u8(): number {
    return this.#take(1)[0]!;
  }
  #u32(): number {
    return this.#take(4).readUInt32LE();
  }
  #u64(): number {
    return Number(this.#take(8).readBigUInt64LE());
  }
  #text(length: number): string {
    return textOfBytes(this.#take(length));
  }
  #binary(length: number): Uint8Array {
    return new Uint8Array(this.#take(length));
  }
  #line(encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw new DecodeError('The pickle is cut off in a line');
    const text = this.#bytes.toString(encoding, this.#at, end);
    this.#at = end + 1;
    return text;
  }
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new DecodeError('A pickle calls something with what are no arguments');
  return value;
}

function integer(text: string): number | bigint {
  const value = BigInt(text.trim());
  return exact(value);
}

function exact(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function long(bytes: Buffer): number | bigint {
  if (bytes.length === 0) return 0;
  const hex = Buffer.from(bytes).reverse().toString('hex');
  return exact(BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`)));
}

function float(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  if (text === '-inf') return Number.NEGATIVE_INFINITY;
  return Number(text);
}
