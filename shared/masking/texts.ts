// Secrets in running text: behind the names that tell of them, by their look, in addresses, commands and statements.
// Not here: which names are secret (../secret-names.ts), values (../masking.ts).
// Holds: one pass for each kind of place, so time is in proportion to the length whatever the text.
import { MASK, mayHold, SECRET_CLASS, SECRET_LOOKS } from '../secret-names.ts';
import { commandCuts, sqlCuts } from './commands.ts';
import { type Cut, closing, stringEnd } from './cut.ts';
import { unescapedNames } from './escapes.ts';
import { oauthCuts } from './oauth.ts';
import { addressCuts, escapedUrlCuts, urlCuts } from './urls.ts';
import { writtenQuoteCut } from './written-quotes.ts';

export const EVERY_NAME = /[A-Za-z_\u00c0-\u024f\u0400-\u04ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af][\w.-]{0,63}/g;
const NAME_CHAR = /[\w.\-\u00c0-\u024f\u0400-\u04ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;
const MAX_NAME = 64;

/** Numbers alone, such as the arguments (1, 2), name and show nothing. */
const LETTER = /[A-Za-z\u0080-\uffff]/;

export function maskTextBy(text: string, isSecret: (name: string) => boolean, words: RegExp): string {
  if (text.length < 4 || !LETTER.test(text)) return text;
  const plain = unescapedNames(text);
  if (plain === text) return masked(text, isSecret, words);
  // Names written with escapes ("pass\\u0077ord"): as they are read, when that shows a secret; else the text stays as it was written.
  const shown = masked(plain, isSecret, words);
  return shown === plain ? masked(text, isSecret, words) : shown;
}

function masked(text: string, isSecret: (name: string) => boolean, words: RegExp): string {
  const cuts: Cut[] = [];
  if (text.includes('://')) urlCuts(text, cuts);
  if (text.includes('@')) addressCuts(text, cuts);
  if (text.includes(':\\/\\/') || /%3a%2f%2f/i.test(text)) escapedUrlCuts(text, cuts);
  nameCuts(text, isSecret, words, cuts);
  looksCuts(text, cuts);
  commandCuts(text, cuts);
  if (text.includes('code') || text.includes('"kty"') || text.includes("'kty'")) oauthCuts(text, cuts);
  if (/insert\s+into|update\s/i.test(text)) sqlCuts(text, isSecret, cuts);
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

function looksCuts(text: string, cuts: Cut[]): void {
  SECRET_LOOKS.lastIndex = 0;
  for (let found = SECRET_LOOKS.exec(text); found !== null; found = SECRET_LOOKS.exec(text))
    cuts.push({ from: found.index, to: found.index + found[0].length, by: MASK });
  if (text.includes('PRIVATE KEY'))
    keyCuts(text, /-{4,5} ?BEGIN [A-Z\d ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}/g, /-{4,5} ?END/g, cuts);
  // PuTTY's, which has no words around it.
  if (text.includes('Private-Lines:')) keyCuts(text, /Private-Lines: {0,4}\d{1,6}/g, /['"]|$/g, cuts);
}

function keyCuts(text: string, begin: RegExp, ends: RegExp, cuts: Cut[]): void {
  for (let found = begin.exec(text); found !== null; found = begin.exec(text)) {
    ends.lastIndex = begin.lastIndex;
    const end = ends.exec(text)?.index ?? -1;
    const to = end < 0 ? text.length : end;
    cuts.push({ from: found.index + found[0].length, to, by: MASK });
    begin.lastIndex = to;
  }
}

const KIND = /\b(?:api|secret|access|private|auth|signing|encryption|pin|mfa)[ ]$/i;

/** 'password': 'x', password=x, "password": "x", password: x, Authorization: Bearer x, ?token=x& */
function nameCuts(text: string, isSecret: (name: string) => boolean, words: RegExp, cuts: Cut[]): void {
  const frames = text.includes('  File "') ? sourceLines(text) : null;
  const find = words;
  find.lastIndex = 0;
  for (let found = find.exec(text); found !== null; found = find.exec(text)) {
    let from = found.index;
    let to = find.lastIndex;
    while (from > 0 && found.index - from < MAX_NAME && NAME_CHAR.test(text[from - 1]!)) from--;
    while (to < text.length && to - found.index < MAX_NAME && NAME_CHAR.test(text[to]!)) to++;
    find.lastIndex = to;
    // 'API key: x', 'secret key x'
    if (/^(?:key|code)$/i.test(text.slice(from, to)))
      from -= KIND.exec(text.slice(Math.max(0, from - 12), from))?.[0].length ?? 0;
    const name = text.slice(from, to);
    // 'Bearer x' and 'Basic x' without a name before it.
    if (/^b(?:earer|asic)$/i.test(name)) {
      const token = /^[ \t]{1,4}[\w.~+/=-]{8,}/.exec(text.slice(to, to + 4100))?.[0];
      if (token !== undefined && (/^bearer$/i.test(name) || isLogin(token.trim()))) {
        cuts.push({ from: to + 1, to: to + token.length, by: MASK });
        continue;
      }
    }
    const isInSource = frames?.(from) ?? false;
    if (!isSecret(name) && !isSecret(name.replace(/^.*\./, ''))) continue;
    if (!mayHold(name, text.slice(to, to + 32))) continue;
    const value = valueAfter(text, from, to, isInSource);
    if (value === null) continue;
    // {'key': 'password', 'value': 'x'}: what is named is looked at next.
    if (/^key$/i.test(name) && isSecret(text.slice(value.from, value.to))) continue;
    cuts.push(value);
    find.lastIndex = Math.max(to, value.to);
  }
}

/** Is it user:password in base64? */
function isLogin(token: string): boolean {
  if (!/^[A-Za-z0-9+/]{8,}={0,2}$/.test(token) || token.length % 4 !== 0) return false;
  return /^[\x20-\x7e]{1,256}$/.test(atob(token.slice(0, 340))) && atob(token.slice(0, 340)).includes(':');
}

const SPACES = ' \t';
const QUOTES = `'"\``;
const OPENING = '[{(';

/** The value that stands under the name at from..to; null when none does, or it says nothing. */
function valueAfter(text: string, from: number, to: number, isInSource: boolean): Cut | null {
  let at = to;
  if (text[to] === '&' || text[to] === '%') {
    const written = writtenQuoteCut(text, to);
    if (written !== null) return written;
  }
  const name = text.slice(from, to);
  // <password>x</password>, <wsse:Password Type="x">x</wsse:Password>
  const tag = /<(?:[\w.-]{1,20}:)?$/.test(text.slice(Math.max(0, from - 22), from))
    ? /^(?:\s[^<>]{0,300})?>/.exec(text.slice(to, to + 302))?.[0]
    : undefined;
  if (tag !== undefined) {
    const end = text.indexOf('<', to + tag.length);
    return { from: to + tag.length, to: end < 0 ? text.length : end, by: MASK };
  }
  if (SECRET_CLASS.test(name)) {
    const inside = CLASS_BRACKET.exec(text.slice(at, at + 24))?.[0].length;
    if (inside !== undefined)
      return { from: at + inside, to: Math.max(at + inside, closing(text, at + inside - 1) - 1), by: MASK };
  }
  // [Symbol(password)]: 'x'
  if (text.startsWith(')]', at)) at += 2;
  // The quote that closes the name, in a text within a text escaped: \"password\": \"x\"
  let slashes = 0;
  while (text[at + slashes] === '\\' && slashes < 8) slashes++;
  const isQuoted = QUOTES.includes(text[at + slashes] ?? ' ');
  if (isQuoted) {
    at += slashes + 1;
    // {'name': 'password', 'value': 'x'}, <add key="password" value="x">
    const field = SIBLING.exec(text.slice(at, at + 40))?.[0];
    if (field !== undefined) return cutOf(text, at + field.length, isInSource);
    // settings['password'] = 'x'
    if (text[at] === ']') at++;
  }
  const isFlag = name.startsWith('-');
  // --password x; password 'x'
  if (!isQuoted && /[ \t]/.test(text[at] ?? '')) {
    const next = skip(text, at, SPACES);
    if (isFlag && !'-=:'.includes(text[next] ?? '-')) return cutOf(text, next, isInSource);
    if (/^(?:(?:\w*[_-])?pass(?:word|wd|phrase)?|\w+ (?:key|code))$/i.test(name) && `'"`.includes(text[next] ?? ' '))
      return cutOf(text, next, isInSource);
  }
  if (!isQuoted) {
    const stated = STATED.exec(text.slice(at, at + 40))?.[0];
    if (stated !== undefined) return statedValue(text, at + stated.length);
    if (/[ \t]/.test(text[at] ?? '') && isPlainCommand(text, from, name))
      return statedValue(text, skip(text, at, SPACES), /^(?:default\s+)?/i);
  }
  at = skip(text, at, SPACES);
  const operator = OPERATOR.exec(text.slice(at, at + 64))?.[0];
  const isColon = (text[at] === ':' || text[at] === '：') && operator === undefined;
  if (operator !== undefined) at += operator.length;
  else if (text.startsWith('=>', at)) at += 2;
  else if (text[at] === '=' || isColon) at += text[at + 1] === '=' ? 2 : 1;
  else if (isQuoted && text[at] === ',' && (isFlag || isPairOpen(text, from))) return pairValue(text, at + 1, isFlag);
  else if (/^%3d/i.test(text.slice(at, at + 3))) at += 3;
  else return null;
  // "Missing key: 'user_id'" is prose.
  if (isColon && !isQuoted && /^key$/i.test(name)) return null;
  at = skip(text, at, SPACES);
  // On the next line, as YAML and printed JSON have it.
  const below = isColon ? BELOW.exec(text.slice(at, at + 80))?.[0] : undefined;
  if (below !== undefined && (isQuoted || /^[ \t]*$/.test(lineBefore(text, from)))) at += below.length;
  if (
    /authorization$/i.test(name) &&
    !isQuoted &&
    /^(?:digest|oauth|signature|aws4-hmac-sha256)\s/i.test(text.slice(at, at + 20))
  ) {
    const length = text.slice(at).search(/[\n'`]/);
    return { from: at, to: length < 0 ? text.length : at + length, by: MASK };
  }
  if (/cookie$/i.test(name) && !isQuoted && !QUOTES.includes(text[at] ?? ' ')) {
    const length = text.slice(at).search(/[\n"'`]/);
    return { from: at, to: length < 0 ? text.length : at + length, by: MASK };
  }
  return cutOf(text, at, isInSource);
}

/** What a class holds, when it is no type or other name: SecretStr('x'), Password(value='x'), Password { value: 'x' } */
const CLASS_BRACKET = /^(?:\((?=[bru]{0,2}['"](?!\*+['"])|\w{1,10}=)| ?\{(?= ?[\w#'"[]))/;
/** Behind a name that is itself a value: the field that has the value. */
const SIBLING = /^\s{0,4}[,;]?\s{0,8}['"]?(?:value|val|content|default)['"]?\s{0,2}[:=]\s{0,4}(?=[bu]?['"])/i;
/** Comparisons, other languages' assignments, and annotations of types: password: str = 'x' */
const OPERATOR =
  /^(?:!==?|===|:=|->|:\s{0,4}(?:(?:typing\.)?(?:str|bytes|string|any|SecretStr|Optional\[\w{1,20}\]|Final(?:\[\w{1,20}\])?)(?:\s?\|\s?\w{1,20})?)\s{0,4}=)(?!=)/i;
const BELOW = /^(?:[>|][+-]?[ \t]*)?\n[ \t]*/;
/** password is x, API key provided: x */
const STATED = /^[ \t](?:is|was|provided|given|used|supplied)(?::|[ \t])[ \t]{0,4}/i;

function lineBefore(text: string, at: number): string {
  const near = text.slice(Math.max(0, at - 64), at);
  return near.slice(near.lastIndexOf('\n') + 1);
}

/** AUTH x, CONFIG SET requirepass x, machine h login me password x */
function isPlainCommand(text: string, from: number, name: string): boolean {
  if (name === 'AUTH' || /^(?:requirepass|masterauth)$/i.test(name)) return true;
  return /^password$/i.test(name) && /\blogin\s{1,4}\S{1,64}\s{1,4}$/.test(text.slice(Math.max(0, from - 80), from));
}

const WORD_END = /[\s'",;)\]}]/;

/** A word of a sentence: in quotes, or with a digit in it, so that "password is required" stays. */
function statedValue(text: string, at: number, before = /^/): Cut | null {
  const from = at + (before.exec(text.slice(at, at + 16))?.[0].length ?? 0);
  const quote = text[from];
  if (quote === "'" || quote === '"') return cutOf(text, from, false);
  let to = from;
  while (to < text.length && !WORD_END.test(text[to]!)) to++;
  const word = text.slice(from, to).replace(/\.$/, '');
  return word.length >= 4 && /\d/.test(word) ? { from, to: from + word.length, by: MASK } : null;
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

const PLACE = /^(?:\?|%s|\$\d{1,3})(?=[\s,)\]]|$)/;
const NOTHING = /^(?:None|null|undefined|True|False|true|false|''|""|\\"\\")(?=[^\w'"]|$)/;
const SCHEME_WORD = /^(?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)[ \t]+/i;
const WRAPPER = /^[\w.$]{1,64}(?:\((?=[bruf]{0,2}['"]|\w{1,20}=)|(?:\(\d{1,9}\))? ?[{[])/;
const BUFFER = /^<Buffer [^>]{0,390}>?/;
const BARE_END = /[\s,;&)\]}"'`<>\\]/g;

function cutOf(text: string, at: number, isInSource: boolean): Cut | null {
  const near = text.slice(at, at + 12);
  if (at >= text.length || NOTHING.test(near) || PLACE.test(near)) return null;
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
  // Wrapper('x'), Wrapper { value: 'x' }, Uint8Array(3) [ 1, 2, 3 ]
  const buffer = BUFFER.exec(text.slice(at, at + 400))?.[0].length;
  if (buffer !== undefined) return { from: at, to: at + buffer, by: MASK };
  const wrapper = WRAPPER.exec(text.slice(at, at + 96))?.[0].length;
  if (wrapper !== undefined) return { from: at, to: closing(text, at + wrapper - 1), by: MASK };
  BARE_END.lastIndex = at + scheme;
  const to = BARE_END.exec(text)?.index ?? text.length;
  return to > at + scheme ? { from: at + scheme, to, by: MASK } : null;
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
