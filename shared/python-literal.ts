// Read a Python repr (argsrepr, kwargsrepr, an event's result) back into values, for display and for sending a task again.
// Writing such texts: python-repr.ts. Never evaluates anything: literals, and a short list of constructors by name.
// Holds: never throws; a text that was cut ('...') is told apart from one that is no literal; depth and size are bounded.
// Celery 5.6 writes strings by saferepr, which escapes nothing but the quote: that is the default reading here.
import { Decimal, PyDate, PyDateTime, PyFloat, PyTime, PyTuple, Uuid } from './python-values.ts';

export type PythonLiteral =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string; readonly truncated: boolean };

export interface LiteralOptions {
  /** 'saferepr' (default): in '...' only \' is an escape. 'python': all of Python's. Texts in "..." are always read as Python's. */
  readonly escapes?: 'saferepr' | 'python';
}

/**
 * tuple -> PyTuple, list -> array, dict -> object (Map when a key is no string), set -> Set, bytes -> Uint8Array,
 * int -> number or bigint, whole float -> PyFloat, datetime -> PyDateTime, and Decimal, UUID, date, time.
 */
export function parsePythonLiteral(text: string, options: LiteralOptions = {}): PythonLiteral {
  const escapes = options.escapes ?? 'saferepr';
  const read = readWith(new Reader(text, escapes, false));
  // saferepr leaves backslashes as they are, so a text that ends in one looks as if its end were escaped: C:\temp\ is 'C:\temp\'.
  // Reading all of them one way or the other cannot both succeed: one end taken wrongly leaves an odd number of quotes.
  const again =
    !read.ok && escapes === 'saferepr' && text.includes("\\'") ? readWith(new Reader(text, escapes, true)) : read;
  return again.ok ? again : read;
}

function readWith(reader: Reader): PythonLiteral {
  const { text } = reader;
  try {
    const value = reader.value(0);
    reader.space();
    if (reader.at < text.length) throw new Unreadable(`unexpected ${reader.shown()} after the value`);
    return { ok: true, value };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const truncated = /\.\.\.['"]?[\s)\]},]*$/.test(text) || /[[({]\.\.\.[,\])}]/.test(text);
    return { ok: false, reason: truncated ? `the text was cut: ${error.message}` : error.message, truncated };
  }
}

class Unreadable extends Error {}

const MAX_DEPTH = 100;
const NUMBER = /[+-]?(?:0[xX][\da-fA-F]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y;
const WORD = /[A-Za-z_][\w.]*/y;

class Reader {
  readonly text: string;
  readonly escapes: 'saferepr' | 'python';
  /** In saferepr's texts, \' before what can follow a text is a backslash and the end of the text. */
  readonly endsInBackslash: boolean;
  at = 0;
  constructor(text: string, escapes: 'saferepr' | 'python', endsInBackslash: boolean) {
    this.text = text;
    this.escapes = escapes;
    this.endsInBackslash = endsInBackslash;
  }

  shown(): string {
    return this.at < this.text.length
      ? `${JSON.stringify(this.text.slice(this.at, this.at + 12))} at ${this.at}`
      : 'end';
  }

  space(): void {
    while (this.at < this.text.length && ' \t\r\n'.includes(this.text[this.at]!)) this.at++;
  }

  take(char: string): boolean {
    this.space();
    if (!this.text.startsWith(char, this.at)) return false;
    this.at += char.length;
    return true;
  }

  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Unreadable('nested too deeply');
    this.space();
    const char = this.text[this.at];
    if (char === undefined) throw new Unreadable('the text ends early');
    if (char === '(') return this.tuple(depth);
    if (char === '[') {
      this.at++;
      return this.items(']', depth).values;
    }
    if (char === '{') return this.braces(depth);
    if (char === "'" || char === '"') return this.string(char);
    if (/^[bB]['"]/.test(this.text.slice(this.at, this.at + 2))) return this.bytes();
    if ('+-.0123456789'.includes(char)) return this.number();
    const word = this.match(WORD);
    if (word === undefined) throw new Unreadable(`${this.shown()} is no literal`);
    return this.named(word, depth);
  }

  tuple(depth: number): unknown {
    this.at++;
    const { values, comma } = this.items(')', depth);
    return values.length === 1 && !comma ? values[0] : new PyTuple(values);
  }

  items(close: string, depth: number): { values: unknown[]; comma: boolean } {
    const values: unknown[] = [];
    let comma = false;
    for (;;) {
      if (this.take(close)) return { values, comma };
      if (values.length > 0 && !comma) throw new Unreadable(`expected ${close} or a comma, found ${this.shown()}`);
      values.push(this.value(depth + 1));
      comma = this.take(',');
    }
  }

  braces(depth: number): unknown {
    this.at++;
    const keys: unknown[] = [];
    const values: unknown[] = [];
    let dict = true;
    let comma = true;
    while (!this.take('}')) {
      if (!comma) throw new Unreadable(`expected } or a comma, found ${this.shown()}`);
      keys.push(this.value(depth + 1));
      const colon = this.take(':');
      if (keys.length > 1 && colon !== dict) throw new Unreadable(`neither a dict nor a set at ${this.at}`);
      dict = colon;
      if (colon) values.push(this.value(depth + 1));
      comma = this.take(',');
    }
    if (!dict) return new Set(keys);
    if (!keys.every((key) => typeof key === 'string')) return new Map(keys.map((key, i) => [key, values[i]]));
    const object: Record<string, unknown> = {};
    for (let i = 0; i < keys.length; i++) {
      const name = keys[i] as string;
      if (name === '__proto__') {
        Object.defineProperty(object, name, { value: values[i], enumerable: true, configurable: true, writable: true });
      } else object[name] = values[i];
    }
    return object;
  }

  string(quote: string): string {
    const python = quote === '"' || this.escapes === 'python';
    let out = '';
    for (let i = this.at + 1; i < this.text.length; i++) {
      const char = this.text[i]!;
      if (char === quote) {
        this.at = i + 1;
        return out;
      }
      if (char !== '\\') {
        out += char;
        continue;
      }
      const next = this.text[i + 1];
      if (!python) {
        const ends = this.endsInBackslash && next === quote && ',:)]}'.includes(this.text[i + 2] ?? ',');
        if (next === quote && !ends) i++;
        out += next === quote && !ends ? quote : char;
      } else {
        const [piece, length] = readEscape(this.text, i);
        out += piece;
        i += length - 1;
      }
    }
    throw new Unreadable(`the string at ${this.at} does not end`);
  }

  bytes(): Uint8Array {
    this.at++;
    const text = this.string(this.text[this.at]!);
    if (this.escapes === 'python') return Uint8Array.from(text, (char) => char.charCodeAt(0));
    return new TextEncoder().encode(text);
  }

  number(): unknown {
    const start = this.at;
    if (/^[+-]?inf\b/.test(this.text.slice(start, start + 5))) {
      this.at += this.text[start] === '-' || this.text[start] === '+' ? 4 : 3;
      return this.text[start] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    }
    const text = this.match(NUMBER)?.replaceAll('_', '');
    if (text === undefined) throw new Unreadable(`${this.shown()} is no literal`);
    if (/^[\w.]/.test(this.text.slice(this.at, this.at + 1))) throw new Unreadable(`${this.shown()} follows a number`);
    if (/^[+-]?(\d+|0[xX][\da-fA-F]+)$/.test(text)) {
      if (text.length > 5000) throw new Unreadable('an integer of more than 5000 digits');
      const value = text[0] === '-' ? -BigInt(text.slice(1)) : BigInt(text.replace('+', ''));
      const small = Number(value);
      return Number.isSafeInteger(small) ? small : value;
    }
    const value = Number(text);
    return Number.isInteger(value) ? new PyFloat(value) : value;
  }

  named(word: string, depth: number): unknown {
    switch (word) {
      case 'None':
        return null;
      case 'True':
        return true;
      case 'False':
        return false;
      case 'inf':
        return Number.POSITIVE_INFINITY;
      case 'nan':
        return Number.NaN;
      case 'datetime.timezone.utc':
        return new Zone(0);
    }
    if (!this.take('(')) throw new Unreadable(`${word} is no literal`);
    const args: unknown[] = [];
    const named = new Map<string, unknown>();
    let comma = true;
    while (!this.take(')')) {
      if (!comma) throw new Unreadable(`expected ) or a comma, found ${this.shown()}`);
      this.space();
      const name = /^([A-Za-z_]\w*)=/.exec(this.text.slice(this.at, this.at + 40))?.[1];
      if (name) {
        this.at += name.length + 1;
        named.set(name, this.value(depth + 1));
      } else args.push(this.value(depth + 1));
      comma = this.take(',');
    }
    try {
      return construct(word, args, named);
    } catch (error) {
      throw error instanceof Unreadable ? error : new Unreadable(`${word}: ${(error as Error).message}`);
    }
  }
}

class Zone {
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
  get iso(): string {
    const size = Math.abs(this.seconds);
    return `${this.seconds < 0 ? '-' : '+'}${two(size / 3600)}:${two((size % 3600) / 60)}`;
  }
}

class Delta {
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

function construct(word: string, args: readonly unknown[], named: ReadonlyMap<string, unknown>): unknown {
  const first = args[0];
  const zone = named.get('tzinfo') instanceof Zone ? (named.get('tzinfo') as Zone).iso : '';
  const items =
    first instanceof PyTuple ? first.items : first instanceof Set ? [...first] : (first as unknown[] | undefined);
  switch (word) {
    case 'set':
    case 'frozenset':
      return new Set(items ?? []);
    case 'deque':
    case 'list':
      return [...(items ?? [])];
    case 'tuple':
      return new PyTuple(items ?? []);
    case 'bytearray':
      if (first instanceof Uint8Array) return first;
      break;
    case 'OrderedDict':
    case 'dict':
      if (args.length === 0) return {};
      if (typeof first === 'object' && first !== null && !Array.isArray(first)) return first;
      break;
    case 'Decimal':
      return new Decimal(String(first));
    case 'UUID':
      return new Uuid(String(first));
    case 'datetime.timedelta':
      return new Delta(
        Number(named.get('days') ?? args[0] ?? 0) * 86400 + Number(named.get('seconds') ?? args[1] ?? 0),
      );
    case 'datetime.timezone':
      if (first instanceof Delta) return new Zone(first.seconds);
      break;
    case 'datetime.date':
      return new PyDate(day(args));
    case 'datetime.time':
      return new PyTime(`${clock(args)}${zone}`);
    case 'datetime.datetime':
      return new PyDateTime(`${day(args)}T${clock(args.slice(3))}${zone}`);
  }
  throw new Unreadable(`${word}(...) is no literal`);
}

function day(args: readonly unknown[]): string {
  return `${String(args[0]).padStart(4, '0')}-${two(args[1])}-${two(args[2])}`;
}

function clock(args: readonly unknown[]): string {
  const micros = Number(args[3] ?? 0);
  const text = `${two(args[0] ?? 0)}:${two(args[1] ?? 0)}:${two(args[2] ?? 0)}`;
  return micros === 0 ? text : `${text}.${String(micros).padStart(6, '0')}`;
}

function two(value: unknown): string {
  return String(Math.trunc(Number(value))).padStart(2, '0');
}

const SIMPLE: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
};

function readEscape(text: string, at: number): [piece: string, length: number] {
  const next = text[at + 1] ?? '';
  const simple = Object.hasOwn(SIMPLE, next) ? SIMPLE[next] : undefined;
  if (simple !== undefined) return [simple, 2];
  const size = { x: 2, u: 4, U: 8 }[next];
  if (size !== undefined) {
    const hex = text.slice(at + 2, at + 2 + size);
    const code = Number.parseInt(hex, 16);
    if (hex.length !== size || !/^[\da-fA-F]+$/.test(hex) || code > 0x10ffff)
      throw new Unreadable(`bad escape at ${at}`);
    return [String.fromCodePoint(code), 2 + size];
  }
  const octal = /^[0-7]{1,3}/.exec(text.slice(at + 1, at + 4))?.[0];
  if (octal) return [String.fromCharCode(Number.parseInt(octal, 8)), 1 + octal.length];
  return ['\\', 1];
}
