// The one writer of the history file: batches of records, ends of tries, gauges, operations, and what is too old.
// Not here: the thread it runs in (thread.ts), who sends it batches (sqlite.ts), reading (read.ts).
// Holds: one batch is one transaction; a field once known is not lost by a later record that does not know it; an older record is
// not weakened by a newer one that has seen less.
import { EmbeddedDb } from '../../embedded-db.ts';
import { splitException } from './exception.ts';
import { expire, type Limits } from './retention.ts';
import { type FinishState, Rollup } from './rollup.ts';
import { FINISH_WIDTH, type Flat, TRY_WIDTH, type WireBatch } from './rows.ts';
import { CHANGING_COLUMNS, prepareSchema, TASK_COLUMNS } from './schema.ts';

const marks = (n: number): string => Array(n).fill('?').join(',');
const WHOLE = TASK_COLUMNS.length;
const CHANGED = CHANGING_COLUMNS.length + 1;
const KEPT = TASK_COLUMNS.filter((c) => c !== 'uuid' && c !== 'state' && c !== 'first_seen');
const UPSERT = `INSERT INTO tasks (${TASK_COLUMNS.join(',')}) VALUES (${marks(WHOLE)}) ON CONFLICT (uuid) DO UPDATE SET
  state = excluded.state, first_seen = min(first_seen, excluded.first_seen), ${KEPT.map((c) => `${c} = COALESCE(excluded.${c}, ${c})`).join(', ')}`;
/** The same for a task whose beginning was not seen: a final state on disk stays, unless the task is being retried. */
const UPSERT_PARTIAL = UPSERT.replace(
  'state = excluded.state',
  `state = CASE WHEN tasks.state IN ('SUCCESS','FAILURE','REVOKED') AND excluded.state IN ('PENDING','RECEIVED','STARTED') THEN tasks.state ELSE excluded.state END`,
);
const UPDATE = `UPDATE tasks SET ${CHANGING_COLUMNS.map((c) => `${c} = ?`).join(', ')} WHERE uuid = ?`;
const TRY = `INSERT OR REPLACE INTO tries (uuid, number, state, worker, received, started, ended, exception, traceback) VALUES (${marks(TRY_WIDTH)})`;
const FAILURE = `INSERT INTO failures (task, exception, hour, count, first, last, message, example) VALUES (?,?,?,1,?,?,?,?)
  ON CONFLICT (task, exception, hour) DO UPDATE SET count = count + 1, last = max(last, excluded.last), message = excluded.message, example = excluded.example`;

export interface OperationRow {
  at: number;
  who: string;
  action: string;
  subject: string;
  request: string;
  outcome: string;
  summary: string;
  answers: string;
  new_ids: string | null;
}

export class HistoryWriter {
  readonly #db: EmbeddedDb;
  readonly #rollup: Rollup;
  readonly #known = new Set<string>();

  constructor(path: string) {
    this.#db = new EmbeddedDb(path, { busyTimeoutMs: 10_000 });
    this.#db.exec('PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864');
    prepareSchema(this.#db);
    this.#rollup = new Rollup(this.#db);
    for (const { field, value } of this.#db.all<{ field: string; value: string }>('SELECT field, value FROM dict'))
      this.#known.add(`${field}\n${value}`);
  }

  write(batch: WireBatch, now: number): void {
    const db = this.#db;
    db.transaction(() => {
      const partial = batch.partial.length > 0 ? new Set(batch.partial) : null;
      for (let i = 0; i < batch.whole.length; i += WHOLE) {
        const row = batch.whole.slice(i, i + WHOLE);
        db.run(partial?.has(row[0] as string) ? UPSERT_PARTIAL : UPSERT, ...row);
        this.#learn('name', row[1]);
        this.#learn('state', row[2]);
        this.#learn('worker', row[3]);
        this.#learn('queue', row[4]);
      }
      for (let i = 0; i < batch.changed.length; i += CHANGED) {
        const row = batch.changed.slice(i, i + CHANGED);
        db.run(UPDATE, ...row);
        this.#learn('state', row[0]);
        this.#learn('worker', row[1]);
      }
      for (let i = 0; i < batch.tries.length; i += TRY_WIDTH) db.run(TRY, ...batch.tries.slice(i, i + TRY_WIDTH));
      for (let i = 0; i < batch.finishes.length; i += FINISH_WIDTH) this.#finish(batch.finishes, i);
      for (let i = 0; i < batch.workers.length; i += 3)
        db.run(
          'INSERT OR REPLACE INTO workers (hostname, record, last_heard) VALUES (?,?,?)',
          ...batch.workers.slice(i, i + 3),
        );
      for (const hostname of batch.gone) db.run('DELETE FROM workers WHERE hostname = ?', hostname);
      this.#rollup.flush(now);
    });
  }

  gauges(values: Record<string, number>, bucket: number): void {
    this.#db.transaction(() => {
      for (const name in values)
        this.#db.run('INSERT OR REPLACE INTO gauges (name, bucket, value) VALUES (?,?,?)', name, bucket, values[name]);
    });
  }

  operation(row: OperationRow): number {
    return this.#db.run(
      'INSERT INTO operations (at, who, action, subject, request, outcome, summary, answers, new_ids) VALUES (?,?,?,?,?,?,?,?,?)',
      row.at,
      row.who,
      row.action,
      row.subject,
      row.request,
      row.outcome,
      row.summary,
      row.answers,
      row.new_ids,
    ).lastInsertRowid;
  }

  finishOperation(id: number, row: Pick<OperationRow, 'outcome' | 'summary' | 'answers' | 'new_ids'>): void {
    this.#db.run(
      'UPDATE operations SET outcome = ?, summary = ?, answers = ?, new_ids = ? WHERE id = ?',
      row.outcome,
      row.summary,
      row.answers,
      row.new_ids,
      id,
    );
  }

  expire(limits: Limits, now: number): number {
    return expire(this.#db, limits, now);
  }

  close(): void {
    this.#db.close();
  }

  #finish(flat: Flat, i: number): void {
    const uuid = flat[i] as string;
    let task = flat[i + 3] as string | null;
    let queue = flat[i + 4] as string | null;
    if (task === null || queue === null) {
      // The task's beginning is no longer in memory, or its task-received told no queue.
      const row = this.#db.get<{ name: string | null; queue: string | null }>(
        'SELECT name, queue FROM tasks WHERE uuid = ?',
        uuid,
      );
      task ??= row?.name ?? null;
      queue ??= row?.queue ?? null;
    }
    const state = flat[i + 1] as FinishState;
    const at = flat[i + 2] as number;
    this.#rollup.add({
      state,
      at,
      task: task ?? '',
      queue: queue ?? '',
      worker: (flat[i + 5] as string | null) ?? '',
      runtime: flat[i + 6] as number | null,
      wait: flat[i + 7] as number | null,
    });
    if (state === 'FAILURE') {
      const { cls, message } = splitException(flat[i + 8] as string | null);
      this.#db.run(FAILURE, task ?? '', cls, Math.floor(at / 3600) * 3600, at, at, message, uuid);
    }
  }

  #learn(field: string, value: string | number | null | undefined): void {
    if (typeof value !== 'string') return;
    const key = `${field}\n${value}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#db.run('INSERT OR IGNORE INTO dict (field, value) VALUES (?,?)', field, value);
  }
}
