// Lists of tasks: one page of a query in an order, and capped counts per state.
// Not here: the meaning of a condition (query-sql.ts), which ranges an index serves (plan.ts).
// Holds: a page ends within BUDGET_MS even when next to nothing matches: it then comes back short, with a cursor to go on from, and
// its counts say that they are capped. Counts and rows are of one moment. A cursor names a place in the order, so that rows coming in neither repeat nor skip others.
// In every order, rows without a value come last.
import type { Precision } from '../../../../shared/wire/count.ts';
import type { TaskPage, TaskRow } from '../../../../shared/wire/tasks.ts';
import type { EmbeddedDb, SqlValue } from '../../../embedded-db.ts';
import type { TaskListQuery } from '../contract.ts';
import { decodeCursor, encodeCursor, type Place } from './cursor.ts';
import { all, type Condition, equal, makePlan, oneOf, type Plan } from './plan.ts';
import type { Dictionary } from './query-sql.ts';
import { listRow, ROW_SELECT } from './schema.ts';

const COUNT_CAP = 10_000;
/** Above so many index ranges a plain scan in the order asked for is cheaper. */
const MAX_RANGES = 150;
const BUDGET_MS = 1200;
const COUNT_BUDGET_MS = 500;
const SELECT = `id, ${ROW_SELECT}`;

type StoredRow = TaskRow & { id: number };
type Page = { items: TaskRow[]; next: string | null };

class Lister {
  readonly db: EmbeddedDb;
  readonly query: TaskListQuery;
  readonly plan: Plan;
  readonly dictionary: Dictionary;
  readonly nowMs: () => number;
  readonly begun: number;
  readonly range: Condition | null;
  readonly dir: 'ASC' | 'DESC';
  readonly relation: '<' | '>';
  readonly counts: Record<string, number> = {};
  readonly cappedStates = new Set<string>();
  capped = false;
  /** Not every row was looked at for the counts, or for the page: how far back it went. @unit seconds since the epoch */
  countedBackTo: number | null = null;
  pagedBackTo: number | null = null;

  constructor(db: EmbeddedDb, query: TaskListQuery, dictionary: Dictionary, nowMs: () => number) {
    this.db = db;
    this.query = query;
    this.dictionary = dictionary;
    this.nowMs = nowMs;
    this.begun = nowMs();
    this.plan = makePlan(db, query.tree, dictionary('state') ?? [], dictionary);
    this.dir = query.descending ? 'DESC' : 'ASC';
    this.relation = query.descending ? '<' : '>';
    const parts = [
      query.from === null ? null : { text: 'first_seen >= ?', params: [query.from] },
      query.to === null ? null : { text: 'first_seen < ?', params: [query.to] },
    ];
    this.range = query.from === null && query.to === null ? null : all(...parts);
  }

  list(): TaskPage {
    const after = this.query.cursor === null ? null : decodeCursor(this.query.cursor);
    this.count();
    const { plan, query, counts } = this;
    const states = plan.states.filter((s) => query.states === null || query.states.includes(s));
    const total = states.reduce((sum, s) => sum + (counts[s] ?? 0), 0);
    const nothing = plan.empty || states.length === 0 || (total === 0 && !this.capped);
    const page = nothing ? { items: [], next: null } : this.page(states, total, after);
    // The counts of a scan that stopped are of what it saw: so are those of states it did not see at all.
    const scanned = this.countedBackTo !== null;
    const are: Record<string, Precision> = {};
    for (const state of new Set([...Object.keys(counts), ...(scanned ? plan.states : [])])) {
      are[state] = scanned || this.cappedStates.has(state) ? 'at_least' : 'exact';
    }
    return {
      ...page,
      counts,
      counts_capped: this.capped,
      total,
      counts_are: are,
      total_is: scanned || states.some((s) => are[s] === 'at_least') ? 'at_least' : 'exact',
      looked_back_to: this.pagedBackTo ?? (page.next === null ? null : this.countedBackTo),
    };
  }

  /** Everything of the query but the states. */
  rowCondition(): Condition {
    const { plan } = this;
    return all(plan.rest, this.range, plan.column ? oneOf(plan.column, plan.values) : null);
  }

  count(): void {
    const { plan, db } = this;
    if (plan.empty) return;
    if (plan.bounded) {
      const w = all(this.rowCondition(), oneOf('state', plan.states));
      for (const r of db.all<{ state: string; n: number }>(
        `SELECT state, count(*) AS n FROM tasks WHERE ${w.text} GROUP BY state`,
        ...w.params,
      ))
        this.counts[r.state] = r.n;
    } else if (plan.rest === null) this.countRanges();
    else this.countScan();
    for (const state in this.counts) if (this.counts[state]! > COUNT_CAP) this.cap(state);
  }

  cap(state: string): void {
    this.counts[state] = COUNT_CAP;
    this.cappedStates.add(state);
    this.capped = true;
  }

  countRanges(): void {
    const { plan, db } = this;
    for (const state of plan.states) {
      let n = 0;
      for (const value of plan.column ? plan.values : [null]) {
        const w = all(plan.column ? equal(plan.column, value) : null, equal('state', state), this.range);
        n += db.get<{ n: number }>(
          `SELECT count(*) AS n FROM (SELECT 1 FROM tasks WHERE ${w.text} LIMIT ${COUNT_CAP + 1 - n})`,
          ...w.params,
        )!.n;
        if (n > COUNT_CAP) break;
      }
      if (n > 0) this.counts[state] = n;
    }
  }

  /** Every row must be looked at: newest first, slice by slice, until enough are counted or time is up. */
  countScan(): void {
    const { plan, db, query } = this;
    const w = all(this.rowCondition(), oneOf('state', plan.states));
    let before: number | null = query.to;
    for (let size = 5000; ; size = Math.min(50_000, size * 2)) {
      const low: number | null =
        this.edge(before === null ? null : { text: 'first_seen < ?', params: [before] }, 'DESC', size)?.first_seen ??
        null;
      const slice = all(
        low === null ? null : { text: 'first_seen >= ?', params: [low] },
        before === null ? null : { text: 'first_seen < ?', params: [before] },
        w,
      );
      for (const r of db.all<{ state: string; n: number }>(
        `SELECT state, count(*) AS n FROM tasks INDEXED BY tasks_seen WHERE first_seen IS NOT NULL AND ${slice.text} GROUP BY state`,
        ...slice.params,
      ))
        this.counts[r.state] = (this.counts[r.state] ?? 0) + r.n;
      if (low === null || (query.from !== null && low < query.from)) return;
      before = low;
      if (Object.values(this.counts).some((n) => n > COUNT_CAP) || this.nowMs() - this.begun > COUNT_BUDGET_MS) {
        this.capped = true;
        this.countedBackTo = before;
        return;
      }
    }
  }

  /** The row `size` places on in the order of first_seen. */
  edge(place: Condition | null, dir: string, size: number): { first_seen: number; id: number } | undefined {
    const w = all({ text: 'first_seen IS NOT NULL', params: [] }, place);
    return this.db.get<{ first_seen: number; id: number }>(
      `SELECT first_seen, id FROM tasks INDEXED BY tasks_seen WHERE ${w.text} ORDER BY first_seen ${dir}, id ${dir} LIMIT 1 OFFSET ${size}`,
      ...w.params,
    );
  }

  page(states: readonly string[], total: number, after: Place | null): Page {
    const { plan, query } = this;
    const exact = !states.some((s) => this.cappedStates.has(s)) && (plan.rest === null || !this.capped);
    if (plan.bounded || (query.sort !== 'first_seen' && exact && total <= COUNT_CAP && plan.rest === null))
      return this.direct(states, after);
    if (plan.rest !== null) return query.sort === 'first_seen' ? this.scan(states, after) : this.collect(states, after);
    const ranges = (plan.column ? plan.values.length : 1) * states.length;
    switch (query.sort) {
      case 'first_seen':
        return ranges > MAX_RANGES
          ? this.scan(states, after)
          : this.cut(this.newest(states, after, query.limit + 1, null), 0, (r) => [r.first_seen]);
      case 'runtime':
        return this.byRuntime(states, after);
      case 'retries':
        return this.byRetries(states, after);
      case 'state':
        return this.byValue([...states], 'state', states, after);
      default: {
        const values = plan.column === query.sort ? [...plan.values] : this.dictionary(query.sort);
        return values === null || values.length * states.length > 5000
          ? this.collect(states, after)
          : this.byValue([...values], query.sort, states, after);
      }
    }
  }

  /** Few rows: let SQLite find and sort them. */
  direct(states: readonly string[], after: Place | null): Page {
    const { query } = this;
    const key = query.sort === 'retries' ? 'COALESCE(retries, 0)' : query.sort;
    let place: Condition | null = null;
    if (after !== null) {
      const [group, value, id] = after as [number, string | number, number];
      if (group === 1) place = { text: `(${key} IS NULL AND id ${this.relation} ?)`, params: [value] };
      else place = { text: `(${key} IS NULL OR (${key}, id) ${this.relation} (?, ?))`, params: [value, id] };
    }
    const w = all(this.rowCondition(), oneOf('state', states), place);
    const rows = this.db.all<StoredRow & Record<string, never>>(
      `SELECT ${SELECT} FROM tasks WHERE ${w.text} ORDER BY ${key} IS NULL, ${key} ${this.dir}, id ${this.dir} LIMIT ${query.limit + 1}`,
      ...w.params,
    ) as StoredRow[];
    const more = rows.length > query.limit;
    const last = rows[query.limit - 1];
    if (!more || !last) return { items: rows.map(listRow), next: null };
    const value = last[query.sort];
    return {
      items: rows.slice(0, query.limit).map(listRow),
      next: encodeCursor(value === null ? [1, last.id] : [0, value, last.id]),
    };
  }

  /** By first_seen, merged over the index ranges of name or worker and state. */
  newest(states: readonly string[], after: Place | null, limit: number, further: Condition | null): StoredRow[] {
    const { plan } = this;
    const place: Condition | null =
      after === null ? null : { text: `(first_seen, id) ${this.relation} (?, ?)`, params: [after[1]!, after[2]!] };
    const order = `ORDER BY first_seen ${this.dir}, id ${this.dir} LIMIT ${limit}`;
    const everything = plan.column === null && states.length === (this.dictionary('state') ?? []).length;
    if (everything) {
      const w = all({ text: 'first_seen IS NOT NULL', params: [] }, place, this.range, further);
      return this.rows(`SELECT ${SELECT} FROM tasks INDEXED BY tasks_seen WHERE ${w.text} ${order}`, w.params);
    }
    const index = plan.column ? `tasks_${plan.column}` : 'tasks_state';
    const found: StoredRow[] = [];
    for (const value of plan.column ? plan.values : [null])
      for (const state of states) {
        const w = all(
          plan.column ? equal(plan.column, value) : null,
          equal('state', state),
          place,
          this.range,
          further,
        );
        found.push(...this.rows(`SELECT ${SELECT} FROM tasks INDEXED BY ${index} WHERE ${w.text} ${order}`, w.params));
      }
    return this.sorted(found, (r) => r.first_seen).slice(0, limit);
  }

  byRuntime(states: readonly string[], after: Place | null): Page {
    const { query, plan } = this;
    const limit = query.limit + 1;
    let found: StoredRow[] = [];
    if (after === null || after[0] === 0) {
      const place: Condition | null =
        after === null ? null : { text: `(runtime, id) ${this.relation} (?, ?)`, params: [after[1]!, after[2]!] };
      for (const state of states) {
        const w = all(
          { text: 'runtime IS NOT NULL', params: [] },
          equal('state', state),
          place,
          this.range,
          // A unary plus keeps the index of the order in charge.
          plan.column ? oneOf(`+${plan.column}`, plan.values) : null,
        );
        found.push(
          ...this.rows(
            `SELECT ${SELECT} FROM tasks INDEXED BY tasks_runtime WHERE ${w.text} ORDER BY runtime ${this.dir}, id ${this.dir} LIMIT ${limit}`,
            w.params,
          ),
        );
      }
      found = this.sorted(found, (r) => r.runtime ?? 0).slice(0, limit);
    }
    return this.thenNewest(found, states, after, { text: 'runtime IS NULL', params: [] });
  }

  byRetries(states: readonly string[], after: Place | null): Page {
    const limit = this.query.limit + 1;
    let found: StoredRow[] = [];
    if (after === null || after[0] === 0) {
      const place: Condition | null =
        after === null ? null : { text: `(retries, id) ${this.relation} (?, ?)`, params: [after[1]!, after[2]!] };
      const w = all({ text: 'retries > 0', params: [] }, place, this.rowCondition(), oneOf('+state', states));
      found = this.rows(
        `SELECT ${SELECT} FROM tasks INDEXED BY tasks_retries WHERE ${w.text} ORDER BY retries ${this.dir}, id ${this.dir} LIMIT ${limit}`,
        w.params,
      );
    }
    return this.thenNewest(found, states, after, { text: 'COALESCE(retries, 0) = 0', params: [] });
  }

  /** After the rows with a value: those without one, by first_seen. */
  thenNewest(found: StoredRow[], states: readonly string[], after: Place | null, without: Condition): Page {
    const limit = this.query.limit + 1;
    const rest = this.newest(states, after !== null && after[0] === 1 ? after : null, limit - found.length, without);
    const rows = [...found, ...rest];
    if (rows.length < limit) return { items: rows.map(listRow), next: null };
    const last = rows[limit - 2]!;
    const inRest = limit - 2 >= found.length;
    const place: Place = inRest
      ? [1, last.first_seen, last.id]
      : [0, this.query.sort === 'runtime' ? last.runtime! : last.retries, last.id];
    return { items: rows.slice(0, limit - 1).map(listRow), next: encodeCursor(place) };
  }

  /** By name, worker or state: value by value, within a value by state and first_seen. Rows without a value are left to the end. */
  byValue(values: string[], column: 'name' | 'worker' | 'state', states: readonly string[], after: Place | null): Page {
    const { query, plan } = this;
    const limit = query.limit + 1;
    const sign = query.descending ? -1 : 1;
    values.sort((a, b) => (a < b ? -sign : sign));
    const ordered = [...states].sort((a, b) => (a < b ? -sign : sign));
    const steps: { value: string | null; state: string }[] = [];
    for (const value of column === 'state' ? ordered : [...values, ...(plan.column === column ? [] : [null])])
      for (const state of column === 'state' ? [value as string] : ordered) steps.push({ value, state });
    let at = 0;
    if (after !== null) {
      at = steps.findIndex((s) => (s.value ?? '') === after[1] && s.state === after[2]);
      if (at === -1) return { items: [], next: null };
    }
    const found: StoredRow[] = [];
    for (let i = at; i < steps.length && found.length < limit; i++) {
      const { value, state } = steps[i]!;
      const w = all(
        column === 'state' ? null : value === null ? { text: `${column} IS NULL`, params: [] } : equal(column, value),
        equal('state', state),
        after !== null && i === at
          ? { text: `(first_seen, id) ${this.relation} (?, ?)`, params: [after[3]!, after[4]!] }
          : null,
        this.range,
        plan.column && plan.column !== column ? oneOf(`+${plan.column}`, plan.values) : null,
      );
      const order = `ORDER BY first_seen ${this.dir}, id ${this.dir} LIMIT ${limit - found.length}`;
      found.push(
        ...this.rows(`SELECT ${SELECT} FROM tasks INDEXED BY tasks_${column} WHERE ${w.text} ${order}`, w.params),
      );
    }
    return this.cut(found, 0, (r) => [r[column] ?? '', r.state, r.first_seen]);
  }

  /** By first_seen over all rows, slice by slice, until the page is full or time is up. */
  scan(states: readonly string[], after: Place | null): Page {
    const { query } = this;
    const limit = query.limit + 1;
    const whole = all(this.rowCondition(), oneOf('state', states));
    const found: StoredRow[] = [];
    let at: readonly [number, number] | null =
      after === null ? this.startAt() : [after[1] as number, after[2] as number];
    for (let size = 2000; found.length < limit; size = Math.min(50_000, size * 2)) {
      const place: Condition | null =
        at === null ? null : { text: `(first_seen, id) ${this.relation} (?, ?)`, params: [...at] };
      const edge = this.edge(place, this.dir, size);
      const within: Condition | null = edge
        ? { text: `(first_seen, id) ${query.descending ? '>=' : '<='} (?, ?)`, params: [edge.first_seen, edge.id] }
        : null;
      const w = all({ text: 'first_seen IS NOT NULL', params: [] }, place, within, whole);
      found.push(
        ...this.rows(
          `SELECT ${SELECT} FROM tasks INDEXED BY tasks_seen WHERE ${w.text} ORDER BY first_seen ${this.dir}, id ${this.dir} LIMIT ${limit - found.length}`,
          w.params,
        ),
      );
      if (!edge || found.length >= limit) break;
      at = [edge.first_seen, edge.id];
      if (query.descending ? query.from !== null && at[0] < query.from : query.to !== null && at[0] >= query.to) break;
      if (this.nowMs() - this.begun > BUDGET_MS) {
        // In ascending order what was not looked at is newer, and `next` goes on there.
        if (query.descending) this.pagedBackTo = at[0];
        return { items: found.map(listRow), next: encodeCursor([0, ...at]) };
      }
    }
    return this.cut(found, 0, (r) => [r.first_seen]);
  }

  startAt(): readonly [number, number] | null {
    const { from, to, descending } = this.query;
    if (descending) return to === null ? null : [to, -1];
    return from === null ? null : [from, -1];
  }

  /** Many rows to look at and another order than time: the newest matches that fit the cap and the budget, sorted here. */
  collect(states: readonly string[], after: Place | null): Page {
    const { query } = this;
    const whole = all(this.rowCondition(), oneOf('state', states));
    const found: StoredRow[] = [];
    let place: Condition | null = null;
    let ended = false;
    let back: number | null = null;
    for (let size = 5000; found.length < COUNT_CAP; size = Math.min(50_000, size * 2)) {
      const edge = this.edge(place, 'DESC', size);
      const within: Condition | null = edge
        ? { text: '(first_seen, id) >= (?, ?)', params: [edge.first_seen, edge.id] }
        : null;
      const w = all({ text: 'first_seen IS NOT NULL', params: [] }, place, within, whole);
      found.push(
        ...this.rows(
          `SELECT ${SELECT} FROM tasks INDEXED BY tasks_seen WHERE ${w.text} LIMIT ${COUNT_CAP - found.length}`,
          w.params,
        ),
      );
      if (!edge) {
        ended = found.length < COUNT_CAP;
        break;
      }
      back = edge.first_seen;
      if (this.nowMs() - this.begun > BUDGET_MS) break;
      place = { text: '(first_seen, id) < (?, ?)', params: [edge.first_seen, edge.id] };
    }
    if (!ended)
      this.pagedBackTo =
        found.length < COUNT_CAP
          ? back
          : found.reduce((least, r) => Math.min(least, r.first_seen), back ?? Number.MAX_VALUE);
    const sign = query.descending ? -1 : 1;
    const key = (r: StoredRow): string | number | null => r[query.sort];
    found.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === null || y === null) return x === y ? (a.id - b.id) * sign : x === null ? 1 : -1;
      return (x < y ? -sign : x > y ? sign : 0) || (a.id - b.id) * sign;
    });
    const start = after === null ? 0 : found.findIndex((r) => r.id === after.at(-1)) + 1;
    const slice = found.slice(start, start + query.limit + 1);
    return this.cut(slice, 0, (r) => [key(r) ?? '']);
  }

  rows(sql: string, params: SqlValue[]): StoredRow[] {
    return this.db.all<StoredRow & Record<string, never>>(sql, ...params) as StoredRow[];
  }

  sorted(rows: StoredRow[], key: (row: StoredRow) => number): StoredRow[] {
    const sign = this.query.descending ? -1 : 1;
    return rows.sort((a, b) => (key(a) - key(b) || a.id - b.id) * sign);
  }

  cut(found: StoredRow[], group: number, keys: (row: StoredRow) => (string | number)[]): Page {
    const { limit } = this.query;
    if (found.length <= limit) return { items: found.map(listRow), next: null };
    const last = found[limit - 1]!;
    return { items: found.slice(0, limit).map(listRow), next: encodeCursor([group, ...keys(last), last.id]) };
  }
}

export function listTasks(db: EmbeddedDb, query: TaskListQuery, dictionary: Dictionary, nowMs: () => number): TaskPage {
  // One snapshot: a writer may commit between the counts and the page.
  db.exec('BEGIN');
  try {
    return new Lister(db, query, dictionary, nowMs).list();
  } finally {
    db.exec('COMMIT');
  }
}
