// Lists of tasks: which index answers a query, one page of it, and capped counts per state.
// Not here: the meaning of a condition (query-sql.ts).
// Holds: a page ends within BUDGET_MS even when next to nothing matches: it then comes back short, with a cursor to go on from, and
// its counts say that they are capped. A cursor names a place in the order, so that rows coming in neither repeat nor skip others.
import type { QueryTree } from '../../../shared/query/tree.ts';
import type { TaskPage, TaskRow } from '../../../shared/wire/http.ts';
import type { EmbeddedDb, SqlValue } from '../../embedded-db.ts';
import { type Dictionary, matchingValues, type Sql, toSql } from './query-sql.ts';
import { ROW_COLUMNS } from './schema.ts';

export interface TaskListQuery {
  readonly tree: QueryTree | null;
  /** null: all. */
  readonly states: readonly string[] | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly sort: SortField;
  readonly descending: boolean;
  readonly cursor: string | null;
  readonly limit: number;
}
export const SORT_FIELDS = ['first_seen', 'runtime', 'name', 'state', 'worker', 'retries'] as const;
export type SortField = (typeof SORT_FIELDS)[number];

export const COUNT_CAP = 10_000;
/** Above so many index ranges a plain scan in the order asked for is cheaper. */
const MAX_RANGES = 120;
const BUDGET_MS = 1500;
const SELECT = ROW_COLUMNS.map((c) => (c === 'retries' ? 'COALESCE(retries, 0) AS retries' : c)).join(', ');

/** Equality ranges an index serves: name or worker times state; and what is left to test on each row. */
interface Plan {
  readonly column: 'name' | 'worker' | null;
  readonly values: readonly string[];
  readonly states: readonly string[];
  readonly rest: Sql | null;
  /** The query singles out few rows by an id. */
  readonly pointed: boolean;
  readonly empty: boolean;
}

type StoredRow = TaskRow & { id: number };

export function listTasks(db: EmbeddedDb, query: TaskListQuery, dictionary: Dictionary, nowMs: () => number): TaskPage {
  const deadline = nowMs() + BUDGET_MS;
  const allStates = dictionary('state') ?? [];
  const plan = makePlan(query.tree, allStates, dictionary);
  const { counts, capped } = countStates(db, query, plan, nowMs, deadline);
  const wanted = plan.states.filter((s) => query.states === null || query.states.includes(s));
  const total = wanted.reduce((sum, s) => sum + (counts[s] ?? 0), 0);
  const page =
    total === 0 && !capped
      ? { items: [], next: null }
      : readPage(db, query, plan, wanted, total, capped, nowMs, deadline);
  return { ...page, counts, counts_capped: capped, total };
}

function makePlan(tree: QueryTree | null, allStates: readonly string[], dictionary: Dictionary): Plan {
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
  const restSql =
    rest.length === 0 ? null : toSql(rest.length === 1 ? rest[0]! : { op: 'and', items: rest }, dictionary);
  return {
    column,
    values,
    states,
    rest: restSql,
    pointed,
    empty: states.length === 0 || (column !== null && values.length === 0),
  };
}

interface Where {
  text: string;
  params: SqlValue[];
}

function timeRange(query: TaskListQuery): Where {
  const parts: string[] = [];
  const params: SqlValue[] = [];
  if (query.from !== null) {
    parts.push('first_seen >= ?');
    params.push(query.from);
  }
  if (query.to !== null) {
    parts.push('first_seen < ?');
    params.push(query.to);
  }
  return { text: parts.join(' AND '), params };
}

function where(...parts: (Where | Sql | null)[]): Where {
  const given = parts.filter((p): p is Where => p !== null && p.text !== '');
  return {
    text: given.length === 0 ? '1' : given.map((p) => p.text).join(' AND '),
    params: given.flatMap((p) => p.params),
  };
}

function countStates(db: EmbeddedDb, query: TaskListQuery, plan: Plan, nowMs: () => number, deadline: number) {
  const counts: Record<string, number> = {};
  let capped = false;
  if (plan.empty) return { counts, capped };
  const range = timeRange(query);
  const cap = COUNT_CAP + 1;
  if (plan.pointed) {
    const w = where(
      plan.rest,
      range,
      inList('state', plan.states),
      plan.column ? inList(plan.column, plan.values) : null,
    );
    for (const r of db.all<{ state: string; n: number }>(
      `SELECT state, count(*) AS n FROM tasks WHERE ${w.text} GROUP BY state`,
      ...w.params,
    ))
      counts[r.state] = r.n;
    return { counts, capped };
  }
  if (plan.rest === null) {
    for (const state of plan.states) {
      let n = 0;
      for (const value of plan.column ? plan.values : [null]) {
        const w = where(
          plan.column ? { text: `${plan.column} = ?`, params: [value] } : null,
          { text: 'state = ?', params: [state] },
          range,
        );
        n += db.get<{ n: number }>(
          `SELECT count(*) AS n FROM (SELECT 1 FROM tasks WHERE ${w.text} LIMIT ${cap - n})`,
          ...w.params,
        )!.n;
        if (n >= cap) break;
      }
      if (n >= cap) {
        capped = true;
        n = COUNT_CAP;
      }
      if (n > 0) counts[state] = n;
    }
    return { counts, capped };
  }
  // Every row must be looked at: newest first, until enough are counted or time is up.
  const w = where(
    plan.rest,
    range,
    inList('state', plan.states),
    plan.column ? inList(plan.column, plan.values) : null,
  );
  let before: number | null = null;
  const window = 20_000;
  while (true) {
    const edge: { first_seen: number } | undefined = db.get<{ first_seen: number }>(
      `SELECT first_seen FROM tasks INDEXED BY tasks_seen ${before === null ? '' : 'WHERE first_seen < ?'} ORDER BY first_seen DESC LIMIT 1 OFFSET ${window}`,
      ...(before === null ? [] : [before]),
    );
    const low: number | null = edge?.first_seen ?? null;
    const slice = where(
      low === null ? null : { text: 'first_seen >= ?', params: [low] },
      before === null ? null : { text: 'first_seen < ?', params: [before] },
      w,
    );
    for (const r of db.all<{ state: string; n: number }>(
      `SELECT state, count(*) AS n FROM tasks INDEXED BY tasks_seen WHERE first_seen IS NOT NULL AND ${slice.text} GROUP BY state`,
      ...slice.params,
    ))
      counts[r.state] = (counts[r.state] ?? 0) + r.n;
    if (low === null) break;
    if (query.from !== null && low < query.from) break;
    before = low;
    const some = Object.values(counts).some((n) => n > COUNT_CAP);
    if (some || nowMs() > deadline - BUDGET_MS * 0.6) {
      capped = true;
      break;
    }
  }
  for (const state in counts) {
    if (counts[state]! > COUNT_CAP) {
      counts[state] = COUNT_CAP;
      capped = true;
    }
  }
  return { counts, capped };
}

function inList(column: string, values: readonly string[]): Where {
  return { text: `${column} IN (${values.map(() => '?').join(',')})`, params: [...values] };
}

/** Expression and tie-breakers of each order. NULLs come last when descending. */
function order(query: TaskListQuery): { key: string; by: string } {
  const dir = query.descending ? 'DESC' : 'ASC';
  const key = query.sort === 'runtime' ? 'runtime' : query.sort === 'retries' ? 'COALESCE(retries, 0)' : query.sort;
  return { key, by: `${key} ${dir}, id ${dir}` };
}

function readPage(
  db: EmbeddedDb,
  query: TaskListQuery,
  plan: Plan,
  states: readonly string[],
  total: number,
  capped: boolean,
  nowMs: () => number,
  deadline: number,
): { items: TaskRow[]; next: string | null } {
  if (plan.empty || states.length === 0) return { items: [], next: null };
  const after = decodeCursor(query);
  const range = timeRange(query);
  const limit = query.limit + 1;
  const { key, by } = order(query);
  const relation = query.descending ? '<' : '>';
  const allStates = states.length === plan.states.length && query.states === null && plan.states.length > 0;
  const few = !capped && total <= COUNT_CAP;
  const whole = where(
    plan.rest,
    range,
    stateFilter(plan, states, allStates),
    plan.column ? inList(plan.column, plan.values) : null,
  );

  if (query.sort === 'first_seen') {
    const place: Where | null =
      after === null ? null : { text: `(first_seen, id) ${relation} (?, ?)`, params: [after.value, after.id] };
    const ranges = (plan.column ? plan.values.length : 1) * (plan.column || !allStates ? states.length : 1);
    if (plan.pointed || (plan.rest === null && ranges <= MAX_RANGES)) {
      if (plan.pointed || (!plan.column && allStates)) {
        const hint = plan.pointed ? '' : 'INDEXED BY tasks_seen';
        const w = where(plan.pointed ? null : { text: 'first_seen IS NOT NULL', params: [] }, place, whole);
        return cut(
          db.all<StoredRow>(
            `SELECT id, ${SELECT} FROM tasks ${hint} WHERE ${w.text} ORDER BY ${by} LIMIT ${limit}`,
            ...w.params,
          ),
          query,
        );
      }
      const found: StoredRow[] = [];
      for (const value of plan.column ? plan.values : [null])
        for (const state of states) {
          const w = where(
            plan.column ? { text: `${plan.column} = ?`, params: [value] } : null,
            { text: 'state = ?', params: [state] },
            place,
            range,
          );
          const index =
            plan.column === 'name' ? 'tasks_name' : plan.column === 'worker' ? 'tasks_worker' : 'tasks_state';
          found.push(
            ...db.all<StoredRow>(
              `SELECT id, ${SELECT} FROM tasks INDEXED BY ${index} WHERE ${w.text} ORDER BY ${by} LIMIT ${limit}`,
              ...w.params,
            ),
          );
        }
      found.sort((a, b) => (a.first_seen - b.first_seen || a.id - b.id) * (query.descending ? -1 : 1));
      return cut(found.slice(0, limit), query);
    }
    return scan(db, query, whole, after, limit, nowMs, deadline);
  }

  const place: Where | null =
    after === null
      ? null
      : after.value === null
        ? query.descending
          ? { text: `(${key} IS NULL AND id < ?)`, params: [after.id] }
          : { text: `(${key} IS NOT NULL OR id > ?)`, params: [after.id] }
        : query.descending
          ? {
              text: `(${key} < ? OR (${key} = ? AND id < ?) OR ${key} IS NULL)`,
              params: [after.value, after.value, after.id],
            }
          : { text: `(${key} > ? OR (${key} = ? AND id > ?))`, params: [after.value, after.value, after.id] };
  if (few) {
    const w = where(place, whole);
    return cut(
      db.all<StoredRow>(`SELECT id, ${SELECT} FROM tasks WHERE ${w.text} ORDER BY ${by} LIMIT ${limit}`, ...w.params),
      query,
    );
  }
  return cut(walk(db, query, whole, after, limit), query);
}

function stateFilter(plan: Plan, states: readonly string[], all: boolean): Where | null {
  return all && states.length === plan.states.length && plan.rest === null && plan.column === null
    ? null
    : inList('state', states);
}

/** Many rows match: follow the index of the order itself and leave out what does not match. NULLs are one further group. */
function walk(db: EmbeddedDb, query: TaskListQuery, whole: Where, after: Place | null, limit: number): StoredRow[] {
  const dir = query.descending ? 'DESC' : 'ASC';
  const relation = query.descending ? '<' : '>';
  const groups: { index: string; condition: string; key: string }[] =
    query.sort === 'runtime'
      ? [
          { index: 'tasks_runtime', condition: 'runtime IS NOT NULL', key: 'runtime' },
          { index: 'tasks_seen', condition: 'runtime IS NULL AND first_seen IS NOT NULL', key: 'first_seen' },
        ]
      : query.sort === 'retries'
        ? [
            { index: 'tasks_retries', condition: 'retries > 0', key: 'retries' },
            {
              index: 'tasks_seen',
              condition: 'COALESCE(retries, 0) = 0 AND first_seen IS NOT NULL',
              key: 'first_seen',
            },
          ]
        : [{ index: `tasks_${query.sort}`, condition: `${query.sort} IS NOT NULL`, key: query.sort }];
  if (!query.descending) groups.reverse();
  const found: StoredRow[] = [];
  const nullGroup = (row: Place): boolean => row.value === null || (query.sort === 'retries' && row.value === 0);
  const startAt =
    after === null ? 0 : groups.length === 1 ? 0 : nullGroup(after) === (groups[0]!.key === 'first_seen') ? 0 : 1;
  for (let g = startAt; g < groups.length && found.length < limit; g++) {
    const group = groups[g]!;
    let place: Where | null = null;
    if (after !== null && g === startAt) {
      if (group.key === 'first_seen' && group.index === 'tasks_seen')
        place = {
          text: `(first_seen, id) ${relation} (SELECT first_seen, id FROM tasks WHERE id = ?)`,
          params: [after.id],
        };
      else place = { text: `(${group.key}, id) ${relation} (?, ?)`, params: [after.value, after.id] };
    }
    // (+id) keeps the index of the order in charge: a unary plus hides a column from the planner.
    const w = where({ text: group.condition, params: [] }, place, whole);
    found.push(
      ...db.all<StoredRow>(
        `SELECT id, ${SELECT} FROM tasks INDEXED BY ${group.index} WHERE ${w.text} ORDER BY ${group.key} ${dir}, id ${dir} LIMIT ${limit - found.length}`,
        ...w.params,
      ),
    );
  }
  return found;
}

/** Newest (or oldest) first over all rows, slice by slice, until the page is full or time is up. */
function scan(
  db: EmbeddedDb,
  query: TaskListQuery,
  whole: Where,
  after: Place | null,
  limit: number,
  nowMs: () => number,
  deadline: number,
): { items: TaskRow[]; next: string | null } {
  const dir = query.descending ? 'DESC' : 'ASC';
  const relation = query.descending ? '<' : '>';
  const back = query.descending ? '>=' : '<=';
  const found: StoredRow[] = [];
  let at: Place | null = after;
  let size = 2000;
  while (found.length < limit) {
    const place = at === null ? 'first_seen IS NOT NULL' : `(first_seen, id) ${relation} (?, ?)`;
    const params = at === null ? [] : [at.value, at.id];
    const edge: { first_seen: number; id: number } | undefined = db.get<{ first_seen: number; id: number }>(
      `SELECT first_seen, id FROM tasks INDEXED BY tasks_seen WHERE ${place} ORDER BY first_seen ${dir}, id ${dir} LIMIT 1 OFFSET ${size}`,
      ...params,
    );
    const within = edge ? ` AND (first_seen, id) ${back} (?, ?)` : '';
    found.push(
      ...db.all<StoredRow>(
        `SELECT id, ${SELECT} FROM tasks INDEXED BY tasks_seen WHERE ${place}${within} AND ${whole.text} ORDER BY first_seen ${dir}, id ${dir} LIMIT ${limit - found.length}`,
        ...params,
        ...(edge ? [edge.first_seen, edge.id] : []),
        ...whole.params,
      ),
    );
    if (!edge || found.length >= limit) break;
    at = { value: edge.first_seen, id: edge.id };
    size = Math.min(50_000, size * 2);
    if (nowMs() > deadline) return { items: found.map(strip), next: encodeCursor(at) };
  }
  return cut(found, query);
}

interface Place {
  value: string | number | null;
  id: number;
}

function cut(found: StoredRow[], query: TaskListQuery): { items: TaskRow[]; next: string | null } {
  const more = found.length > query.limit;
  const items = more ? found.slice(0, query.limit) : found;
  const last = items.at(-1);
  return {
    items: items.map(strip),
    next: more && last ? encodeCursor({ value: last[query.sort], id: last.id }) : null,
  };
}

function strip(row: StoredRow): TaskRow {
  const { id: _, ...rest } = row;
  return rest;
}

function encodeCursor(place: Place): string {
  return Buffer.from(JSON.stringify([place.value, place.id])).toString('base64url');
}

export class BadCursor extends Error {}

function decodeCursor(query: TaskListQuery): Place | null {
  if (query.cursor === null) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(query.cursor, 'base64url').toString());
    if (
      Array.isArray(value) &&
      value.length === 2 &&
      typeof value[1] === 'number' &&
      (value[0] === null || typeof value[0] === 'number' || typeof value[0] === 'string')
    )
      return { value: value[0], id: value[1] };
  } catch {
    // Told below, like every other cursor that is not ours.
  }
  throw new BadCursor('The cursor is not one this server gave. Ask for the first page again.');
}
