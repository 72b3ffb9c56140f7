// Results in the tables of Celery's SQLAlchemy store: `db+sqlite://`, `db+postgresql://`, `db+mysql://`.
// Rows: rows.ts. Tables: tables.ts. Statements: statements.ts. Databases: ../sql/.
// Holds: a SUCCESS is never overwritten, whoever wrote it; what is stored in one turn goes in one statement; a server that is away is
// waited for; a result that does not fit its column is refused with the column's name, never cut.
// Where this differs from Celery: a SUCCESS stays (there each store overwrites); rows of one turn are one statement.
// As in Celery: children and the group of a task are not kept; records go when `cleanup` runs, and only those that have ended.
// Celery 5.6: backends/database/__init__.py
import { BackendError, toError } from '../../errors.ts';
import type { ResultMeta } from '../../protocol/result-meta.ts';
import { createTimer } from '../../timer.ts';
import type { Backend, BackendContext } from '../contract.ts';
import { DATABASE } from '../flags.ts';
import { PolledResults } from '../polled.ts';
import { PATIENCE, retrying } from '../retrying.ts';
import { checkId, isPossibleId, isTemporary, SqlAccess, writeTexts } from '../sql/access.ts';
import { quoted, type SqlDriver, type SqlQueries } from '../sql/driver.ts';
import { cannotStore, storeClosed } from '../store-errors.ts';
import { lastOfEach, StoreQueue } from '../store-queue.ts';
import type { ResultListener } from '../waiters.ts';
import { openDatabase } from './address.ts';
import { bytesOf, groupPickle, metaOf, readGroupPickle, rowOf, sqlTime, type TaskRow } from './rows.ts';
import { type DatabaseOptions, databaseOptions } from './settings.ts';
import { selectMany, upsert } from './statements.ts';
import { EXTENDED_COLUMNS, openTables, TASK_COLUMNS, type Tables } from './tables.ts';

const ROWS_PER_STATEMENT = 500;
const IDS_PER_QUERY = 500;

export async function createDatabaseBackend(context: BackendContext): Promise<Backend> {
  const options = databaseOptions(context.settings);
  const driver = await openDatabase(context, options, /^(db|database)(\+|$|:\/\/$)/i);
  const backend = new DatabaseBackend(context, options, driver);
  if (options.createAtSetup) await backend.prepare();
  return retrying(backend, PATIENCE, createTimer());
}

class DatabaseBackend implements Backend {
  readonly driver = 'database';
  readonly flags = DATABASE;
  readonly enabled = true;
  readonly #context: BackendContext;
  readonly #options: DatabaseOptions;
  readonly #access: SqlAccess;
  readonly #polled: PolledResults;
  readonly #queue: StoreQueue<TaskRow>;
  #tables: Promise<Tables> | null = null;

  constructor(context: BackendContext, options: DatabaseOptions, driver: SqlDriver) {
    this.#context = context;
    this.#options = options;
    this.#access = new SqlAccess(driver, context.log);
    this.#polled = new PolledResults({
      polling: context.options.polling_interval,
      getMany: (ids) => this.getMany(ids),
    });
    this.#queue = new StoreQueue((rows) => this.#write(rows), isTemporary, ROWS_PER_STATEMENT);
  }

  /** The tables are made, and every later use finds them. A server that is away is for the first use to tell of. */
  async prepare(): Promise<void> {
    try {
      await this.#access.use(() => this.#ready());
    } catch (error) {
      if (isTemporary(toError(error))) return;
      await this.#access.driver.close();
      throw error;
    }
  }

  async store(meta: ResultMeta): Promise<void> {
    this.#access.checkOpen();
    checkId(meta.task_id);
    const row = rowOf(meta, this.#context);
    try {
      await this.#queue.push(row);
    } catch (error) {
      throw cannotStore(meta, error);
    }
    this.#polled.stored(metaOf(row.values, this.#context));
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    return (await this.getMany([taskId])).get(taskId) ?? null;
  }

  async getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>> {
    const found = new Map<string, ResultMeta>();
    const possible = taskIds.filter(isPossibleId);
    for (let i = 0; i < possible.length || i === 0; i += IDS_PER_QUERY) {
      const ids = possible.slice(i, i + IDS_PER_QUERY);
      const rows = await this.#ask(async (sql, { task }) =>
        ids.length === 0
          ? []
          : (await sql.query(selectMany(task.sql, columnsOf(task), 'task_id', ids.length), ids)).rows,
      );
      for (const row of rows) found.set(String(row.task_id), metaOf(row, this.#context));
    }
    return found;
  }

  wait(taskId: string, signal: AbortSignal): Promise<ResultMeta> {
    this.#access.checkOpen();
    return this.#polled.wait(taskId, signal);
  }

  watch(taskIds: readonly string[], signal: AbortSignal): AsyncIterable<ResultMeta> {
    this.#access.checkOpen();
    return this.#polled.watch(taskIds, signal);
  }

  subscribe(taskId: string, listener: ResultListener, onError?: (error: Error) => void): () => void {
    this.#access.checkOpen();
    return this.#polled.subscribe(taskId, listener, onError);
  }

  async forget(taskId: string): Promise<void> {
    await this.#ask((sql, { task }) => sql.query(`DELETE FROM ${task.sql} WHERE ${quoted('task_id')} = ?`, [taskId]));
  }

  async saveGroup(groupId: string, result: unknown): Promise<void> {
    checkId(groupId);
    const pickle = groupPickle(result);
    await this.#ask((sql, { group }) => {
      fits('The group', groupId, 'taskset_id', groupId, group);
      fits('The group', groupId, 'result', pickle, group);
      const columns = ['taskset_id', 'result', 'date_done'];
      const statement = { dialect: this.#access.driver.dialect, table: group.sql, columns, key: 'taskset_id', rows: 1 };
      const values = [groupId, pickle, sqlTime(new Date(this.#context.now()).toISOString())];
      return sql.query(upsert({ ...statement, newId: group.newId }), values);
    });
  }

  async restoreGroup(groupId: string): Promise<unknown | null> {
    if (!isPossibleId(groupId)) return null;
    const { rows } = await this.#ask((sql, { group }) =>
      sql.query(selectMany(group.sql, ['result'], 'taskset_id', 1), [groupId]),
    );
    const pickle = rows[0]?.result;
    return pickle == null ? null : readGroupPickle(groupId, bytesOf(pickle));
  }

  async forgetGroup(groupId: string): Promise<void> {
    await this.#ask((sql, { group }) =>
      sql.query(`DELETE FROM ${group.sql} WHERE ${quoted('taskset_id')} = ?`, [groupId]),
    );
  }

  async cleanup(): Promise<number> {
    const { expiresMs, now } = this.#context;
    if (expiresMs === null) return 0;
    const before = sqlTime(new Date(now() - expiresMs).toISOString());
    return this.#ask(async (sql, { task, group }) => {
      let count = 0;
      for (const table of [task, group])
        count += (await sql.query(`DELETE FROM ${table.sql} WHERE ${quoted('date_done')} < ?`, [before])).changes;
      return count;
    });
  }

  async close(): Promise<void> {
    if (!this.#access.isOpen) return;
    this.#access.isOpen = false;
    this.#polled.fail(storeClosed());
    await this.#queue.idle();
    await this.#access.close();
  }

  async #write(rows: readonly TaskRow[]): Promise<void> {
    await this.#use(async (sql, { task }) => {
      const columns = columnsOf(task);
      const last = lastOfEach(rows).map((row) => fitting(row, task));
      const table = {
        dialect: this.#access.driver.dialect,
        table: task.sql,
        columns,
        key: 'task_id',
        newId: task.newId,
      };
      await writeTexts(this.#access.driver, last, (rows) =>
        sql.query(
          upsert({ ...table, rows: rows.length, keepsSuccess: true }),
          rows.flatMap((row) => columns.map((name) => row.values[name] ?? null)),
        ),
      );
    });
  }

  async #ask<T>(work: (sql: SqlQueries, tables: Tables) => Promise<T>): Promise<T> {
    this.#access.checkOpen();
    return this.#use(work);
  }

  #use<T>(work: (sql: SqlQueries, tables: Tables) => Promise<T>): Promise<T> {
    const { driver } = this.#access;
    return this.#access.use(async () => {
      const opening = this.#ready();
      const tables = await opening;
      try {
        return await work(driver, tables);
      } catch (error) {
        if (!driver.lacksTable(toError(error))) throw error;
        // Dropped while they were used: made again, as at a start.
        if (this.#tables === opening) this.#tables = null;
        return work(driver, await this.#ready());
      }
    });
  }

  #ready(): Promise<Tables> {
    if (!this.#tables) {
      const opening = openTables(this.#access.driver, this.#options).catch((error) => {
        this.#tables = null;
        throw error;
      });
      this.#tables = opening;
    }
    return this.#tables;
  }
}

type Table = Tables['task'];

const extended = new WeakMap<Table, readonly string[]>();

function columnsOf(task: Table): readonly string[] {
  let columns = extended.get(task);
  if (!columns) {
    columns = [...TASK_COLUMNS, ...EXTENDED_COLUMNS.filter((name) => task.columns.has(name))];
    extended.set(task, columns);
  }
  return columns;
}

/** A traceback is cut to its end, which says most. Whatever else is too long is refused. */
function fitting(row: TaskRow, task: Table): TaskRow {
  let { values } = row;
  for (const [name, value] of Object.entries(values)) {
    const limit = task.limits.get(name);
    if (limit === undefined || value === null || typeof value === 'number' || typeof value === 'bigint') continue;
    if (name === 'traceback' && typeof value === 'string') {
      const bytes = Buffer.from(value, 'utf8');
      if (bytes.length <= limit) continue;
      const end = bytes
        .subarray(bytes.length - limit + 16)
        .toString('utf8')
        .replace(/^\uFFFD+/, '');
      values = { ...values, traceback: `...\n${end}` };
    } else fits('The result', row.taskId, name, value, task);
  }
  return values === row.values ? row : { ...row, values };
}

function fits(what: string, id: string, column: string, value: string | Uint8Array, table: Table): void {
  const limit = table.limits.get(column);
  if (limit === undefined || value.length <= limit) return;
  const isText = typeof value === 'string';
  const length = isText ? [...value].length : value.length;
  if (length <= limit) return;
  const wider = table.dialect === 'mysql' ? `MODIFY ${column} LONGBLOB` : `ALTER COLUMN ${column} TYPE TEXT`;
  const remedy =
    isText && table.dialect === 'mysql' ? `MODIFY ${column} VARCHAR(${2 ** Math.ceil(Math.log2(length))})` : wider;
  throw new BackendError(
    `${what} ${id} has ${length} ${isText ? 'characters' : 'bytes'} for the column ${table.sql}.${column}, which holds ${limit}. ` +
      `Make it wider (ALTER TABLE ${table.sql} ${remedy}), or ${isText ? 'make it shorter' : 'return less and keep the rest elsewhere'}`,
  );
}
