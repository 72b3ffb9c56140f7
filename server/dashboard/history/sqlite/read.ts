// Every question the dashboard asks of the history file, on a connection of its own.
// Not here: lists of tasks (list.ts), charts (series.ts), the thread it runs in (thread.ts).
// Holds: it never writes; what it answers is at most one batch (a quarter of a second) behind what was received.
import { existsSync } from 'node:fs';
import type { OperationRecord } from '../../../../shared/wire/operations.ts';
import type { FailureGroup } from '../../../../shared/wire/overview.ts';
import type { SeriesReply } from '../../../../shared/wire/series.ts';
import type { FacetReply, TaskPage, TaskRow, TaskTry } from '../../../../shared/wire/tasks.ts';
import { EmbeddedDb } from '../../../embedded-db.ts';
import { parseJsonExactly } from '../../../serialization/json-reader.ts';
import type {
  CountedEnds,
  Dim,
  FacetAsk,
  FailuresAsk,
  Heard,
  KeyStats,
  MinuteCounts,
  OperationsWanted,
  PersonOnRecord,
  SeriesAsk,
  StoredTask,
  TaskListQuery,
  WindowAsk,
  WindowReply,
  WorkflowAsk,
  WorkflowRows,
  WorkflowsAsk,
  WorkflowsReply,
} from '../contract.ts';
import { beginning, cutRow } from '../rows.ts';
import { QueryBudget } from './budget.ts';
import { listTasks } from './list.ts';
import { perRow } from './plan.ts';
import { columnOf, type Dictionary, defineQueryFunctions, toSql } from './query-sql.ts';
import { ROW_SELECT, TASK_COLUMNS } from './schema.ts';
import { gauge, keyStats, perMinute, readSeries, sums } from './series.ts';
import { decodeRow, decodeText, encodeText } from './text.ts';
import { readWhole, readWindow } from './window.ts';
import { readWorkflow, readWorkflows } from './workflows.ts';

const MANY_VALUES = 5000;
const FACET_SAMPLE = 20_000;
/** How far back a history must reach to know a new failure from one it has never had the time to see: a day. @unit seconds */
const NOVELTY_NEEDS = 86_400;

export class HistoryReader {
  readonly #path: string;
  #db: EmbeddedDb;
  readonly #nowMs: () => number;
  /** Of the question that is answered now. */
  readonly budget: QueryBudget;
  readonly #dictionary: Dictionary;
  readonly #dict = new Map<string, { values: readonly string[] | null }>();

  constructor(path: string, nowMs: () => number) {
    this.#path = path;
    this.#nowMs = nowMs;
    this.budget = new QueryBudget(nowMs);
    this.#dictionary = Object.assign((column: string) => this.#valuesOf(column), { budget: this.budget });
    this.#db = this.#open();
  }

  /** Let the file go, for the writer to open another one; then `open`. */
  release(): void {
    this.#db.close();
  }
  open(): void {
    this.#dict.clear();
    this.#db = this.#open();
  }

  #open(): EmbeddedDb {
    // Opening would make it, and the writer would take it for another one put in its place.
    if (!existsSync(this.#path)) throw new Error(`The history file ${this.#path} is gone`);
    const db = new EmbeddedDb(this.#path);
    // Sorting must not need room on the disk.
    db.exec('PRAGMA query_only = 1; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY');
    defineQueryFunctions(db, this.budget);
    return db;
  }

  tasks(query: TaskListQuery): TaskPage {
    this.#dict.clear();
    return listTasks(this.#db, query, this.#dictionary, this.#nowMs);
  }

  /** Values of a field among the newest tasks that match, most frequent first. */
  facets(ask: FacetAsk): FacetReply {
    this.#dict.clear();
    const condition = ask.tree === null ? { text: '1', params: [] } : perRow(toSql(ask.tree, this.#dictionary));
    const rows = this.#db.all<{ value: string; count: number }>(
      `SELECT value, count(*) AS count FROM (SELECT ${columnOf(ask.field)} AS value FROM (SELECT * FROM tasks ORDER BY first_seen DESC LIMIT ${FACET_SAMPLE})
        WHERE ${condition.text}) WHERE value IS NOT NULL AND value LIKE ? ESCAPE '\\' GROUP BY value ORDER BY count DESC, value LIMIT ?`,
      ...condition.params,
      `${ask.prefix === '' ? '' : '%'}${encodeText(ask.prefix).replace(/[\\%_]/g, '\\$&')}%`,
      ask.limit,
    );
    const values = rows.map((r) => ({ value: beginning(decodeText(String(r.value))), count: r.count }));
    const more = this.#db.get('SELECT 1 FROM tasks LIMIT 1 OFFSET ?', FACET_SAMPLE);
    return { field: ask.field, values, ...(more && { of_newest: FACET_SAMPLE }) };
  }

  window(ask: WindowAsk): WindowReply {
    this.#dict.clear();
    return readWindow(this.#db, ask, this.#dictionary);
  }

  whole(uuids: readonly string[]): { task: StoredTask; children: string[] }[] {
    return readWhole(this.#db, uuids);
  }

  task(uuid: string): StoredTask | null {
    const row = this.#db.get<StoredTask>(
      `SELECT ${TASK_COLUMNS.join(', ')} FROM tasks WHERE uuid = ?`,
      encodeText(uuid),
    );
    return row ? decodeRow(row) : null;
  }

  tries(uuid: string): TaskTry[] {
    return this.#db
      .all<TaskTry>(
        'SELECT number, state, worker, received, started, ended, exception, traceback FROM tries WHERE uuid = ? ORDER BY number',
        encodeText(uuid),
      )
      .map(decodeRow);
  }

  rows(uuids: readonly string[]): TaskRow[] {
    if (uuids.length === 0) return [];
    return this.#rows(
      `SELECT ${ROW_SELECT} FROM tasks WHERE uuid IN (SELECT value FROM json_each(?))`,
      JSON.stringify(uuids.map(encodeText)),
    );
  }

  newest(names: readonly string[], limit: number): TaskRow[] {
    this.#dict.clear();
    const states = this.#dictionary('state') ?? [];
    const sql = `SELECT ${ROW_SELECT} FROM tasks WHERE name = ? AND state = ? ORDER BY first_seen DESC LIMIT ?`;
    return names.flatMap((name) =>
      states
        .flatMap((state) => this.#rows(sql, encodeText(name), state, limit))
        .sort((a, b) => b.first_seen - a.first_seen)
        .slice(0, limit),
    );
  }

  children(uuid: string, limit: number): { rows: TaskRow[]; total: number } {
    const parent = encodeText(uuid);
    const rows = this.#rows(
      `SELECT ${ROW_SELECT} FROM tasks WHERE parent_id = ? ORDER BY first_seen LIMIT ?`,
      parent,
      limit,
    );
    const total = this.#db.get<{ n: number }>('SELECT count(*) AS n FROM tasks WHERE parent_id = ?', parent)!.n;
    return { rows, total };
  }

  #rows(sql: string, ...params: (string | number)[]): TaskRow[] {
    return this.#db.all<TaskRow>(sql, ...params).map((row) => cutRow(decodeRow(row)));
  }

  workflow(ask: WorkflowAsk): WorkflowRows {
    return readWorkflow(this.#db, ask);
  }

  workflows(ask: WorkflowsAsk): WorkflowsReply {
    this.#dict.clear();
    const condition = ask.tree === null ? { text: '1', params: [] } : perRow(toSql(ask.tree, this.#dictionary));
    return readWorkflows(this.#db, ask, condition, this.#dictionary('state') ?? []);
  }

  /** Tasks that had not ended, newest first, as whole rows. */
  unfinished(limit: number): StoredTask[] {
    this.#dict.clear();
    const states = (this.#dictionary('state') ?? []).filter(
      (s) => !['SUCCESS', 'FAILURE', 'REVOKED', 'PURGED'].includes(s),
    );
    const rows: StoredTask[] = [];
    for (const state of states)
      rows.push(
        ...this.#db.all(
          `SELECT ${TASK_COLUMNS.join(', ')} FROM tasks WHERE state = ? ORDER BY first_seen DESC LIMIT ?`,
          state,
          limit,
        ),
      );
    return rows.map(decodeRow);
  }

  /** Ids of unfinished tasks a worker holds, by its events. */
  heldBy(worker: string, limit: number): TaskRow[] {
    const rows: TaskRow[] = [];
    for (const state of ['STARTED', 'RECEIVED'])
      rows.push(
        ...this.#rows(
          `SELECT ${ROW_SELECT} FROM tasks WHERE worker = ? AND state = ? ORDER BY first_seen DESC LIMIT ?`,
          encodeText(worker),
          state,
          limit,
        ),
      );
    return rows;
  }

  workers(): { hostname: string; record: string; last_heard: number | null }[] {
    return this.#db
      .all<{ hostname: string; record: string; last_heard: number | null }>(
        'SELECT hostname, record, last_heard FROM workers ORDER BY last_heard DESC',
      )
      .map(decodeRow);
  }

  countedEnds(uuids: readonly string[]): CountedEnds[] {
    const ids = JSON.stringify(uuids.map(encodeText));
    const counted = new Map<string, CountedEnds>();
    const rows = this.#db.all<{ uuid: string; state: string }>(
      'SELECT uuid, state FROM tasks WHERE uuid IN (SELECT value FROM json_each(?))',
      ids,
    );
    for (const { uuid, state } of rows.map(decodeRow)) counted.set(uuid, { uuid, state, tries: [] });
    const tries = this.#db.all<{ uuid: string; number: number }>(
      'SELECT uuid, number FROM tries WHERE uuid IN (SELECT value FROM json_each(?))',
      ids,
    );
    for (const { uuid, number } of tries.map(decodeRow)) counted.get(uuid)?.tries.push(number);
    return [...counted.values()];
  }

  heard(): Heard | null {
    const row = this.#db.get<{ value: string }>("SELECT value FROM meta WHERE key = 'heard'");
    if (!row) return null;
    const workers = this.#db
      .all<{ hostname: string; pid: number; begun: number | null; events_disabled: number | null }>(
        'SELECT hostname, pid, begun, events_disabled FROM heard',
      )
      .map(decodeRow)
      .map(({ events_disabled, ...w }) => ({ ...w, eventsDisabled: events_disabled === 1, left: false }));
    // Format 2 did not say whether it knew all workers.
    return { knewAll: false, ...(JSON.parse(row.value) as { at: number; rate: number }), workers };
  }

  taskNames(): string[] {
    this.#dict.clear();
    return (this.#dictionary('name') ?? []).map(decodeText).sort();
  }

  series(ask: SeriesAsk): SeriesReply {
    return readSeries(this.#db, ask);
  }
  perMinute(dim: Dim, from: number, to: number): MinuteCounts[] {
    return perMinute(this.#db, dim, from, to);
  }
  sums(step: number, from: number, to: number): { finished: number; failed: number; buckets: number } {
    return sums(this.#db, step, from, to);
  }
  keyStats(dim: Dim, from: number, to: number, suffix: string | null): KeyStats[] {
    return keyStats(this.#db, dim, from, to, suffix);
  }
  gauge(name: string, from: number, to: number): { bucket: number; value: number }[] {
    return gauge(this.#db, name, from, to);
  }
  gauges(prefix: string, from: number): { name: string; bucket: number; value: number }[] {
    return this.#db.all(
      'SELECT name, bucket, value FROM gauges WHERE name >= ? AND name < ? AND bucket >= ?',
      prefix,
      `${prefix}\uffff`,
      from,
    );
  }

  failures(ask: FailuresAsk): FailureGroup[] {
    // Whatever comes first is new to a history that has just begun.
    const begun = this.#db.get<{ at: number | null }>("SELECT min(bucket) AS at FROM gauges WHERE name = 'up'")?.at;
    const isKnown = typeof begun === 'number' && begun <= ask.now - NOVELTY_NEEDS;
    const hour = Math.floor(ask.now / 3600) * 3600;
    const start = hour - 23 * 3600;
    const since = Math.min(start, Math.floor((ask.now - ask.span) / 3600) * 3600);
    const rows = this.#db
      .all<{
        task: string;
        exception: string;
        hour: number;
        count: number;
        first: number;
        last: number;
        message: string;
        example: string;
      }>(
        `SELECT task, exception, hour, count, first, last, message, example FROM failures WHERE hour >= ?
        AND (? IS NULL OR task = ?) AND (? IS NULL OR exception = ?) ORDER BY hour`,
        since,
        ...[ask.task, ask.task, ask.exception, ask.exception].map((one) => one && encodeText(one)),
      )
      .map(decodeRow);
    const groups = new Map<string, FailureGroup>();
    for (const r of rows) {
      const id = `${r.task}\n${r.exception}`;
      let g = groups.get(id);
      if (!g) {
        const first =
          this.#db.get<{ first: number }>(
            'SELECT min(first) AS first FROM failures WHERE task = ? AND exception = ?',
            encodeText(r.task),
            encodeText(r.exception),
          )?.first ?? r.first;
        g = {
          exception: r.exception,
          message: r.message,
          task: r.task,
          count: 0,
          first,
          last: r.last,
          is_new: isKnown ? first > ask.now - 3600 : null,
          trend: Array<number>(24).fill(0),
          example: r.example,
        };
        groups.set(id, g);
      }
      g.count += r.count;
      if (r.last >= g.last) {
        g.last = r.last;
        g.message = r.message;
        g.example = r.example;
      }
      const i = Math.round((r.hour - start) / 3600);
      if (i >= 0 && i < 24) g.trend[i]! += r.count;
    }
    return [...groups.values()].sort((a, b) => b.count - a.count || b.last - a.last).slice(0, ask.limit);
  }

  operations(before: number | null, limit: number, wanted: OperationsWanted = {}): OperationRecord[] {
    const on = wanted.on ? encodeText(wanted.on.toLowerCase()) : null;
    return this.#db
      .all<Record<string, string | number | null>>(
        `SELECT id, at, who, address, token, action, subject, task_name, request, outcome, summary, answers, new_ids, effect
         FROM operations LEFT JOIN effects ON operation = id
         WHERE (?1 IS NULL OR id < ?1) AND (?2 IS NULL OR who = ?2) AND (?3 IS NULL OR action IN (SELECT value FROM json_each(?3))) AND (?4 IS NULL OR outcome = ?4)
           AND (?5 IS NULL OR instr(lower(subject), ?5) > 0 OR instr(lower(request), ?5) > 0
             OR instr(lower(task_name), ?5) > 0)
         ORDER BY id DESC LIMIT ?6`,
        before,
        wanted.who ? encodeText(wanted.who) : null,
        wanted.actions ? JSON.stringify(wanted.actions) : null,
        wanted.outcome || null,
        on,
        limit,
      )
      .map(decodeRow)
      .map((r) => ({
        ...(r as unknown as OperationRecord),
        request: parseJsonExactly(String(r.request)),
        answers: parseJsonExactly(String(r.answers)) as OperationRecord['answers'],
        new_ids: r.new_ids === null ? undefined : (JSON.parse(String(r.new_ids)) as Record<string, string>),
        effect: r.effect === null ? null : (JSON.parse(String(r.effect)) as OperationRecord['effect']),
      }));
  }

  people(since: number, limit: number): PersonOnRecord[] {
    return this.#db
      .all<PersonOnRecord & Record<string, string | number>>(
        `SELECT who, max(at) AS last, sum(action NOT IN ('login', 'logout')) AS acts FROM operations
         WHERE at >= ? AND NOT (action = 'login' AND outcome <> 'ok') GROUP BY who ORDER BY last DESC LIMIT ?`,
        since,
        limit,
      )
      .map(decodeRow);
  }

  counts(): { tasks: number; bytes: number } {
    const { tasks } = this.#db.get<{ tasks: number }>(
      'SELECT COALESCE(max(id), 0) - COALESCE(min(id), 1) + 1 AS tasks FROM tasks',
    )!;
    const pages = this.#db.get<{ page_count: number }>('PRAGMA page_count')!.page_count;
    const size = this.#db.get<{ page_size: number }>('PRAGMA page_size')!.page_size;
    return { tasks, bytes: pages * size };
  }

  close(): void {
    this.#db.close();
  }

  #valuesOf(column: string): readonly string[] | null {
    let entry = this.#dict.get(column);
    if (!entry) {
      const rows = this.#db.all<{ value: string }>(
        'SELECT value FROM dict WHERE field = ? LIMIT ?',
        column,
        MANY_VALUES + 1,
      );
      entry = { values: rows.length > MANY_VALUES ? null : rows.map((r) => r.value) };
      this.#dict.set(column, entry);
    }
    return entry.values;
  }
}
