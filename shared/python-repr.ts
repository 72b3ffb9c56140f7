// Write values as Python's repr would, within a budget of characters: what argsrepr, kwargsrepr and event results show.
// Reading such texts back: python-literal.ts. Values Python tells apart and we do not: python-values.ts.
// Holds: for what JSON can carry the text equals celery.utils.saferepr's, character by character (golden: saferepr.json). A JS
// number prints as an int when it is whole and exact, else as a float; strings are single-quoted and only ' is escaped.
// Celery 5.6: utils/saferepr.py
import { Decimal, Opaque, PyDate, PyDateTime, PyFloat, PyTime, PyTuple, Uuid } from './python-values.ts';

export { type LiteralOptions, type PythonLiteral, parsePythonLiteral } from './python-literal.ts';

const MAX_LEVELS = 3;
/** Levels `reprOf` goes down. */
const MAX_DEPTH = 100;
/** What Celery cuts argsrepr, kwargsrepr and event results at. @unit characters */
const REPR_MAXLEN = 1024;

/** repr of positional arguments: '(2, 3)', '(1,)', '()'. */
export function argsRepr(args: readonly unknown[], maxlen: number = REPR_MAXLEN): string {
  return args.length === 0 ? '()' : saferepr(new PyTuple(args), maxlen);
}

export function kwargsRepr(kwargs: Readonly<Record<string, unknown>>, maxlen: number = REPR_MAXLEN): string {
  return saferepr(kwargs, maxlen);
}

/** @param maxlen budget in characters, spent token by token (the text may come out a little longer); null = unlimited */
export function saferepr(value: unknown, maxlen: number | null = null): string {
  // A text that stays under the budget is the same with and without one: try the short way first.
  budget = maxlen ?? Number.POSITIVE_INFINITY;
  const short = plain(value, 0);
  around.fill(null);
  if (short !== undefined && budget > 0) return short;
  return tokens(value, maxlen);
}

let budget = 0;
/** The containers around the value being printed. */
const around: unknown[] = [];

/** True: it stands within itself. Else it is the container at that level now. */
function enters(value: object, level: number): boolean {
  for (let i = 0; i < level; i++) if (around[i] === value) return true;
  around[level] = value;
  return false;
}

/** Recursive and without truncation; undefined when the budget is spent or something rare came up. */
function plain(value: unknown, level: number): string | undefined {
  if (typeof value === 'string') {
    budget -= value.length + 2;
    if (budget <= 0) return undefined;
    return value.includes("'") ? quoteLong(value) : `'${value}'`;
  }
  if (typeof value === 'number') {
    const text = numberRepr(value);
    budget -= text.length;
    return text;
  }
  if (value === null || value === undefined) {
    budget -= 4;
    return 'None';
  }
  if (typeof value === 'boolean') {
    budget -= 5;
    return value ? 'True' : 'False';
  }
  if (typeof value !== 'object') return undefined;
  const tuple = value instanceof PyTuple;
  if (tuple || Array.isArray(value)) {
    const items = tuple ? value.items : (value as unknown[]);
    budget -= 7;
    if (level >= MAX_LEVELS) return tuple ? (items.length === 1 ? '(...,)' : '(...)') : '[...]';
    if (enters(value, level)) return undefined;
    let text = '';
    for (let i = 0; i < items.length; i++) {
      const part = plain(items[i], level + 1);
      if (part === undefined) return undefined;
      budget -= 2;
      if (budget <= 0) return undefined;
      text += i === 0 ? part : `, ${part}`;
    }
    if (!tuple) return `[${text}]`;
    return items.length === 1 ? `(${text},)` : `(${text})`;
  }
  if (!isPlainObject(value)) return undefined;
  budget -= 6;
  if (level >= MAX_LEVELS) return '{...}';
  if (enters(value, level)) return undefined;
  let text = '';
  for (const key of Object.keys(value)) {
    const part = plain((value as Record<string, unknown>)[key], level + 1);
    if (part === undefined) return undefined;
    budget -= key.length + 6;
    if (budget <= 0) return undefined;
    const name = key.includes("'") ? quoteLong(key) : `'${key}'`;
    text += text === '' ? `${name}: ${part}` : `, ${name}: ${part}`;
  }
  return `{${text}}`;
}

function quoteLong(text: string): string {
  budget -= text.length;
  return `'${text.replaceAll("'", "\\'")}'`;
}

interface Frame {
  readonly source: object;
  readonly close: string;
  readonly items: Iterator<Token>;
}
type Token =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'key' | 'value'; readonly value: unknown };

/** The full way: tokens in order, each cut to what is left of the budget; at its end the open brackets are closed. */
function tokens(root: unknown, maxlen: number | null): string {
  let left = maxlen;
  let out = '';
  const frames: Frame[] = [];
  const emit = (text: string): boolean => {
    if (left !== null && left <= 0) {
      out += ', ...';
      for (let i = frames.length - 1; i >= 0; i--) out += frames[i]!.close;
      return false;
    }
    out += text;
    if (left !== null) left -= pyLength(text);
    return true;
  };
  const room = (): number | null => (left === null ? null : Math.max(left, 1));
  const value = (v: unknown): boolean => {
    const atom = atomRepr(v, left !== null && left <= 0 ? null : room());
    if (atom !== undefined) return emit(atom);
    const container = open(v as object);
    if (container === undefined) return emit(truncate(objectRepr(v as object), room()));
    if (frames.length >= MAX_LEVELS) return emit(truncate(`${container.open}...${container.frame.close}`, room()));
    if (frames.some((frame) => frame.source === v)) return emit(truncate(recursion(v as object), room()));
    frames.push(container.frame);
    return emit(container.open);
  };
  if (!value(root)) return out;
  while (frames.length > 0) {
    const frame = frames.at(-1)!;
    const next = frame.items.next();
    if (next.done) {
      frames.pop();
      // Celery drops the bracket at which the budget was found spent, and closes the others.
      if (!emit(frame.close)) return out;
      continue;
    }
    const token = next.value;
    if (token.kind === 'literal') {
      if (!emit(token.text)) return out;
    } else if (token.kind === 'key') {
      if (!emit(left !== null && left <= 0 ? '' : saferepr(token.value, left))) return out;
    } else if (!value(token.value)) return out;
  }
  return out;
}

function open(value: object): { open: string; frame: Frame } | undefined {
  const frame = (start: string, close: string, items: Iterator<Token>) => ({
    open: start,
    frame: { source: value, close, items },
  });
  if (Array.isArray(value)) return frame('[', ']', sequence(value));
  if (value instanceof PyTuple) return frame('(', value.items.length === 1 ? ',)' : ')', sequence(value.items));
  if (value instanceof Set) return value.size === 0 ? undefined : frame('{', '}', sequence([...value]));
  if (value instanceof Map) return frame('{', '}', mapping([...value]));
  if (value instanceof Error || value instanceof Date || isNamedValue(value)) return undefined;
  return frame('{', '}', mapping(Object.entries(value)));
}

function* sequence(items: readonly unknown[]): Iterator<Token> {
  for (let i = 0; i < items.length; i++) {
    if (i > 0) yield { kind: 'literal', text: ', ' };
    yield { kind: 'value', value: items[i] };
  }
}

function* mapping(entries: readonly (readonly [unknown, unknown])[]): Iterator<Token> {
  for (let i = 0; i < entries.length; i++) {
    if (i > 0) yield { kind: 'literal', text: ', ' };
    yield { kind: 'key', value: entries[i]![0] };
    yield { kind: 'literal', text: ': ' };
    yield { kind: 'value', value: entries[i]![1] };
  }
}

function atomRepr(value: unknown, maxlen: number | null): string | undefined {
  switch (typeof value) {
    case 'string':
      return `'${truncate(value, maxlen).replaceAll("'", "\\'")}'`;
    case 'number':
      return truncate(numberRepr(value), maxlen);
    case 'bigint':
      return truncate(value.toString(), maxlen);
    case 'boolean':
      return truncate(value ? 'True' : 'False', maxlen);
    case 'undefined':
      return truncate('None', maxlen);
    case 'function':
      return truncate(`<function ${value.name || '<lambda>'}>`, maxlen);
    case 'symbol':
      return truncate(`<${String(value)}>`, maxlen);
    case 'object':
      if (value === null) return truncate('None', maxlen);
      if (value instanceof Uint8Array) return bytesRepr(value, maxlen);
      return undefined;
  }
}

/** What is no container: dates, decimals, exceptions, empty sets. */
function objectRepr(value: object): string {
  if (value instanceof Set) return 'set()';
  if (value instanceof PyFloat) return floatRepr(value.value);
  if (value instanceof Decimal) return `Decimal('${value.text}')`;
  if (value instanceof Uuid) return `UUID('${value.text}')`;
  if (value instanceof PyDate) return `datetime.date(${value.text.split('-').map(Number).join(', ')})`;
  if (value instanceof PyTime) return `datetime.time(${clockRepr(value.text, 2)})`;
  if (value instanceof Date) return datetimeRepr(value);
  if (value instanceof Error) return errorRepr(value);
  if (value instanceof Opaque) return value.toString();
  return `<${value.constructor?.name ?? 'object'}>`;
}

/** ValueError('x'), as Python prints an exception by its arguments. */
function errorRepr(error: Error): string {
  const args = (error as { args?: unknown }).args;
  if (Array.isArray(args)) return `${error.name}(${args.map((arg) => reprOf(arg)).join(', ')})`;
  return `${error.name}(${error.message === '' ? '' : stringRepr(error.message)})`;
}

/** repr of a value as Python itself would print it: strings escaped, containers whole but for what stands within itself. */
export function reprOf(value: unknown, level = 0): string {
  if (typeof value === 'string') return stringRepr(value);
  if (typeof value !== 'object' || value === null || value instanceof Error || value instanceof Date)
    return saferepr(value);
  if (level > MAX_DEPTH) return '...';
  const all = (items: readonly unknown[]) => items.map((item) => reprOf(item, level + 1)).join(', ');
  const pairs = (entries: readonly (readonly [unknown, unknown])[]) =>
    `{${entries.map(([key, item]) => `${reprOf(key, level + 1)}: ${reprOf(item, level + 1)}`).join(', ')}}`;
  if (Array.isArray(value)) return `[${all(value)}]`;
  if (value instanceof PyTuple) return value.items.length === 1 ? `(${all(value.items)},)` : `(${all(value.items)})`;
  if (value instanceof Map) return pairs([...value]);
  if (value instanceof Set) return value.size === 0 ? 'set()' : `{${all([...value])}}`;
  return isNamedValue(value) ? saferepr(value) : pairs(Object.entries(value));
}

function isNamedValue(value: object): boolean {
  return (
    value instanceof PyFloat ||
    value instanceof Decimal ||
    value instanceof Uuid ||
    value instanceof Opaque ||
    value instanceof PyDate ||
    value instanceof PyTime ||
    value instanceof Set ||
    ArrayBuffer.isView(value)
  );
}

function datetimeRepr(date: Date): string {
  if (Number.isNaN(date.getTime())) return 'datetime.datetime(invalid)';
  const iso = date instanceof PyDateTime ? date.isoText : date.toISOString();
  const [day = '', clock = ''] = iso.split(/[T ]/);
  return `datetime.datetime(${day.split('-').map(Number).join(', ')}, ${clockRepr(clock || '00:00', 2)})`;
}

/** '07:08:09.000010+00:00' as constructor arguments: '7, 8, 9, 10, tzinfo=datetime.timezone.utc'. */
function clockRepr(text: string, least: number): string {
  const match = /^(\d+):(\d+)(?::(\d+))?(?:\.(\d+))?(.*)$/.exec(text);
  if (!match) return stringRepr(text);
  const micros = Number((match[4] ?? '').padEnd(6, '0').slice(0, 6));
  const parts = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0), micros];
  while (parts.length > least && parts.at(-1) === 0) parts.pop();
  const zone = match[5] ?? '';
  if (zone === '') return parts.join(', ');
  return `${parts.join(', ')}, tzinfo=${zoneRepr(zone)}`;
}

function zoneRepr(zone: string): string {
  const digits = zone.slice(1).replaceAll(':', '');
  const seconds =
    Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4) || 0) * 60 + Number(digits.slice(4) || 0);
  if (zone === 'Z' || seconds === 0) return 'datetime.timezone.utc';
  // Python normalises a negative timedelta to days=-1 and positive seconds.
  const delta = zone[0] === '-' ? `days=-1, seconds=${86400 - seconds}` : `seconds=${seconds}`;
  return `datetime.timezone(datetime.timedelta(${delta}))`;
}

/** repr of a JS number: an int when whole and exact, else a float. */
function numberRepr(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  return floatRepr(value);
}

/** repr of a float: '1.0', '1e+22', '1e-07', 'inf', 'nan'. */
export function floatRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  if (Number.isInteger(value)) return Object.is(value, -0) ? '-0.0' : `${value}.0`;
  return String(value);
}

/** What is escaped, in some texts: control characters, spaces and hyphens that are not seen, half a pair of surrogates. */
const ESCAPED = /['"\\\p{Cc}\u00a0\u00ad\p{Cs}]/gu;
const NAMED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** repr of a str, with Python's choice of quotes and its escapes. Texts may be of MBs: a letter that stays costs next to nothing. */
export function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = (char: string): string => {
    if (char === "'" || char === '"') return char === quote ? `\\${char}` : char;
    const code = char.charCodeAt(0);
    return NAMED[char] ?? (code > 0xff ? `\\u${code.toString(16)}` : `\\x${code.toString(16).padStart(2, '0')}`);
  };
  return `${quote}${text.replace(ESCAPED, escaped)}${quote}`;
}

/** Celery prints bytes as their text when they are UTF-8, else in hex; nothing is escaped. */
function bytesRepr(bytes: Uint8Array, maxlen: number | null): string {
  if (maxlen !== null && bytes.length > maxlen) return `b'${bytesText(bytes.subarray(0, maxlen))}...'`;
  return `b'${bytesText(bytes)}'`;
}

function bytesText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    let hex = '';
    for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
    return hex;
  }
}

const ids = new WeakMap<object, number>();
let lastId = 140_000_000_000_000;

function recursion(value: object): string {
  // Python prints the address, of as many digits; here it is a running number.
  let id = ids.get(value);
  if (id === undefined) {
    lastId += 16;
    id = lastId;
    ids.set(value, id);
  }
  const kind = Array.isArray(value)
    ? 'list'
    : value instanceof PyTuple
      ? 'tuple'
      : value instanceof Set
        ? 'set'
        : 'dict';
  return `<Recursion on ${kind} with id=${id}>`;
}

function truncate(text: string, maxlen: number | null): string {
  if (maxlen === null || maxlen === 0 || text.length < maxlen || pyLength(text) < maxlen) return text;
  const head =
    text.length === pyLength(text) ? text.slice(0, maxlen) : [...text.slice(0, maxlen * 2)].slice(0, maxlen).join('');
  const space = head.lastIndexOf(' ');
  return `${space === -1 ? head : head.slice(0, space)}...`;
}

/** Length in code points, as Python counts. */
function pyLength(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      length--;
      i++;
    }
  }
  return length;
}

function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
