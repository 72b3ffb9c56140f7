// How a query over tasks is answered: which equality ranges an index serves, and what is left to test on each row.
// Not here: reading pages (list.ts), the meaning of conditions (query-sql.ts).
// Holds: ranges and rest together mean exactly the query; `bounded` is only said when few rows can be touched.
import type { QueryTree } from '../../../../shared/query/tree.ts';
import type { EmbeddedDb, SqlValue } from '../../../embedded-db.ts';
import { GOES_ON } from './budget.ts';
import { type Dictionary, matchingValues, type Sql, toSql } from './query-sql.ts';

/** Rows that may be looked at one by one within a few dozen milliseconds. */
const BOUND = 60_000;

export interface Plan {
  readonly column: 'name' | 'worker' | null;
  readonly values: readonly string[];
  readonly states: readonly string[];
  readonly rest: Sql | null;
  /** Few rows are touched when the planner is left alone: the query names ids, or a name or worker with few tasks. */
  readonly bounded: boolean;
  readonly empty: boolean;
}

export function makePlan(
  db: EmbeddedDb,
  tree: QueryTree | null,
  allStates: readonly string[],
  dictionary: Dictionary,
): Plan {
  let states: readonly string[] = allStates;
  let column: Plan['column'] = null;
  let values: readonly string[] = [];
  const rest: QueryTree[] = [];
  let pointed = false;
  for (const item of tree === null ? [] : tree.op === 'and' ? tree.items : [tree]) {
    const listed = matchingValues(item, dictionary);
    if (listed?.column === 'state') states = states.filter((s) => listed.values.includes(s));
    else if (
      listed &&
      (listed.column === 'name' || listed.column === 'worker') &&
      (column === null || column === listed.column)
    ) {
      values = column === null ? listed.values : values.filter((v) => listed.values.includes(v));
      column = listed.column;
    } else {
      if (item.op === 'is' && item.field !== 'state') pointed = true;
      rest.push(item);
    }
  }
  const empty = states.length === 0 || (column !== null && values.length === 0);
  const restSql = rest.length === 0 ? null : perRow(toSql({ op: 'and', items: rest }, dictionary));
  const bounded = pointed || (!empty && restSql !== null && column !== null && countValues(db, column, values) < BOUND);
  return { column, values, states, rest: restSql, bounded, empty };
}

/** A condition that is looked at row by row ends when its budget does. */
export function perRow({ text, params }: Sql): Sql {
  return { text: `(${GOES_ON} AND ${text})`, params };
}

function countValues(db: EmbeddedDb, column: string, values: readonly string[]): number {
  let n = 0;
  for (const value of values) {
    n += db.get<{ n: number }>(
      `SELECT count(*) AS n FROM (SELECT 1 FROM tasks WHERE ${column} = ? LIMIT ${BOUND - n})`,
      value,
    )!.n;
    if (n >= BOUND) break;
  }
  return n;
}

export interface Condition {
  text: string;
  params: SqlValue[];
}

export function all(...parts: (Condition | Sql | null)[]): Condition {
  const given = parts.filter((p): p is Condition => p !== null && p.text !== '');
  return {
    text: given.length === 0 ? '1' : given.map((p) => p.text).join(' AND '),
    params: given.flatMap((p) => p.params),
  };
}

export function oneOf(column: string, values: readonly string[]): Condition {
  return { text: `${column} IN (${values.map(() => '?').join(',')})`, params: [...values] };
}

export function equal(column: string, value: SqlValue): Condition {
  return { text: `${column} = ?`, params: [value] };
}
