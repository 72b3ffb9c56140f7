// A query tree as an SQL condition over the `tasks` table, meaning exactly what shared/query/tree.ts says.
// Not here: which index answers it (plan.ts).
// Holds: what a user typed goes in as a parameter, never into the text, and as the file has it (text.ts); name, worker, queue and state are decided against the few
// distinct values there are (the dictionary), so that a part of a name becomes a lookup in an index.
import { BoundedMap } from '../../../../shared/bounded-map.ts';
import { compileQuery, etaSeconds } from '../../../../shared/query/match.ts';
import { compileRegex } from '../../../../shared/query/regex.ts';
import {
  FIELDS,
  type FieldName,
  fold,
  PLAIN_TEXT_COLUMNS,
  pairNeedles,
  type QueryLeaf,
  type QueryTree,
} from '../../../../shared/query/tree.ts';
import type { EmbeddedDb, SqlValue } from '../../../embedded-db.ts';
import type { QueryBudget } from './budget.ts';
import { decodeText, encodeText } from './text.ts';

export interface Sql {
  text: string;
  params: SqlValue[];
}
/** Distinct values of a column; null: too many to list. */
export interface Dictionary {
  (column: string): readonly string[] | null;
  /** What deciding conditions against these values may cost. */
  readonly budget?: QueryBudget;
}

const COLUMNS = new Map(FIELDS.map(({ name, column }) => [name, column]));
/** Where a field of the query language stands in the table: it has the names of a task row. */
export const columnOf = (field: FieldName): string => COLUMNS.get(field)!;
const LISTED = new Set(['name', 'worker', 'queue', 'state']);

/** Compiled patterns that are kept, so that one is compiled once for all rows of a question. */
const MAX_PATTERNS = 100;

/** The functions conditions use; once per connection. */
export function defineQueryFunctions(db: EmbeddedDb, budget: QueryBudget): void {
  const patterns = new BoundedMap<string, ReturnType<typeof compileRegex>>(MAX_PATTERNS);
  db.define('umbel_regex', (source, value) => {
    if (typeof source !== 'string' || typeof value !== 'string') return 0;
    let test = patterns.get(source);
    if (!test) {
      test = compileRegex(source);
      patterns.set(source, test);
    }
    return budget.try(test, decodeText(value)) ? 1 : 0;
  });
  db.define(
    'umbel_goes_on',
    () => {
      budget.look();
      return 1;
    },
    { deterministic: false },
  );
  db.define('umbel_eta', (value) => (typeof value === 'string' ? etaSeconds(value) : null));
}

export function toSql(tree: QueryTree, dictionary: Dictionary): Sql {
  switch (tree.op) {
    case 'and':
    case 'or': {
      const parts = tree.items.map((item) => toSql(item, dictionary));
      return {
        text: `(${parts.map((p) => p.text).join(tree.op === 'and' ? ' AND ' : ' OR ')})`,
        params: parts.flatMap((p) => p.params),
      };
    }
    case 'not': {
      const inner = toSql(tree.item, dictionary);
      return { text: `(NOT COALESCE(${inner.text}, 0))`, params: inner.params };
    }
    default:
      return leaf(tree, dictionary);
  }
}

/** The values of a listed column a leaf matches, when the leaf is about such a column and they can be told. */
export function matchingValues(tree: QueryTree, dictionary: Dictionary): { column: string; values: string[] } | null {
  if (!('field' in tree) || !LISTED.has(tree.field) || tree.op === 'present') return null;
  const values = dictionary(tree.field);
  if (values === null) return null;
  const { budget } = dictionary;
  const test = compileQuery(tree, budget);
  const column = tree.field;
  const matches = (value: string): boolean =>
    test({ [column]: decodeText(value) } as unknown as Parameters<typeof test>[0]);
  return { column, values: values.filter((value) => (budget ? budget.try(matches, value) : matches(value))) };
}

function leaf(tree: QueryLeaf, dictionary: Dictionary): Sql {
  const listed = matchingValues(tree, dictionary);
  if (listed !== null) {
    if (listed.values.length === 0) return { text: '0', params: [] };
    return { text: `${listed.column} IN (${listed.values.map(() => '?').join(',')})`, params: listed.values };
  }
  switch (tree.op) {
    case 'text':
      return anyColumn(like(['', tree.text, '']));
    case 'text-glob':
      return anyColumn(like(['', ...tree.parts, '']));
    case 'contains':
      return one(tree.field, like(['', tree.text, '']));
    case 'glob':
      return one(tree.field, like(tree.parts));
    case 'is': {
      const column = columnOf(tree.field);
      // Ids are hexadecimal and mostly in lower case: both spellings are looked up, so that the index serves.
      const values = [...new Set(tree.values.flatMap((v) => [v, fold(v), v.toUpperCase()]))];
      return { text: `${column} IN (${values.map(() => '?').join(',')})`, params: values.map(encodeText) };
    }
    case 'pair': {
      const needles = pairNeedles(tree.key, tree.value).map((n) => like(['', n, '']));
      return { text: `(${needles.map(() => "kwargs LIKE ? ESCAPE '\\'").join(' OR ')})`, params: needles };
    }
    case 'regex':
      return { text: `umbel_regex(?, ${columnOf(tree.field)})`, params: [tree.source] };
    case 'present':
      return { text: `(${number(tree.field)} IS NOT NULL)`, params: [] };
    case 'compare':
      return { text: `(${number(tree.field)} ${tree.relation} ?)`, params: [tree.value] };
    case 'range': {
      const column = number(tree.field);
      const parts = [`${column} IS NOT NULL`];
      const params: SqlValue[] = [];
      if (tree.from !== null) {
        parts.push(`${column} >= ?`);
        params.push(tree.from);
      }
      if (tree.to !== null) {
        parts.push(`${column} ${tree.open ? '<' : '<='} ?`);
        params.push(tree.to);
      }
      return { text: `(${parts.join(' AND ')})`, params };
    }
  }
}

function number(field: FieldName): string {
  if (field === 'eta') return 'umbel_eta(eta)';
  if (field === 'retries') return 'COALESCE(retries, 0)';
  return columnOf(field);
}

function one(field: FieldName, pattern: string): Sql {
  return { text: `${columnOf(field)} LIKE ? ESCAPE '\\'`, params: [pattern] };
}

function anyColumn(pattern: string): Sql {
  return {
    text: `(${PLAIN_TEXT_COLUMNS.map((c) => `${c} LIKE ? ESCAPE '\\'`).join(' OR ')})`,
    params: PLAIN_TEXT_COLUMNS.map(() => pattern),
  };
}

function like(parts: readonly string[]): string {
  return parts.map((p) => encodeText(p).replace(/[\\%_]/g, '\\$&')).join('%');
}
