// Query text to tree. `a b` and `a AND b` both; OR binds weaker than AND; NOT and `-` bind to the next condition; ( ) groups.
// Not here: tokens (lexer.ts), numbers, durations and times (values.ts), what the nodes mean (tree.ts).
// Holds: an error names what was given, what was expected and where; what Flower accepts is accepted; an unknown `foo:bar` is plain text.
// Flower: utils/search.py
import { lex, type QueryError, splitStars, type TermToken, type Token } from './lexer.ts';
import { checkRegex } from './regex.ts';
import {
  allOf,
  anyOf,
  type ExactField,
  FIELDS,
  type NumberField,
  not,
  type QueryTree,
  type TextField,
} from './tree.ts';
import { nextClock, type ReadValue, readValueOf, unitOf, type Value, type ValueContext } from './values.ts';

export type { QueryError } from './lexer.ts';
export interface ParseOptions extends ValueContext {}
/** Something that is allowed but perhaps not meant. */
export interface QueryHint extends QueryError {
  /** What to write instead. */
  readonly suggestion: string;
}
export type ParsedQuery =
  | { readonly ok: true; readonly tree: QueryTree | null; readonly hints: readonly QueryHint[] }
  | ({ readonly ok: false } & QueryError);

const MAX_QUERY_LENGTH = 4096;
const MAX_TOKENS = 512;
const MAX_NESTING = 32;

/** An empty query is the tree null: everything. */
export function parseQuery(text: string, options: ParseOptions = {}): ParsedQuery {
  if (text.length > MAX_QUERY_LENGTH) {
    const message = `The query has ${text.length} characters; at most ${MAX_QUERY_LENGTH} are read.`;
    return { ok: false, message, position: MAX_QUERY_LENGTH, length: text.length - MAX_QUERY_LENGTH };
  }
  const lexed = lex(text);
  if (lexed.error !== null) return { ok: false, ...lexed.error };
  if (lexed.tokens.length > MAX_TOKENS) {
    const token = lexed.tokens[MAX_TOKENS] as Token;
    const message = `The query has ${lexed.tokens.length} parts; at most ${MAX_TOKENS} are read.`;
    return { ok: false, message, position: token.from, length: text.length - token.from };
  }
  if (lexed.tokens.length === 0) return { ok: true, tree: null, hints: [] };
  const parser = new Parser(text, lexed.tokens, options);
  try {
    return { ok: true, tree: parser.whole(), hints: parser.hints };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, ...error.where };
    throw error;
  }
}

/** Thrown inside this file only. */
class Refusal extends Error {
  readonly where: QueryError;
  constructor(message: string, at: { from: number; to: number }) {
    super(message);
    this.where = { message, position: at.from, length: at.to - at.from };
  }
}

class Parser {
  readonly hints: QueryHint[] = [];
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private readonly context: ValueContext;
  private at = 0;
  private depth = 0;

  constructor(text: string, tokens: readonly Token[], context: ValueContext) {
    this.text = text;
    this.tokens = tokens;
    this.context = context;
  }

  whole(): QueryTree {
    const tree = this.either();
    const rest = this.tokens[this.at];
    if (rest !== undefined) throw new Refusal('This ) closes nothing: there is no ( before it.', rest);
    return tree;
  }

  private either(): QueryTree {
    const items = [this.both()];
    while (this.tokens[this.at]?.kind === 'or') {
      this.at++;
      items.push(this.both());
    }
    return anyOf(items) as QueryTree;
  }

  private both(): QueryTree {
    const items = [this.single()];
    for (;;) {
      const kind = this.tokens[this.at]?.kind;
      if (kind === undefined || kind === 'or' || kind === 'close') break;
      if (kind === 'and') this.at++;
      items.push(this.single());
    }
    return allOf(items) as QueryTree;
  }

  private single(): QueryTree {
    const token = this.tokens[this.at];
    if (token === undefined) {
      const last = this.tokens.at(-1) as Token;
      throw new Refusal(`A condition is expected after ${this.source(last)}, but the query ends.`, last);
    }
    this.at++;
    switch (token.kind) {
      case 'term':
        return this.term(token);
      case 'not':
      case 'minus':
        return this.deeper(token, () => not(this.single()));
      case 'open':
        return this.deeper(token, () => this.group(token));
      case 'and':
      case 'or':
        throw new Refusal(
          `${this.source(token)} stands between two conditions. To search for the word, quote it: "${this.source(token)}".`,
          token,
        );
      case 'close':
        throw new Refusal('A condition is expected before this ).', token);
    }
  }

  private group(open: Token): QueryTree {
    if (this.tokens[this.at]?.kind === 'close') {
      throw new Refusal('These parentheses are empty: a condition is expected between them.', {
        from: open.from,
        to: (this.tokens[this.at] as Token).to,
      });
    }
    const tree = this.either();
    if (this.tokens[this.at]?.kind !== 'close')
      throw new Refusal('The ( opened here is not closed: ) is missing.', open);
    this.at++;
    return tree;
  }

  private deeper<T>(token: Token, read: () => T): T {
    if (++this.depth > MAX_NESTING) throw new Refusal(`Nested deeper than ${MAX_NESTING} levels.`, token);
    const value = read();
    this.depth--;
    return value;
  }

  private term(token: TermToken): QueryTree {
    if (token.field === null) return this.plain(token);
    const { name, kind } = token.field.definition;
    const relation = token.relation ?? ':';
    if (token.value.form === 'quoted' && token.value.text === '') {
      throw new Refusal(`The quotes are empty. For "has none" write -${name}:*`, token.value);
    }
    if (kind === 'number' || kind === 'duration' || kind === 'time') return this.measured(token, name as NumberField);
    if (relation !== ':') {
      throw new Refusal(
        `${name} is text and cannot be compared with ${relation}. Write ${name}:${this.source(token.value)}`,
        token,
      );
    }
    return this.worded(token, name as TextField | ExactField);
  }

  private plain(token: TermToken): QueryTree {
    const { form, text } = token.value;
    if (form === 'quoted') {
      if (text === '') throw new Refusal('The quotes are empty: text is expected between them.', token);
      return { op: 'text', text };
    }
    const parts = splitStars(text);
    this.hintAbout(token, text);
    if (parts.length > 1) {
      if (parts.every((part) => part === ''))
        throw new Refusal('A * alone would match everything. Leave it out.', token);
      return { op: 'text-glob', parts };
    }
    return { op: 'text', text: parts[0] as string };
  }

  private worded(token: TermToken, field: TextField | ExactField): QueryTree {
    const { form, text } = token.value;
    if (form === 'regex') {
      const problem = checkRegex(text);
      if (problem !== null) throw new Refusal(`The pattern /${text}/ cannot be used: ${problem}`, token.value);
      return { op: 'regex', field, source: text };
    }
    const exact = isExact(field);
    if (form === 'quoted') return exact ? { op: 'is', field, values: [text] } : { op: 'contains', field, text };
    const pair = field === 'kwargs' ? readPair(text) : null;
    if (pair !== null) return { op: 'pair', field: 'kwargs', ...pair };
    const parts = splitStars(text);
    if (parts.length > 1) {
      return parts.every((part) => part === '') ? { op: 'present', field } : { op: 'glob', field, parts };
    }
    if (!exact) return { op: 'contains', field, text: parts[0] as string };
    const values = splitList(text);
    if (values.some((value) => value === '')) {
      throw new Refusal(
        `A value is missing in ${this.source(token)}: values are parted by single commas.`,
        token.value,
      );
    }
    return { op: 'is', field, values };
  }

  private measured(token: TermToken, field: NumberField): QueryTree {
    const { kind } = (token.field as { definition: { kind: 'number' | 'duration' | 'time' } }).definition;
    const { form } = token.value;
    const text = token.value.text;
    if (form === 'regex') throw new Refusal(`${field} is no text, so a pattern does not apply.`, token.value);
    if (token.relation !== ':' && token.relation !== null) {
      const value = this.read(readValueOf(kind, text, field, this.context), token);
      return { op: 'compare', field, relation: token.relation, value: value.start, text };
    }
    if (text === '*') return { op: 'present', field };
    const dots = text.indexOf('..');
    if (dots === -1) {
      const value = this.read(readValueOf(kind, text, field, this.context), token);
      return { op: 'range', field, from: value.start, to: value.end, open: value.end > value.start, text };
    }
    const [low, high] = [text.slice(0, dots), text.slice(dots + 2)];
    if (low === '' && high === '')
      throw new Refusal(`A range needs at least one end: ${field}:a..b, ${field}:a.. or ${field}:..b`, token.value);
    const from = low === '' ? null : this.read(readValueOf(kind, low, field, this.context, unitOf(high) ?? 's'), token);
    const to = high === '' ? null : this.read(readValueOf(kind, high, field, this.context), token);
    const end = this.rangeEnd(from, to);
    if (from !== null && end !== null && end.at < from.start) {
      throw new Refusal(`The range ${text} runs backwards. Write ${field}:${high}..${low}`, token.value);
    }
    return { op: 'range', field, from: from?.start ?? null, to: end?.at ?? null, open: end?.open ?? false, text };
  }

  /** A day as the end is the whole day; a time of day after a time is the next such time (23:00..01:00). */
  private rangeEnd(from: Value | null, to: Value | null): { at: number; open: boolean } | null {
    if (to === null) return null;
    if (to.shape === 'day') return { at: to.end, open: true };
    if (to.shape === 'clock' && to.daySeconds !== undefined && from !== null) {
      return { at: nextClock(to.daySeconds, from.start, this.context), open: false };
    }
    return { at: to.start, open: false };
  }

  private read(value: ReadValue, token: TermToken): Value {
    if ('message' in value) throw new Refusal(value.message, token.value);
    return value;
  }

  private hintAbout(token: TermToken, text: string): void {
    const unknown = /^([A-Za-z_]{2,})(:|>=|<=|>|<)(.+)$/.exec(text);
    if (unknown !== null) {
      const near = nearestField((unknown[1] as string).toLowerCase());
      if (near === null) return;
      const message = `${unknown[1]} is no field, so ${text} is searched as text. Did you mean ${near}?`;
      this.hints.push({
        message,
        position: token.from,
        length: token.to - token.from,
        suggestion: `${near}${unknown[2]}${unknown[3]}`,
      });
    } else if (/^(?:PENDING|RECEIVED|STARTED|SUCCESS|FAILURE|REVOKED|REJECTED|RETRY|IGNORED)$/.test(text)) {
      const message = `${text} is searched as text. For tasks in this state write state:${text}`;
      this.hints.push({ message, position: token.from, length: token.to - token.from, suggestion: `state:${text}` });
    }
  }

  private source(span: { from: number; to: number }): string {
    return this.text.slice(span.from, span.to);
  }
}

function isExact(field: TextField | ExactField): field is ExactField {
  return field === 'state' || field === 'uuid' || field === 'root' || field === 'parent';
}

/** `key=value`, `key="any value"`; with a star in it, it is a glob. */
function readPair(raw: string): { key: string; value: string } | null {
  const match = /^([A-Za-z_]\w*)=(.+)$/s.exec(raw);
  if (match === null) return null;
  const [key, value] = [match[1] as string, match[2] as string];
  if (value.length > 1 && value.startsWith('"') && value.endsWith('"')) {
    return { key, value: value.slice(1, -1).replace(/\\(["\\])/g, '$1') };
  }
  const parts = splitStars(value);
  return parts.length === 1 ? { key, value: parts[0] as string } : null;
}

/** At unescaped commas. */
function splitList(raw: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at < raw.length; at++) {
    if (raw.charAt(at) === '\\') at++;
    else if (raw.charAt(at) === ',') {
      pieces.push(raw.slice(from, at));
      from = at + 1;
    }
  }
  pieces.push(raw.slice(from));
  return pieces.map((piece) => splitStars(piece)[0] as string);
}

/** A field one slip away from a word that is none: one letter more, less or other, or two swapped. */
function nearestField(word: string): string | null {
  for (const { name } of FIELDS) if (isOneSlip(word, name)) return name;
  return null;
}

function isOneSlip(a: string, b: string): boolean {
  if (a.length < 3 || Math.abs(a.length - b.length) > 1) return false;
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  const [restA, restB] = [a.slice(head), b.slice(head)];
  if (restA.slice(1) === restB || restA === restB.slice(1) || restA.slice(1) === restB.slice(1)) return true;
  return (
    restA.length === restB.length && restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2)
  );
}
