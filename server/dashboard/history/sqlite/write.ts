// The one writer of the history file: batches of records, ends of tries, gauges, operations, and what is too old.
// Not here: the thread it runs in (thread.ts), what waits to be written (write-behind.ts), the file that may vanish (file.ts),
// reading (read.ts).
// Holds: one batch is one transaction, and a batch that failed has left no trace, in memory neither: it can be written again; a field
// once known is not lost by a later record that does not know it; an older record is not weakened by a newer one that has seen less.
import type { EmbeddedDb, SqlValue } from '../../../embedded-db.ts';
import { type Heard, type Limits, type OperationOutcome, type OperationRow, OTHER } from '../contract.ts';
import { failureOf } from '../exception.ts';
import { addLink } from './audit-chain.ts';
import { HistoryFile, type Reopened } from './file.ts';
import { FINISH_WIDTH, type Flat, TRY_WIDTH, type WireBatch } from './flat.ts';
import { KnownNames } from './known-names.ts';
import { expire, shrink } from './retention.ts';
import { type FinishState, Rollup } from './rollup.ts';
import { CHANGING_COLUMNS, claimForCluster, prepareSchema, TASK_COLUMNS } from './schema.ts';
import { encodeText } from './text.ts';

const marks = (n: number): string => Array(n).fill('?').join(',');
const WHOLE = TASK_COLUMNS.length;
const CHANGED = CHANGING_COLUMNS.length + 1;
const UPDATED_COLUMNS = TASK_COLUMNS.filter((c) => c !== 'uuid' && c !== 'state' && c !== 'first_seen');
const UPSERT = `INSERT INTO tasks (${TASK_COLUMNS.join(',')}) VALUES (${marks(WHOLE)}) ON CONFLICT (uuid) DO UPDATE SET
  state = excluded.state, first_seen = min(first_seen, excluded.first_seen), ${UPDATED_COLUMNS.map((c) => `${c} = COALESCE(excluded.${c}, ${c})`).join(', ')}`;
/** The same for a task whose beginning was not seen: a final state on disk stays, unless the task is being retried. */
const UPSERT_PARTIAL = UPSERT.replace(
  'state = excluded.state',
  `state = CASE WHEN tasks.state IN ('SUCCESS','FAILURE','REVOKED') AND excluded.state IN ('PENDING','RECEIVED','STARTED') THEN tasks.state ELSE excluded.state END`,
);
const LONG = new Set(['result', 'exception', 'traceback']);
const UPDATE = `UPDATE tasks SET ${CHANGING_COLUMNS.map((c) => (LONG.has(c) ? `${c} = COALESCE(?, ${c})` : `${c} = ?`)).join(', ')} WHERE uuid = ?`;
const TRY = `INSERT OR REPLACE INTO tries (uuid, number, state, worker, received, started, ended, exception, traceback) VALUES (${marks(TRY_WIDTH)})`;
const FAILURE = `INSERT INTO failures (task, exception, hour, count, first, last, message, example) VALUES (?,?,?,1,?,?,?,?)
  ON CONFLICT (task, exception, hour) DO UPDATE SET count = count + 1, last = max(last, excluded.last), message = excluded.message, example = excluded.example`;

/** Groups of failures kept apart at a time. */
const MAX_GROUPS = 5000;
/** A name is noted again after so long, so that it can be forgotten when no task has it any more. @unit seconds */
const NOTE_NAMES_EVERY = 3600;
/** Names remembered as noted. */
const MAX_NOTED = 50_000;

export interface WriterOptions {
  /** Whose history this is: addresses of the broker, without credentials. null: it is not asked. */
  readonly cluster?: readonly string[] | null;
  /** The same as the first files have it (cluster/identity.ts). */
  readonly formerly?: readonly string[];
  /** Take a file over that was another cluster's. */
  readonly adopt?: boolean;
}

export interface Written {
  /** Tasks that were to be updated and have no row: they must be written whole. */
  missing: string[];
}

export class HistoryWriter {
  readonly #file: HistoryFile;
  #db: EmbeddedDb;
  #rollup: Rollup;
  readonly #noted = new Map<string, number>();
  readonly #groups = new KnownNames(MAX_GROUPS);
  /** The last batch was written: the one sent after it may be, too. */
  #isInOrder = false;

  constructor(path: string, options: WriterOptions = {}) {
    this.#file = new HistoryFile(path, (db) => {
      db.exec('PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864');
      prepareSchema(db);
      const { cluster, formerly = [], adopt = false } = options;
      if (cluster) claimForCluster(db, cluster, formerly, adopt);
    });
    this.#db = this.#file.db;
    this.#rollup = new Rollup(this.#db);
  }

  /**
   * @param isFirst nothing was sent before it that was not answered; another one is written only after one that was
   * @throws FileGone when the path does not lead to the file that is open
   */
  write(batch: WireBatch, now: number, isFirst = true): Written {
    if (!isFirst && !this.#isInOrder) throw new Error('The batch before this one was not written');
    this.#isInOrder = false;
    this.#file.check();
    const missing: string[] = [];
    const noted: string[] = [];
    try {
      this.#db.transaction(() => this.#apply(batch, now, missing, noted));
    } catch (error) {
      this.#rollup.discard();
      for (const key of noted) this.#noted.delete(key);
      throw error;
    }
    this.#rollup.committed(now);
    this.#isInOrder = true;
    return { missing };
  }

  /** The path leads elsewhere, or what is there cannot be used: open it anew, or make it. Nobody else may have it open. */
  reopen(isDamaged: boolean): Reopened {
    const what = this.#file.reopen(isDamaged);
    this.#db = this.#file.db;
    this.#rollup = new Rollup(this.#db);
    this.#noted.clear();
    return what;
  }

  #apply(batch: WireBatch, now: number, missing: string[], noted: string[]): void {
    const learn = (field: string, value: string | number | null | undefined) => this.#learn(field, value, now, noted);
    const partial = batch.partial.length > 0 ? new Set(batch.partial) : null;
    for (let i = 0; i < batch.whole.length; i += WHOLE) {
      const row = batch.whole.slice(i, i + WHOLE);
      this.#run(partial?.has(row[0] as string) ? UPSERT_PARTIAL : UPSERT, row);
      learn('name', row[1]);
      learn('state', row[2]);
      learn('worker', row[3]);
      learn('queue', row[4]);
    }
    for (let i = 0; i < batch.changed.length; i += CHANGED) {
      const row = batch.changed.slice(i, i + CHANGED);
      if (this.#run(UPDATE, row) === 0) missing.push(row.at(-1) as string);
      learn('state', row[0]);
      learn('worker', row[1]);
    }
    for (let i = 0; i < batch.tries.length; i += TRY_WIDTH) this.#run(TRY, batch.tries.slice(i, i + TRY_WIDTH));
    for (let i = 0; i < batch.finishes.length; i += FINISH_WIDTH) this.#finish(batch.finishes, i);
    for (let i = 0; i < batch.workers.length; i += 3)
      this.#run(
        'INSERT OR REPLACE INTO workers (hostname, record, last_heard) VALUES (?,?,?)',
        batch.workers.slice(i, i + 3),
      );
    for (const hostname of batch.gone) {
      this.#run('DELETE FROM workers WHERE hostname = ?', [hostname]);
      this.#run('DELETE FROM heard WHERE hostname = ?', [hostname]);
    }
    for (let i = 0; i < batch.gauges.length; i += 3)
      this.#run('INSERT OR REPLACE INTO gauges (name, bucket, value) VALUES (?,?,?)', batch.gauges.slice(i, i + 3));
    if (batch.heard) this.#recordHeard(batch.heard);
    this.#rollup.flush();
  }

  #recordHeard({ at, rate, knewAll, workers }: Heard): void {
    this.#run("INSERT OR REPLACE INTO meta (key, value) VALUES ('heard', ?)", [JSON.stringify({ at, rate, knewAll })]);
    for (const w of workers)
      if (w.left) this.#run('DELETE FROM heard WHERE hostname = ?', [w.hostname]);
      else
        this.#run('INSERT OR REPLACE INTO heard (hostname, pid, begun, events_disabled) VALUES (?,?,?,?)', [
          w.hostname,
          w.pid,
          w.begun,
          w.eventsDisabled ? 1 : 0,
        ]);
  }

  /** @returns rows changed */
  #run(sql: string, params: readonly (SqlValue | undefined)[]): number {
    return this.#db.run(sql, ...params.map((v) => (typeof v === 'string' ? encodeText(v) : v))).changes;
  }

  operation(row: OperationRow): number {
    this.#file.check();
    return this.#db.transaction(() => {
      const { lastInsertRowid: id } = this.#db.run(
        `INSERT INTO operations (at, who, address, token, action, subject, task_name, request, outcome, summary, answers, new_ids)
         VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`,
        ...[
          row.at,
          row.who,
          row.address,
          row.token,
          row.action,
          row.subject,
          row.task_name,
          row.request,
          row.outcome,
          row.summary,
          row.answers,
          row.new_ids,
        ].map((v) => (typeof v === 'string' ? encodeText(v) : v)),
      );
      addLink(this.#db, id);
      return id;
    });
  }

  finishOperation(id: number, row: OperationOutcome): void {
    this.#db.transaction(() => {
      this.#run('UPDATE operations SET outcome = ?, summary = ?, answers = ?, new_ids = ? WHERE id = ?', [
        row.outcome,
        row.summary,
        row.answers,
        row.new_ids,
        id,
      ]);
      addLink(this.#db, id);
    });
  }

  effect(operation: number, effect: string): void {
    this.#db.run('INSERT OR REPLACE INTO effects (operation, effect) VALUES (?,?)', operation, effect);
  }

  expire(limits: Limits, now: number): number {
    return expire(this.#db, limits, now);
  }

  shrink(): number {
    return shrink(this.#db);
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
        encodeText(uuid),
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
      const { cls, message } = failureOf(flat[i + 8] as string | null);
      const isKept = this.#groups.has(`${task}\n${cls}`, at);
      const group = isKept ? [task ?? '', cls] : [OTHER, OTHER];
      this.#run(FAILURE, [...group, Math.floor(at / 3600) * 3600, at, at, message, uuid]);
    }
  }

  #learn(field: string, value: string | number | null | undefined, now: number, noted: string[]): void {
    if (typeof value !== 'string') return;
    const key = `${field}\n${value}`;
    const last = this.#noted.get(key);
    if (last !== undefined && now < last + NOTE_NAMES_EVERY) return;
    if (this.#noted.size >= MAX_NOTED) this.#noted.clear();
    this.#noted.set(key, now);
    noted.push(key);
    this.#run('INSERT INTO dict (field, value, last) VALUES (?,?,?) ON CONFLICT DO UPDATE SET last = excluded.last', [
      field,
      value,
      now,
    ]);
  }
}
