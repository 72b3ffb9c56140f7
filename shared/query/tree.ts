// The task query language as data: what a query is, which fields there are, and exactly what each node means.
// Not here: text to tree (lexer.ts, parser.ts), tree against one row (match.ts), tree to SQL (dashboard/history).
// Holds: trees built with `allOf`, `anyOf` and `not` are normal, and parse(print(tree)) gives a normal tree back unchanged.
// Celery: none. Flower: docs/tasks_filter.rst; every query Flower accepts is accepted here.
//
// Meaning, for every reader of a tree (the page's live filter and the server's SQL must agree to the row):
//   fold        Letter case is ignored for A-Z only (SQLite's LIKE and lower() do the same). Other letters compare as they are.
//   null        A field that is null matches no leaf. Logic is two-valued: `not` of such a leaf matches (in SQL: NOT COALESCE(leaf, 0)).
//   text        Folded substring of at least one of PLAIN_TEXT_COLUMNS.
//   text-glob   As text, but the parts occur in one column, in this order, with anything between them (LIKE '%a%b%').
//   contains    Folded substring of the field.
//   is          The folded field equals one of the folded values.
//   glob        The whole folded field: parts in order, `*` between them stands for any run, also an empty one (LIKE 'a%b').
//   regex       The pattern matches somewhere in the field, as `compileRegex(source)` of regex.ts decides, on both sides (SQL calls it).
//   pair        kwargs holds key = value: the folded text contains one of `pairNeedles(key, value)` (below).
//   present     The field is not null.
//   compare     Numbers: retries as it is, runtime in seconds, times in seconds since the epoch. `eta` is ISO text in a row:
//               compare its instant (`etaSeconds` in match.ts); an ISO text without an offset is UTC; one that cannot be read is null.
//   range       from <= value, and value <= to, or value < to when `open`. null is no limit.
import type { TaskRow } from '../wire/tasks.ts';

export type FieldKind = 'text' | 'state' | 'id' | 'number' | 'duration' | 'time';
export type TextField = 'name' | 'worker' | 'queue' | 'args' | 'kwargs' | 'result' | 'exception';
/** Compared whole. */
export type ExactField = 'state' | 'uuid' | 'root' | 'parent';
/** Compared by size. */
export type NumberField = 'runtime' | 'retries' | 'received' | 'started' | 'sent' | 'eta';
export type FieldName = TextField | ExactField | NumberField;
export type Relation = '>' | '>=' | '<' | '<=';

export interface AllNode {
  readonly op: 'and';
  readonly items: readonly QueryTree[];
}
export interface AnyNode {
  readonly op: 'or';
  readonly items: readonly QueryTree[];
}
export interface NotNode {
  readonly op: 'not';
  readonly item: QueryTree;
}
export interface TextNode {
  readonly op: 'text';
  readonly text: string;
}
export interface TextGlobNode {
  readonly op: 'text-glob';
  readonly parts: readonly string[];
}
export interface ContainsNode {
  readonly op: 'contains';
  readonly field: TextField;
  readonly text: string;
}
export interface IsNode {
  readonly op: 'is';
  readonly field: ExactField;
  readonly values: readonly string[];
}
export interface GlobNode {
  readonly op: 'glob';
  readonly field: TextField | ExactField;
  /** The literal texts between the stars: `a*b` is ['a', 'b'], `a*` is ['a', '']. At least two. */
  readonly parts: readonly string[];
}
export interface RegexNode {
  readonly op: 'regex';
  readonly field: TextField | ExactField;
  readonly source: string;
}
export interface PairNode {
  readonly op: 'pair';
  readonly field: 'kwargs';
  readonly key: string;
  readonly value: string;
}
export interface PresentNode {
  readonly op: 'present';
  readonly field: FieldName;
}
export interface CompareNode {
  readonly op: 'compare';
  readonly field: NumberField;
  readonly relation: Relation;
  readonly value: number;
  /** The value as it was written: `1.5s`, `-15m`. For showing the condition again. */
  readonly text: string;
}
export interface RangeNode {
  readonly op: 'range';
  readonly field: NumberField;
  readonly from: number | null;
  readonly to: number | null;
  /** The upper limit itself is outside. */
  readonly open: boolean;
  readonly text: string;
}
export type QueryLeaf =
  | TextNode
  | TextGlobNode
  | ContainsNode
  | IsNode
  | GlobNode
  | RegexNode
  | PairNode
  | PresentNode
  | CompareNode
  | RangeNode;
export type QueryTree = AllNode | AnyNode | NotNode | QueryLeaf;

/** What a query can ask of a row. */
export type QueryColumn = Exclude<FieldName, 'root' | 'parent'> | 'root_id' | 'parent_id';
export type QueryRow = Pick<TaskRow, QueryColumn>;

export interface Field {
  readonly name: FieldName;
  readonly aliases: readonly string[];
  readonly kind: FieldKind;
  /** Where the value stands in a task row. */
  readonly column: QueryColumn;
  readonly meaning: string;
}

/** In the order completion offers them. */
export const FIELDS: readonly Field[] = [
  {
    name: 'state',
    aliases: ['status'],
    kind: 'state',
    column: 'state',
    meaning: 'The state, one or several: FAILURE,RETRY',
  },
  { name: 'name', aliases: ['task'], kind: 'text', column: 'name', meaning: "A part of the task's name" },
  { name: 'worker', aliases: ['hostname'], kind: 'text', column: 'worker', meaning: "A part of the worker's nodename" },
  { name: 'queue', aliases: [], kind: 'text', column: 'queue', meaning: "A part of the queue's name" },
  {
    name: 'uuid',
    aliases: ['id', 'task_id'],
    kind: 'id',
    column: 'uuid',
    meaning: 'The whole id, or its beginning and *',
  },
  { name: 'args', aliases: [], kind: 'text', column: 'args', meaning: 'A part of the positional arguments' },
  {
    name: 'kwargs',
    aliases: [],
    kind: 'text',
    column: 'kwargs',
    meaning: 'A part of the keyword arguments, or key=value',
  },
  { name: 'result', aliases: [], kind: 'text', column: 'result', meaning: 'A part of the result' },
  { name: 'exception', aliases: ['error'], kind: 'text', column: 'exception', meaning: 'A part of the exception' },
  {
    name: 'runtime',
    aliases: ['duration'],
    kind: 'duration',
    column: 'runtime',
    meaning: 'How long it ran: >1.5s, 200ms..2s',
  },
  { name: 'retries', aliases: [], kind: 'number', column: 'retries', meaning: 'How often it was retried: >2' },
  {
    name: 'received',
    aliases: [],
    kind: 'time',
    column: 'received',
    meaning: 'When a worker received it: >14:00, >-15m',
  },
  { name: 'started', aliases: [], kind: 'time', column: 'started', meaning: 'When its body started' },
  { name: 'sent', aliases: [], kind: 'time', column: 'sent', meaning: 'When it was sent' },
  { name: 'eta', aliases: [], kind: 'time', column: 'eta', meaning: 'When it is due: <+1h' },
  {
    name: 'root',
    aliases: ['root_id'],
    kind: 'id',
    column: 'root_id',
    meaning: 'The id of the task its workflow began with',
  },
  {
    name: 'parent',
    aliases: ['parent_id'],
    kind: 'id',
    column: 'parent_id',
    meaning: 'The id of the task that called it',
  },
];

/** What plain text is looked for in. */
export const PLAIN_TEXT_COLUMNS = [
  'name',
  'uuid',
  'args',
  'kwargs',
  'result',
  'exception',
] as const satisfies readonly QueryColumn[];

const BY_NAME: ReadonlyMap<string, Field> = new Map(
  FIELDS.flatMap((field) => [field.name, ...field.aliases].map((name) => [name, field] as const)),
);

/** The field of a name or alias in any case. */
export function findField(name: string): Field | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/** Lower case for A-Z only; see "fold" above. */
export function fold(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (run) => run.toLowerCase()) : text;
}

/** The texts one of which stands in a Python repr of kwargs that holds key = value. Already folded. */
export function pairNeedles(key: string, value: string): readonly string[] {
  const written = [value, `'${value}'`, `"${value}"`];
  const starts = [`{'${key}': `, `, '${key}': `];
  return starts.flatMap((start) => written.flatMap((v) => [fold(`${start}${v},`), fold(`${start}${v}}`)]));
}

/** All of these; flat, and the item itself when there is only one. Null for none. */
export function allOf(items: readonly (QueryTree | null)[]): QueryTree | null {
  return join('and', items);
}
/** At least one of these; flat as `allOf` is. */
export function anyOf(items: readonly (QueryTree | null)[]): QueryTree | null {
  return join('or', items);
}
/** Not this; twice not is the thing itself. */
export function not(item: QueryTree): QueryTree {
  return item.op === 'not' ? item.item : { op: 'not', item };
}

function join(op: 'and' | 'or', items: readonly (QueryTree | null)[]): QueryTree | null {
  const flat = items.flatMap((item) => (item === null ? [] : item.op === op ? item.items : [item]));
  if (flat.length < 2) return flat[0] ?? null;
  return { op, items: flat };
}
