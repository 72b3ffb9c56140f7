// Results in the tables of django-celery-results 2: `django-db` with `database_url`, or `django-db+postgresql://user@host/name`.
// Rows: rows.ts. Tables: tables.ts. Chords: chords.ts. Databases: ../sql/.
// Holds: a SUCCESS is never overwritten; what is stored in one turn goes in one statement; a server that is away is waited for.
// As there: retries and queue are not kept; records go when `cleanup` runs, by the time they were last written.
// django-celery-results 2.x: backends/database.py, managers.py
import { toError } from '../../errors.ts';
import type { ResultMeta } from '../../protocol/result-meta.ts';
import { createTimer } from '../../timer.ts';
import type {
  BackendContext,
  ChordClaimed,
  ChordPart,
  ChordPlan,
  ChordReady,
  CountingBackend,
  OpenChord,
} from '../contract.ts';
import { openDatabase } from '../database/address.ts';
import { databaseOptions } from '../database/settings.ts';
import { selectMany, upsert } from '../database/statements.ts';
import { DJANGO } from '../flags.ts';
import { PolledResults } from '../polled.ts';
import { PATIENCE, retrying } from '../retrying.ts';
import { checkId, isPossibleId, isTemporary, SqlAccess, writeTexts } from '../sql/access.ts';
import type { SqlDriver, SqlQueries } from '../sql/driver.ts';
import { cannotStore, storeClosed } from '../store-errors.ts';
import { lastOfEach, StoreQueue } from '../store-queue.ts';
import type { ResultListener } from '../waiters.ts';
import { DjangoChords, groupUpsert, groupValues } from './chords.ts';
import { COLUMNS, type DjangoRow, decodedText, djangoMeta, djangoRow, djangoTime, encodedText } from './rows.ts';
import { checkTables, GROUPS, TASKS } from './tables.ts';

const ROWS_PER_STATEMENT = 500;
const IDS_PER_QUERY = 500;

export async function createDjangoBackend(context: BackendContext): Promise<CountingBackend> {
  const driver = await openDatabase(context, databaseOptions(context.settings), /^django-db(\+|$|:\/\/$)/i);
  const backend = new DjangoBackend(context, driver);
  await backend.prepare();
  return retrying(backend, PATIENCE, createTimer()) as CountingBackend;
}

class DjangoBackend implements CountingBackend {
  readonly driver = 'django';
  readonly flags = DJANGO;
  readonly enabled = true;
  readonly #context: BackendContext;
  readonly #access: SqlAccess;
  readonly #chords: DjangoChords;
  readonly #polled: PolledResults;
  readonly #queue: StoreQueue<DjangoRow>;

  constructor(context: BackendContext, driver: SqlDriver) {
    this.#context = context;
    this.#access = new SqlAccess(driver, context.log);
    this.#chords = new DjangoChords(driver, context);
    this.#polled = new PolledResults({
      polling: context.options.polling_interval,
      getMany: (ids) => this.getMany(ids),
    });
    this.#queue = new StoreQueue((rows) => this.#write(rows), isTemporary, ROWS_PER_STATEMENT);
  }

  /** A server that is away is for the first use to tell of. */
  async prepare(): Promise<void> {
    try {
      await checkTables(this.#access.driver);
    } catch (error) {
      if (this.#access.driver.isTemporary(toError(error))) return;
      await this.#access.driver.close();
      throw error;
    }
  }

  async store(meta: ResultMeta): Promise<void> {
    this.#access.checkOpen();
    checkId(meta.task_id);
    const row = djangoRow(meta, this.#context, this.#access.driver.dialect);
    try {
      await this.#queue.push(row);
    } catch (error) {
      throw cannotStore(meta, error);
    }
    this.#polled.stored(djangoMeta(row.values, this.#context));
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    return (await this.getMany([taskId])).get(taskId) ?? null;
  }

  async getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>> {
    this.#access.checkOpen();
    const found = new Map<string, ResultMeta>();
    const possible = taskIds.filter(isPossibleId);
    for (let i = 0; i < possible.length; i += IDS_PER_QUERY) {
      const ids = possible.slice(i, i + IDS_PER_QUERY);
      const { rows } = await this.#ask((sql) => sql.query(selectMany(TASKS, COLUMNS, 'task_id', ids.length), ids));
      for (const row of rows) found.set(String(row.task_id), djangoMeta(row, this.#context));
    }
    return found;
  }

  async wait(taskId: string, signal: AbortSignal): Promise<ResultMeta> {
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
    await this.#ask((sql) => sql.query(`DELETE FROM ${TASKS} WHERE "task_id" = ?`, [taskId]));
  }

  async saveGroup(groupId: string, result: unknown): Promise<void> {
    checkId(groupId);
    const { contentType, contentEncoding, text } = encodedText(result, this.#context);
    const { driver } = this.#access;
    const values = groupValues(groupId, contentType, contentEncoding, text, this.#context.now(), driver);
    await this.#ask((sql) => sql.query(groupUpsert(driver.dialect), values));
  }

  async restoreGroup(groupId: string): Promise<unknown | null> {
    if (!isPossibleId(groupId)) return null;
    const columns = ['result', 'content_type', 'content_encoding'];
    const { rows } = await this.#ask((sql) => sql.query(selectMany(GROUPS, columns, 'group_id', 1), [groupId]));
    const row = rows[0];
    return row ? decodedText(row.result, row.content_type, row.content_encoding, this.#context) : null;
  }

  async forgetGroup(groupId: string): Promise<void> {
    await this.#ask((sql) => sql.query(`DELETE FROM ${GROUPS} WHERE "group_id" = ?`, [groupId]));
  }

  startChord(groupId: string, size: number, plan?: ChordPlan): Promise<void> {
    return this.#ask(() => this.#chords.start(groupId, size, plan));
  }
  growChord(groupId: string, by: number): Promise<void> {
    return this.#ask(() => this.#chords.grow(groupId, by));
  }
  completeChordPart(part: ChordPart): Promise<ChordReady | ChordClaimed | null> {
    return this.#ask(() => this.#chords.complete(part));
  }
  forgetChord(groupId: string): Promise<void> {
    return this.#ask(() => this.#chords.forget(groupId));
  }
  openChords(limit: number): Promise<readonly OpenChord[]> {
    return this.#ask(() => this.#chords.open(limit));
  }
  hasOpenChords(): Promise<boolean> {
    return this.#ask(() => this.#chords.hasOpen());
  }
  countedParts(groupId: string): Promise<ReadonlySet<string> | null> {
    return this.#ask(() => this.#chords.counted(groupId));
  }

  async cleanup(): Promise<number> {
    const { expiresMs, now } = this.#context;
    if (expiresMs === null) return 0;
    const before = djangoTime(now() - expiresMs, this.#access.driver.dialect);
    return this.#ask(async (sql) => {
      let count = 0;
      for (const table of [TASKS, GROUPS])
        count += (await sql.query(`DELETE FROM ${table} WHERE "date_done" < ?`, [before])).changes;
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

  async #write(rows: readonly DjangoRow[]): Promise<void> {
    const { driver } = this.#access;
    const last = lastOfEach(rows);
    const created = djangoTime(this.#context.now(), driver.dialect);
    const table = { dialect: driver.dialect, table: TASKS, columns: [...COLUMNS, 'date_created'], key: 'task_id' };
    const written = COLUMNS.filter((name) => name !== 'task_id');
    await this.#access.use(() =>
      writeTexts(driver, last, (some) =>
        driver.query(
          upsert({ ...table, written, rows: some.length, keepsSuccess: true }),
          some.flatMap(({ values }) => [...COLUMNS.map((name) => values[name] ?? null), created]),
        ),
      ),
    );
  }

  async #ask<T>(work: (sql: SqlQueries) => Promise<T>): Promise<T> {
    this.#access.checkOpen();
    return this.#access.use(() => work(this.#access.driver));
  }
}
