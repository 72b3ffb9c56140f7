// Query text to tokens with their places; the page draws chips from them, the parser builds the tree from them.
// Not here: what a value means (values.ts), the order of AND and OR (parser.ts).
// Holds: tokens never overlap, come in order, and everything between them is white space; text.slice(token.from, token.to) is the token.
import { type Field, findField, type Relation } from './tree.ts';

export interface Span {
  readonly from: number;
  readonly to: number;
}
export type ValueForm = 'bare' | 'quoted' | 'regex';
export interface ValueToken extends Span {
  readonly form: ValueForm;
  /** Quoted: without quotes and escapes. Regex: without slashes. Bare: as written, escapes kept. */
  readonly text: string;
}
/** One condition: a word, a phrase, or `field`, relation and value. */
export interface TermToken extends Span {
  readonly kind: 'term';
  readonly field: (Span & { readonly definition: Field }) | null;
  /** ':' for "is" and "contains". Null for plain text. */
  readonly relation: Relation | ':' | null;
  readonly value: ValueToken;
}
export interface MarkToken extends Span {
  readonly kind: 'and' | 'or' | 'not' | 'minus' | 'open' | 'close';
}
export type Token = TermToken | MarkToken;

export interface QueryError {
  readonly message: string;
  readonly position: number;
  readonly length: number;
}
export interface Lexed {
  readonly tokens: readonly Token[];
  readonly error: QueryError | null;
}

const SPACE = /\s/;
const WORD_END = /[\s()]/;
const QUALIFIER = /([A-Za-z_]+)(:?(?:>=|<=|>|<)|:)/y;
const KEYWORDS: ReadonlyMap<string, MarkToken['kind']> = new Map([
  ['AND', 'and'],
  ['OR', 'or'],
  ['NOT', 'not'],
]);

/** All tokens up to the end or the first thing that cannot be read. */
export function lex(text: string): Lexed {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (SPACE.test(char)) {
      at++;
      continue;
    }
    if (char === '(' || char === ')') {
      tokens.push({ kind: char === '(' ? 'open' : 'close', from: at, to: at + 1 });
      at++;
      continue;
    }
    if (char === '-' && at + 1 < text.length && !SPACE.test(text.charAt(at + 1))) {
      tokens.push({ kind: 'minus', from: at, to: at + 1 });
      at++;
      continue;
    }
    const token = readTerm(text, at);
    if ('message' in token) return { tokens, error: token };
    tokens.push(token);
    at = token.to;
  }
  return { tokens, error: null };
}

function readTerm(text: string, from: number): Token | QueryError {
  QUALIFIER.lastIndex = from;
  const match = QUALIFIER.exec(text);
  const definition = match === null ? undefined : findField(match[1] as string);
  if (match === null || definition === undefined) {
    const value = readValue(text, from, false, false);
    if ('message' in value) return value;
    const mark = value.form === 'bare' ? KEYWORDS.get(value.text) : undefined;
    if (mark !== undefined) return { kind: mark, from, to: value.to };
    return { kind: 'term', from, to: value.to, field: null, relation: null, value };
  }
  const relation = (match[2] === ':' ? ':' : match[2]?.replace(':', '')) as Relation | ':';
  const valueFrom = from + match[0].length;
  const value = readValue(text, valueFrom, true, definition.name === 'kwargs');
  if ('message' in value) return value;
  if (value.to === valueFrom) {
    const parenthesis = text.charAt(valueFrom) === '(';
    return {
      message: parenthesis
        ? `A value with parentheses needs quotes: ${definition.name}:"(...)"`
        : `Nothing follows ${match[0]} Give a value, or ${definition.name}:* for "has one".`,
      position: from,
      length: parenthesis ? match[0].length + 1 : match[0].length,
    };
  }
  const field = { from, to: from + (match[1] as string).length, definition };
  return { kind: 'term', from, to: value.to, field, relation, value };
}

function readValue(text: string, from: number, qualified: boolean, pairs: boolean): ValueToken | QueryError {
  const first = text.charAt(from);
  if (first === '"') return readQuoted(text, from);
  if (qualified && first === '/') {
    const regex = readRegex(text, from);
    if (regex !== null) return regex;
  }
  let at = from;
  while (at < text.length && !WORD_END.test(text.charAt(at))) {
    if (text.charAt(at) === '\\' && at + 1 < text.length) at++;
    else if (pairs && text.charAt(at) === '=' && text.charAt(at + 1) === '"') {
      const quoted = readQuoted(text, at + 1);
      if ('message' in quoted) return quoted;
      return { form: 'bare', from, to: quoted.to, text: text.slice(from, quoted.to) };
    }
    at++;
  }
  return { form: 'bare', from, to: at, text: text.slice(from, at) };
}

/** `"..."` with \" and \\ as escapes; any other backslash is itself. */
function readQuoted(text: string, from: number): ValueToken | QueryError {
  let value = '';
  for (let at = from + 1; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"') return { form: 'quoted', from, to: at + 1, text: value };
    const next = text.charAt(at + 1);
    if (char === '\\' && (next === '"' || next === '\\')) {
      value += next;
      at++;
    } else value += char;
  }
  return { message: 'The quote opened here is not closed: " is missing.', position: from, length: text.length - from };
}

/** `/.../` up to a slash that ends the word. Null when there is none: then it is a path, not a pattern. */
function readRegex(text: string, from: number): ValueToken | null {
  for (let at = from + 1; at < text.length; at++) {
    const char = text.charAt(at);
    if (SPACE.test(char)) return null;
    if (char === '\\') at++;
    else if (char === '/' && at > from + 1 && (at + 1 === text.length || /[\s)]/.test(text.charAt(at + 1)))) {
      return { form: 'regex', from, to: at + 1, text: text.slice(from + 1, at) };
    }
  }
  return null;
}

/** A bare value as its literal parts between unescaped stars, escapes resolved. One part when it has no star. */
export function splitStars(raw: string): string[] {
  const parts: string[] = [''];
  for (let at = 0; at < raw.length; at++) {
    const char = raw.charAt(at);
    if (char === '*') parts.push('');
    else {
      let literal = char;
      if (char === '\\' && at + 1 < raw.length && ESCAPABLE.test(raw.charAt(at + 1))) literal = raw.charAt(++at);
      parts[parts.length - 1] += literal;
    }
  }
  // Two stars in a row mean what one means.
  return parts.filter((part, index) => part !== '' || index === 0 || index === parts.length - 1);
}
/** What a backslash outside quotes makes literal. Before anything else it is itself. */
export const ESCAPABLE = /[\s()"*\\:<>,=/-]/;
