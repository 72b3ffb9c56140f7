// What could be typed at the caret of the query field. Values of text fields depend on the tasks there are: the page adds those.
// Not here: drawing the list (web/src/tasks), the values themselves (the facets request).
// Holds: replacing text[from, to) by an item's `insert` leaves the rest of the query as it is.
import { STATES } from '../states.ts';
import { lex, type TermToken, type Token } from './lexer.ts';
import { FIELDS, type Field, type FieldName, fold } from './tree.ts';

export interface CompletionItem {
  readonly kind: 'field' | 'value' | 'operator';
  readonly insert: string;
  readonly label: string;
  readonly detail: string;
}
export interface Completion {
  /** The part of the text an item replaces. */
  readonly from: number;
  readonly to: number;
  /** What stands first in the list. */
  readonly kind: 'field' | 'value' | 'operator';
  /** For values and for the operators of a field. */
  readonly field?: FieldName;
  /** What is typed of it so far, without quotes. */
  readonly prefix: string;
  readonly items: readonly CompletionItem[];
}

const TIMES: readonly (readonly [string, string])[] = [
  ['-15m', '15 minutes ago'],
  ['-1h', 'an hour ago'],
  ['-24h', 'a day ago'],
  ['-7d', 'a week ago'],
  ['today', 'since midnight'],
  ['yesterday', 'the whole day'],
  ['14:00', 'the last time it was 14:00'],
];
const LATER: readonly (readonly [string, string])[] = [
  ['+5m', 'in 5 minutes'],
  ['+1h', 'in an hour'],
  ['+1d', 'in a day'],
  ['now', 'this moment'],
];
const DURATIONS: readonly (readonly [string, string])[] = [
  ['100ms', '100 milliseconds'],
  ['1s', 'a second'],
  ['10s', '10 seconds'],
  ['1m', 'a minute'],
];
const COUNTS: readonly (readonly [string, string])[] = [
  ['0', 'never retried'],
  ['1', 'once'],
  ['3', 'three times'],
];

export function complete(text: string, caret: number): Completion {
  const at = Math.max(0, Math.min(caret, text.length));
  const { tokens, error } = lex(text);
  const token = tokens.find((candidate) => candidate.from < at && at <= candidate.to);
  if (token?.kind === 'term') return inTerm(text, token, at);
  if (token === undefined && error !== null && error.position < at) {
    const broken = inBroken(text, error.position, at);
    if (broken !== null) return broken;
  }
  if (token?.kind === 'and' || token?.kind === 'or' || token?.kind === 'not') {
    const prefix = text.slice(token.from, at);
    return { from: token.from, to: token.to, kind: 'operator', prefix, items: joiners(prefix, tokens, token) };
  }
  const before = tokens.filter((candidate) => candidate.to <= at).at(-1);
  const items = [...fieldItems(''), ...joiners('', tokens, before)];
  return { from: at, to: at, kind: 'field', prefix: '', items };
}

function inTerm(text: string, token: TermToken, at: number): Completion {
  if (token.field !== null && at >= token.value.from) {
    const { definition } = token.field;
    return valueCompletion(
      definition,
      token.value.from,
      token.value.to,
      text.slice(token.value.from, at),
      token.relation !== ':',
    );
  }
  const end = token.field === null ? token.to : token.value.from;
  const prefix = text.slice(token.from, at);
  const exact = FIELDS.find(
    (field) => field.name === prefix.toLowerCase() || field.aliases.includes(prefix.toLowerCase()),
  );
  const fields = fieldItems(prefix);
  if (exact !== undefined && fields.length <= 1) {
    return { from: token.from, to: end, kind: 'operator', field: exact.name, prefix, items: operatorItems(exact) };
  }
  return { from: token.from, to: end, kind: 'field', prefix, items: [...fields, ...joiners(prefix, [], undefined)] };
}

/** `state:` with nothing behind it, or a quote still open: errors to the parser, the usual case while typing. */
function inBroken(text: string, from: number, at: number): Completion | null {
  BARE.lastIndex = from;
  const bare = BARE.exec(text.slice(0, at));
  const name = bare?.[1]?.toLowerCase() ?? quotedField(text, from);
  const field = FIELDS.find(({ name: one, aliases }) => one === name || aliases.includes(name ?? ''));
  if (field === undefined) return null;
  if (bare !== null) return valueCompletion(field, at, at, '', bare[2] !== ':');
  return valueCompletion(field, from, at, text.slice(from, at), false);
}

/** Read from the place of the error on, and only so far back as a name is long: a text of any length is looked at once. */
const BARE = /([A-Za-z_]+)(:(?:>=|<=|>|<)?|>=|<=|>|<)$/y;
const LONGEST_NAME = 32;

/** The field whose value begins with the quote at `from`, which is not closed. */
function quotedField(text: string, from: number): string | undefined {
  if (text.charAt(from) !== '"') return undefined;
  return /([A-Za-z_]+):$/.exec(text.slice(Math.max(0, from - LONGEST_NAME), from))?.[1]?.toLowerCase();
}

function valueCompletion(field: Field, from: number, to: number, typed: string, compares: boolean): Completion {
  // Of a list only the value at the caret is completed: FAILURE,RE|
  const listed = field.kind === 'state' || field.kind === 'id' ? typed.lastIndexOf(',') + 1 : 0;
  const prefix = typed.slice(listed).replace(/^"|"$/g, '');
  const items = knownValues(field, compares).filter((item) => fold(item.insert).startsWith(fold(prefix)));
  return { from: from + listed, to, kind: 'value', field: field.name, prefix, items };
}

function knownValues(field: Field, compares: boolean): CompletionItem[] {
  const value = (insert: string, detail: string): CompletionItem => ({ kind: 'value', insert, label: insert, detail });
  switch (field.kind) {
    case 'state':
      return STATES.map((state) => value(state, ''));
    case 'time': {
      const times = field.name === 'eta' ? LATER : TIMES;
      // A bare `received:-15m` would be that very second: without a relation the range from then on is meant.
      return times.map(([text, detail]) =>
        compares || !/^[-+]/.test(text) ? value(text, detail) : value(`${text}..`, `from ${detail} on`),
      );
    }
    case 'duration':
      return DURATIONS.map(([text, detail]) =>
        compares ? value(text, detail) : value(`${text}..`, `${detail} or longer`),
      );
    case 'number':
      return COUNTS.map(([text, detail]) => value(text, detail));
    case 'id':
    case 'text':
      return [];
  }
}

function fieldItems(prefix: string): CompletionItem[] {
  const typed = prefix.toLowerCase();
  return FIELDS.filter(({ name, aliases }) => [name, ...aliases].some((word) => word.startsWith(typed))).map(
    (field) => ({
      kind: 'field',
      insert: `${field.name}${defaultOperator(field)}`,
      label: field.name,
      detail: field.meaning,
    }),
  );
}

function operatorItems(field: Field): CompletionItem[] {
  const item = (operator: string, detail: string): CompletionItem => ({
    kind: 'operator',
    insert: `${field.name}${operator}`,
    label: `${field.name}${operator}`,
    detail,
  });
  switch (field.kind) {
    case 'text':
      return [item(':', 'contains'), item(':*', 'has one')];
    case 'state':
      return [item(':', 'is one of')];
    case 'id':
      return [item(':', 'is'), item(':*', 'has one')];
    case 'number':
      return [
        item(':', 'is, or a..b'),
        item('>', 'more than'),
        item('<', 'less than'),
        item('>=', 'at least'),
        item('<=', 'at most'),
      ];
    case 'duration':
      return [item('>', 'longer than'), item('<', 'shorter than'), item(':', 'a..b'), item(':*', 'has one')];
    case 'time':
      return [item('>', 'after'), item('<', 'before'), item(':', 'on a day, or a..b'), item(':*', 'has one')];
  }
}

function defaultOperator(field: Field): string {
  return field.kind === 'time' || field.kind === 'duration' || field.kind === 'number' ? '>' : ':';
}

/** AND and OR only after a condition; NOT anywhere. */
function joiners(prefix: string, tokens: readonly Token[], before: Token | undefined): CompletionItem[] {
  const follows =
    prefix !== '' ||
    (before !== undefined && (before.kind === 'term' || before.kind === 'close')) ||
    tokens.length === 0;
  const all: CompletionItem[] = [
    { kind: 'operator', insert: 'OR', label: 'OR', detail: 'the one or the other' },
    { kind: 'operator', insert: 'NOT', label: 'NOT', detail: 'not the next condition' },
    { kind: 'operator', insert: 'AND', label: 'AND', detail: 'both; a space means the same' },
  ];
  if (tokens.length === 0 && prefix === '') return [];
  return all.filter((item) => item.insert.startsWith(prefix) && (follows || item.insert === 'NOT'));
}
