// Takes secrets out of texts and values before they are stored, sent or shown.
// Not here: which names are secret (secret-names.ts).
// Holds: one pass, so time is in proportion to the length whatever the text; no depth is left unmasked; what is masked can be told
// from what is whole (`holdsMask`), so that it is never sent again as if it were true.
import { isSecretName, MASK, SECRET_LOOKS, WORDS_IN_TEXT } from './secret-names.ts';

export type IsSecret = (name: string) => boolean;

export interface Masking {
  /** A text: reprs of arguments, JSON, exceptions, tracebacks, URLs. */
  text(text: string): string;
  /** A value of any depth, by the names within it. Never changes what it was given. */
  value(value: unknown): unknown;
}

/** Leaves everything as it is: only where an operator asked for it. */
export const NO_MASKING: Masking = { text: (text) => text, value: (value) => value };

/** @param more patterns of further names, as in the dashboard's option `redact` */
export function createMasking(more: readonly string[] = []): Masking {
  const extra = more.map((source) => new RegExp(source, 'i'));
  const isSecret: IsSecret =
    extra.length === 0 ? isSecretName : (name) => isSecretName(name) || extra.some((pattern) => pattern.test(name));
  // Further names cannot be found by a fixed list of words: then every name in a text is looked at.
  const words = extra.length === 0 ? WORDS_IN_TEXT : EVERY_NAME;
  const text = (given: string): string => maskTextBy(given, isSecret, words);
  return { text, value: (given) => walk(given, isSecret, text, 0) };
}

const BUILT_IN = createMasking();
export const maskText = BUILT_IN.text;
export const maskValue = BUILT_IN.value;

/** Was something taken out of this text or value? Then it is not what was sent. */
export function holdsMask(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(MASK);
  if (typeof value !== 'object' || value === null) return false;
  const todo: unknown[] = [value];
  const seen = new Set<object>();
  for (let one = todo.pop(); todo.length > 0 || one !== undefined; one = todo.pop()) {
    if (typeof one === 'string') {
      if (one.includes(MASK)) return true;
    } else if (typeof one === 'object' && one !== null && !seen.has(one)) {
      seen.add(one);
      if (one instanceof Map) todo.push(...one.keys(), ...one.values());
      else if (one instanceof Set) todo.push(...one);
      else todo.push(...Object.values(one));
    }
  }
  return false;
}

// --- values --------------------------------------------------------------------------------------------------------

/** What is nested deeper than any serializer of ours writes is not looked into and not shown. */
const MAX_DEPTH = 1000;

function walk(value: unknown, isSecret: IsSecret, text: (text: string) => string, depth: number): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return MASK;
  const inner = (item: unknown): unknown => walk(item, isSecret, text, depth + 1);
  if (Array.isArray(value)) {
    // Headers as pairs: [['Authorization', 'Bearer ...']]
    return value.map((item) => (isSecretPair(item, isSecret) ? [(item as unknown[])[0], MASK] : inner(item)));
  }
  if (value instanceof Map)
    return new Map(
      [...value].map(([key, item]) => [key, typeof key === 'string' && isSecret(key) ? hidden(item) : inner(item)]),
    );
  if (value instanceof Set) return new Set([...value].map(inner));
  if (value instanceof Error) {
    const copy = Object.create(Object.getPrototypeOf(value) as object) as Error;
    return Object.assign(copy, { name: value.name, message: text(value.message), stack: text(value.stack ?? '') });
  }
  const items = (value as { items?: unknown }).items;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    // A tuple of ours; dates, decimals, bytes and the like stand for themselves.
    if (!Array.isArray(items)) return value;
    const copy = Object.create(prototype as object) as { items: unknown };
    return Object.assign(copy, value, { items: isSecretPair(items, isSecret) ? [items[0], MASK] : inner(items) });
  }
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const shown = isSecret(key) ? hidden(item) : inner(item);
    if (key === '__proto__')
      Object.defineProperty(out, key, { value: shown, enumerable: true, configurable: true, writable: true });
    else out[key] = shown;
  }
  return out;
}

function isSecretPair(item: unknown, isSecret: IsSecret): item is [string, string] {
  if (!Array.isArray(item) || item.length !== 2) return false;
  const [name, value] = item as unknown[];
  return typeof name === 'string' && typeof value === 'string' && value !== '' && isSecret(name);
}

/** What says nothing of a secret stays: nothing at all, and yes or no. */
function hidden(value: unknown): unknown {
  return value === null || value === undefined || value === '' || typeof value === 'boolean' ? value : MASK;
}

// --- texts ---------------------------------------------------------------------------------------------------------

const EVERY_NAME = /[A-Za-z_][\w.-]{0,63}/g;
const NAME_CHAR = /[\w.-]/;
const MAX_NAME = 64;

/** A stretch of text and what stands in its place. */
interface Cut {
  readonly from: number;
  readonly to: number;
  readonly by: string;
}

function maskTextBy(text: string, isSecret: IsSecret, words: RegExp): string {
  if (text.length < 4) return text;
  const cuts: Cut[] = [];
  if (text.includes('://')) urlCuts(text, cuts);
  nameCuts(text, isSecret, words, cuts);
  looksCuts(text, cuts);
  if (cuts.length === 0) return text;
  cuts.sort((a, b) => a.from - b.from || b.to - a.to);
  let out = '';
  let at = 0;
  for (const { from, to, by } of cuts) {
    if (from < at) {
      // Two reasons for neighbouring stretches: neither may show what the other hides.
      if (to > at) at = to;
      continue;
    }
    out += text.slice(at, from) + by;
    at = to;
  }
  return out + text.slice(at);
}

/** Characters that end a URL in running text and in reprs. */
const URL_END = /[\s"'`<>]/;
const PORT = /^\d{1,5}(?:[/?#]|$)/;
/** A token where a user's name would stand: https://ghp_...@github.com */
const LONG_USER = /^[\w-]{20,}$/;
const AUTHORITY_END = /[/?#@:]/;
const REACH = 256;

function urlCuts(text: string, cuts: Cut[]): void {
  let at = text.indexOf('://');
  while (at >= 0) {
    const begin = at + 3;
    const next = text.indexOf('://', begin);
    // Each stretch ends before the next address: none is looked through twice.
    const stretch = text.slice(begin, next < 0 ? text.length : Math.max(begin, schemeStart(text, next)));
    const ended = stretch.search(URL_END);
    userCut(text, begin, begin + (ended < 0 ? stretch.length : ended), cuts);
    at = next;
  }
}

/** Where the scheme before '://' at `at` begins. */
function schemeStart(text: string, at: number): number {
  let from = at;
  while (from > 0 && at - from < 32 && /[a-z0-9+.-]/i.test(text[from - 1]!)) from--;
  return from;
}

function userCut(text: string, begin: number, end: number, cuts: Cut[]): void {
  const url = text.slice(begin, end);
  const first = url.search(AUTHORITY_END);
  if (first < 0) return;
  const stop = begin + first;
  const last = begin + url.lastIndexOf('@');
  if (text[stop] === '@') {
    if (LONG_USER.test(text.slice(begin, stop))) cuts.push({ from: begin, to: stop, by: MASK });
    return;
  }
  if (text[stop] !== ':') return;
  const from = stop + 1;
  if (last >= from) {
    // Up to the last @: a password may hold one, and a slash, that nobody escaped.
    const between = text.slice(from, last);
    const isPort = stop > begin && PORT.test(between);
    if (!isPort && last > from) cuts.push({ from, to: last, by: MASK });
    return;
  }
  const rest = text.slice(from, end);
  if (rest === '' || PORT.test(rest) || /^\d+\D{0,3}$/.test(rest)) return;
  // Neither a port nor an @: the address was cut short, or its password holds a quote or a space.
  const near = text.slice(end, end + REACH);
  const further = /^[^\n@]*@/.exec(near)?.[0].length ?? 0;
  const isQuoteInside = further > 0 && !/:\/\/|[,;{}[\]]/.test(near.slice(0, further));
  if (isQuoteInside) cuts.push({ from, to: end + further - 1, by: MASK });
  else if (stop === begin) cuts.push({ from, to: end, by: MASK });
  else if (!/[/?#]/.test(rest)) cuts.push({ from, to: end, by: MASK });
}

function looksCuts(text: string, cuts: Cut[]): void {
  SECRET_LOOKS.lastIndex = 0;
  for (let found = SECRET_LOOKS.exec(text); found !== null; found = SECRET_LOOKS.exec(text))
    cuts.push({ from: found.index, to: found.index + found[0].length, by: MASK });
  if (!text.includes('PRIVATE KEY')) return;
  const key = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----/g;
  for (let found = key.exec(text); found !== null; found = key.exec(text)) {
    const end = text.indexOf('-----END', key.lastIndex);
    const to = end < 0 ? text.length : end;
    cuts.push({ from: found.index + found[0].length, to, by: MASK });
    key.lastIndex = to;
  }
}

/** 'password': 'x', password=x, "password": "x", password: x, Authorization: Bearer x, ?token=x& */
function nameCuts(text: string, isSecret: IsSecret, words: RegExp, cuts: Cut[]): void {
  const frames = text.includes('  File "') ? sourceLines(text) : null;
  const find = words;
  find.lastIndex = 0;
  for (let found = find.exec(text); found !== null; found = find.exec(text)) {
    let from = found.index;
    let to = find.lastIndex;
    while (from > 0 && found.index - from < MAX_NAME && NAME_CHAR.test(text[from - 1]!)) from--;
    while (to < text.length && to - found.index < MAX_NAME && NAME_CHAR.test(text[to]!)) to++;
    find.lastIndex = to;
    const name = text.slice(from, to);
    // 'Bearer x' without a name before it.
    if (/^bearer$/i.test(name)) {
      const token = /^[ \t]{1,4}[\w.~+/=-]{8,}/.exec(text.slice(to, to + 4100))?.[0];
      if (token !== undefined) cuts.push({ from: to + 1, to: to + token.length, by: MASK });
      continue;
    }
    const isInSource = frames?.(from) ?? false;
    if (!isSecret(name) && !isSecret(name.replace(/^.*\./, ''))) continue;
    const value = valueAfter(text, from, to, isInSource);
    if (value === null) continue;
    cuts.push(value);
    find.lastIndex = Math.max(to, value.to);
  }
}

const SPACES = ' \t';
const QUOTES = `'"\``;
const OPENING = '[{(';

/** The value that stands under the name at from..to; null when none does, or it says nothing. */
function valueAfter(text: string, from: number, to: number, isInSource: boolean): Cut | null {
  let at = to;
  const name = text.slice(from, to);
  // <password>x</password>
  if (text[from - 1] === '<' && text[to] === '>') {
    const end = text.indexOf('<', to);
    return { from: to + 1, to: end < 0 ? text.length : end, by: MASK };
  }
  // The quote that closes the name, in a text within a text escaped: \"password\": \"x\"
  let slashes = 0;
  while (text[at + slashes] === '\\' && slashes < 8) slashes++;
  const isQuoted = QUOTES.includes(text[at + slashes] ?? ' ');
  if (isQuoted) at += slashes + 1;
  const isFlag = name.startsWith('-');
  // --password x; password 'x'
  if (!isQuoted && /[ \t]/.test(text[at] ?? '')) {
    const next = skip(text, at, SPACES);
    if (isFlag && !'-=:'.includes(text[next] ?? '-')) return cutOf(text, next, isInSource);
    if (/^(?:\w*[_-])?pass(?:word|wd|phrase)?$/i.test(name) && `'"`.includes(text[next] ?? ' '))
      return cutOf(text, next, isInSource);
  }
  at = skip(text, at, SPACES);
  const isColon = text[at] === ':';
  if (text.startsWith('=>', at)) at += 2;
  else if (text[at] === '=' || isColon) at += text[at + 1] === '=' ? 2 : 1;
  else if (isQuoted && text[at] === ',' && (isFlag || isPairOpen(text, from))) return pairValue(text, at + 1, isFlag);
  else if (/^%3d/i.test(text.slice(at, at + 3))) at += 3;
  else return null;
  // "Missing key: 'user_id'" is prose.
  if (isColon && !isQuoted && /^key$/i.test(name)) return null;
  at = skip(text, at, SPACES);
  if (/cookie$/i.test(name) && !isQuoted && !QUOTES.includes(text[at] ?? ' ')) {
    const length = text.slice(at).search(/[\n"'`]/);
    return { from: at, to: length < 0 ? text.length : at + length, by: MASK };
  }
  return cutOf(text, at, isInSource);
}

/** ('name', 'value') and ['--name', 'value']: texts in quotes only, so that a list of names stays as it is. */
function pairValue(text: string, behindComma: number, isFlag: boolean): Cut | null {
  const at = skip(text, behindComma, SPACES);
  if (!/^[bu]?['"]/.test(text.slice(at, at + 2))) return null;
  // A longer one is not looked through to its end for nothing.
  const near = cutOf(text.slice(at, at + LONG_PAIR), 0, false);
  if (near === null) return null;
  if (near.to >= LONG_PAIR) return cutOf(text, at, false);
  const value = { from: near.from + at, to: near.to + at, by: near.by };
  return isFlag || /^['"]\s*,?\s*[)\]]/.test(text.slice(value.to, value.to + 8)) ? value : null;
}
const LONG_PAIR = 512;

/** Is the quoted name the first of a pair: ('name', ... or [["name", ... A list of two names is no pair. */
function isPairOpen(text: string, from: number): boolean {
  return /(?:\(|[[,]\s?\[)\s?[bu]?\\?['"`]$/.test(text.slice(Math.max(0, from - 8), from));
}

function skip(text: string, at: number, chars: string): number {
  let i = at;
  while (i < text.length && i - at < 64 && chars.includes(text[i]!)) i++;
  return i;
}

const NOTHING = /^(?:None|null|undefined|True|False|true|false|''|""|\\"\\")(?=[^\w]|$)/;
const SCHEME_WORD = /^(?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)[ \t]+/i;
const BARE_END = /[\s,;&)\]}"'`<>\\]/g;

function cutOf(text: string, at: number, isInSource: boolean): Cut | null {
  if (at >= text.length || NOTHING.test(text.slice(at, at + 12))) return null;
  const first = text[at]!;
  if (OPENING.includes(first)) {
    const to = closing(text, at);
    return { from: at, to, by: `'${MASK}'` };
  }
  let prefix = at;
  if (/^[bruf]{1,2}['"]/i.test(text.slice(at, at + 3))) prefix += text[at + 1] === "'" || text[at + 1] === '"' ? 1 : 2;
  let slashes = 0;
  while (text[prefix + slashes] === '\\' && slashes < 8) slashes++;
  const quote = text[prefix + slashes];
  if (quote !== undefined && QUOTES.includes(quote)) {
    const from = prefix + slashes + 1;
    return { from, to: stringEnd(text, from, quote, slashes), by: MASK };
  }
  // A bare word in a line of source code is a name, not a value.
  if (isInSource && !/[\d]/.test(first)) return null;
  const scheme = SCHEME_WORD.exec(text.slice(at, at + 32))?.[0].length ?? 0;
  BARE_END.lastIndex = at + scheme;
  const to = BARE_END.exec(text)?.index ?? text.length;
  return to > at + scheme ? { from: at + scheme, to, by: MASK } : null;
}

/** Where the text in quotes that begins at `from` ends: at a quote behind as many backslashes as the opening one had. */
function stringEnd(text: string, from: number, quote: string, slashes: number): number {
  const triple = text.startsWith(quote + quote, from) ? quote.repeat(3) : null;
  if (triple !== null && slashes === 0) {
    const end = text.indexOf(triple, from + 2);
    return end < 0 ? text.length : end;
  }
  let run = 0;
  for (let i = from; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\') run++;
    else {
      if (char === quote && (slashes === 0 ? run % 2 === 0 : run <= slashes)) return i - (slashes === 0 ? 0 : run);
      run = 0;
    }
  }
  return text.length;
}

/** Behind the bracket that closes the one at `at`; brackets within quotes do not count. */
function closing(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const char = text[i]!;
    if (char === '[' || char === '{' || char === '(') depth++;
    else if (char === ']' || char === '}' || char === ')') {
      if (--depth === 0) return i + 1;
    } else if (char === '"' || char === "'") i = stringEnd(text, i + 1, char, 0);
  }
  return text.length;
}

/** Is the character at a place part of the source code that Python's traceback shows below each 'File' line? */
function sourceLines(text: string): (at: number) => boolean {
  const stretches: [number, number][] = [];
  let start = 0;
  let inFrame = false;
  while (start <= text.length) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    if (text.startsWith('  File "', start)) inFrame = true;
    else if (inFrame && text.startsWith('    ', start)) stretches.push([start, end]);
    else inFrame = false;
    start = end + 1;
  }
  // Asked in rising order.
  let i = 0;
  return (at) => {
    while (i < stretches.length && stretches[i]![1] < at) i++;
    return i < stretches.length && stretches[i]![0] <= at;
  };
}
