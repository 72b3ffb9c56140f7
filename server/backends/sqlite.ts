// Results in one SQLite file shared by every process of the machine: `sqlite:///results.db`. It may be the broker's file, too.
// The tables: sqlite-tables.ts. A file deleted under us: sqlite-file.ts. Waking other processes: sqlite-wake.ts.
// Holds: what is stored in one turn of the event loop goes in one transaction, and `store` resolves after its commit; ids of rows only
// grow, so that "what is new" is one range; a SUCCESS is never overwritten; chord parts are counted in a write transaction.
// Where this differs from Celery's database store: own tables, encoded bytes instead of pickles, chords counted by the store.

import { resolve } from 'node:path';
import type { EmbeddedDb, SqlValue } from '../embedded-db.ts';
import { BackendError, ImproperlyConfigured, toError } from '../errors.ts';
import { JournalLost } from '../journal.ts';
import { type ResultMeta, readResultMeta } from '../protocol/result-meta.ts';
import { createTimer } from '../timer.ts';
import { parseUrl, safeUrl } from '../transport/url.ts';
import { CHECK_AFTER_MS, CLAIM_MS, chordOutcome, encodedPlan, nextCheckMs } from './chord.ts';
import type {
  BackendContext,
  ChordClaimed,
  ChordPart,
  ChordPlan,
  ChordReady,
  CountingBackend,
  OpenChord,
} from './contract.ts';
import { SQLITE } from './flags.ts';
import { PATIENCE, retrying } from './retrying.ts';
import { isTemporary, ResultFile } from './sqlite-file.ts';
import { SQL } from './sqlite-tables.ts';
import { Wake } from './sqlite-wake.ts';
import { cannotStore, storeClosed } from './store-errors.ts';
import { type ResultListener, ResultListeners, waitFor, watchAll } from './waiters.ts';

interface EncodedRow {
  readonly content_type: string;
  readonly content_encoding: string;
  readonly body: Uint8Array;
  readonly expires_at: number | null;
}
interface PendingStore {
  readonly meta: ResultMeta;
  readonly params: SqlValue[];
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

/** Expired records are also deleted without anybody calling `cleanup`. @unit milliseconds */
const CLEANUP_EVERY_MS = 3_600_000;
const FIRST_CLEANUP_MS = 60_000;
const CLEANUP_SLICE = 10_000;
const IDS_PER_QUERY = 200;

export function createSqliteBackend(context: BackendContext): CountingBackend {
  return retrying(new SqliteBackend(context), PATIENCE, createTimer()) as CountingBackend;
}

class SqliteBackend implements CountingBackend {
  readonly driver = 'sqlite';
  readonly flags = SQLITE;
  readonly enabled = true;
  readonly #context: BackendContext;
  readonly #file: ResultFile;
  readonly #wake: Wake;
  readonly #listeners = new ResultListeners();
  #unwatch: (() => void) | null = null;
  /** What was to be written last was refused. */
  #away = false;
  /** Rows up to here were told to the listeners. */
  #seen = 0;
  #pending: PendingStore[] = [];
  #nextCleanupMs: number;

  constructor(context: BackendContext) {
    this.#context = context;
    const path = filePath(context.url);
    try {
      const { synchronous } = context.options;
      const given = synchronous === 'FULL' || synchronous === 'OFF' ? ({ synchronous } as const) : {};
      this.#file = new ResultFile(path, given, (what) => this.#moved(what));
    } catch (error) {
      throw new BackendError(`Cannot open the result store ${path}: ${toError(error).message}`, { cause: error });
    }
    const { polling_interval: polling } = context.options;
    this.#wake = new Wake(
      `${path}-results-wake`,
      typeof polling === 'number' && polling > 0 ? { fallbackMs: polling * 1000 } : {},
    );
    this.#nextCleanupMs = context.now() + FIRST_CLEANUP_MS;
  }

  store(meta: ResultMeta): Promise<void> {
    return new Promise((done, failed) => {
      this.#checkOpen();
      const { body, contentType, contentEncoding } = this.#context.encode(meta);
      const id = meta.task_id;
      const params = [id, meta.status, this.#expiry(), contentType, contentEncoding, body, id];
      if (this.#pending.push({ meta, params, done, failed }) === 1) setImmediate(() => this.#flush());
    });
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    if (this.#file.opening) await this.#file.opening;
    this.#flush();
    const row = this.#ask(() => this.#opened().get<EncodedRow>(SQL.get, taskId));
    return row && !this.#expired(row) ? this.#decode(taskId, row) : null;
  }

  async getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>> {
    if (this.#file.opening) await this.#file.opening;
    this.#flush();
    const found = new Map<string, ResultMeta>();
    for (let i = 0; i < taskIds.length; i += IDS_PER_QUERY) {
      const ids = JSON.stringify(taskIds.slice(i, i + IDS_PER_QUERY));
      for (const row of this.#ask(() => this.#opened().all<EncodedRow & { task_id: string }>(SQL.getMany, ids))) {
        if (!this.#expired(row)) found.set(row.task_id, this.#decode(row.task_id, row));
      }
    }
    return found;
  }

  wait(taskId: string, signal: AbortSignal): Promise<ResultMeta> {
    return waitFor(this, taskId, signal);
  }

  watch(taskIds: readonly string[], signal: AbortSignal): AsyncIterable<ResultMeta> {
    return watchAll(this, taskIds, signal);
  }

  subscribe(taskId: string, listener: ResultListener, onError?: (error: Error) => void): () => void {
    this.#opened();
    if (!this.#unwatch) {
      this.#seen = Number(this.#opened().get<{ id: number | null }>(SQL.lastId)?.id ?? 0);
      this.#unwatch = this.#wake.watch(() => this.#notify());
    }
    const remove = this.#listeners.add(taskId, listener, onError);
    return () => {
      remove();
      if (this.#listeners.size > 0) return;
      this.#unwatch?.();
      this.#unwatch = null;
    };
  }

  async forget(taskId: string): Promise<void> {
    this.#flush();
    this.#write((db) => db.run(SQL.forget, taskId));
  }

  async saveGroup(groupId: string, result: unknown): Promise<void> {
    const { body, contentType, contentEncoding } = this.#context.encode({ result });
    this.#write((db) => db.run(SQL.saveGroup, groupId, this.#expiry(), contentType, contentEncoding, body));
  }

  async restoreGroup(groupId: string): Promise<unknown | null> {
    const row = this.#ask(() => this.#opened().get<EncodedRow>(SQL.getGroup, groupId));
    return row && !this.#expired(row) ? ((this.#value(row) as { result?: unknown }).result ?? null) : null;
  }

  async forgetGroup(groupId: string): Promise<void> {
    this.#write((db) => {
      db.run(SQL.forgetGroup, groupId);
      db.run(SQL.forgetChord, groupId);
      db.run(SQL.forgetParts, groupId);
      db.run(SQL.forgetPlan, groupId);
    });
  }

  async startChord(groupId: string, size: number, plan?: ChordPlan): Promise<void> {
    const encoded = encodedPlan(this.#context, plan);
    const now = Math.ceil(this.#context.now());
    this.#write((db) => {
      db.run(SQL.startChord, groupId, size, this.#expiry(), groupId);
      if (!encoded) return;
      const { body, contentType, contentEncoding } = encoded;
      const check = now + CHECK_AFTER_MS;
      db.run(SQL.addPlan, groupId, now, check, this.#expiry(), contentType, contentEncoding, body);
    });
  }

  async growChord(groupId: string, by: number): Promise<void> {
    this.#write((db) => {
      db.run(SQL.growChord, by, groupId);
      db.run(SQL.forgetPlan, groupId);
    });
  }

  async openChords(limit: number): Promise<readonly OpenChord[]> {
    const now = Math.ceil(this.#context.now());
    // Most looks find nothing, and need no lock.
    if (!this.#ask(() => this.#opened().get(SQL.hasDuePlan, now))) return [];
    const due = this.#write((db) => {
      const plans = db.all<EncodedRow & { group_id: string; started_at: number }>(SQL.duePlans, now, limit);
      for (const { group_id, started_at } of plans) {
        db.run(SQL.postponePlan, now + Math.ceil(nextCheckMs(now - started_at)), group_id);
      }
      return plans;
    });
    return due.map((row) => ({ groupId: row.group_id, plan: this.#value(row) as ChordPlan }));
  }

  async hasOpenChords(): Promise<boolean> {
    return this.#ask(() => this.#opened().get(SQL.hasPlan)) !== undefined;
  }

  async countedParts(groupId: string): Promise<ReadonlySet<string> | null> {
    return this.#ask(() => {
      const chord = this.#opened().get<{ done: number }>(SQL.getChord, groupId);
      if (!chord || chord.done) return null;
      return new Set(
        this.#opened()
          .all<{ task_id: string }>(SQL.partIds, groupId)
          .map((part) => part.task_id),
      );
    });
  }

  async completeChordPart(part: ChordPart): Promise<ChordReady | ChordClaimed | null> {
    const { body, contentType, contentEncoding } = this.#context.encode({ result: part.result });
    const ready = this.#write((db) => {
      const chord = db.get<{ size: number; count: number; done: number }>(SQL.getChord, part.groupId);
      if (chord?.done) return null;
      const { groupId, taskId, index, state } = part;
      const expiry = this.#expiry();
      const repeated = db.get(SQL.hasPart, groupId, taskId) !== undefined;
      db.run(SQL.addPart, groupId, taskId, index, state, expiry, contentType, contentEncoding, body);
      if (!chord) return null;
      if (!repeated) db.run(SQL.countPart, groupId);
      if (chord.count + (repeated ? 0 : 1) < chord.size) return null;
      const now = Math.ceil(this.#context.now());
      const claim = db.get<{ task_id: string }>(SQL.getClaim, groupId, now);
      if (claim && claim.task_id !== taskId) return { claimedBy: claim.task_id };
      db.run(SQL.claim, groupId, taskId, now + CLAIM_MS);
      const rows = db.all<EncodedRow & { task_id: string; idx: number | null; state: string }>(SQL.parts, groupId);
      return { rows, repeated };
    });
    if (!ready) return null;
    if (ready.claimedBy !== undefined) return { claimedBy: ready.claimedBy };
    const outcome = chordOutcome(
      ready.rows.map((row) => ({
        index: row.idx,
        taskId: row.task_id,
        state: row.state,
        result: (this.#value(row) as { result?: unknown }).result ?? null,
      })),
      await this.restoreGroup(part.groupId),
    );
    return { ...outcome, repeated: ready.repeated };
  }

  async forgetChord(groupId: string): Promise<void> {
    this.#write((db) => {
      db.run(SQL.finishChord, groupId);
      db.run(SQL.forgetClaim, groupId);
      db.run(SQL.forgetParts, groupId);
      db.run(SQL.forgetPlan, groupId);
    });
  }

  /** In slices, so that others get their turn. */
  async cleanup(): Promise<number> {
    const now = this.#context.now();
    const last = Number(this.#ask(() => this.#opened().get<{ id: number | null }>(SQL.lastId))?.id ?? 0);
    const first = Number(this.#ask(() => this.#opened().get<{ id: number | null }>(SQL.firstId))?.id ?? 0);
    let count = 0;
    for (let from = first - 1; from < last && this.#file.isOpen; from += CLEANUP_SLICE) {
      count += this.#ask(() => this.#opened().run(SQL.expireSlice, from, from + CLEANUP_SLICE, now)).changes;
      await new Promise((next) => setImmediate(next));
    }
    if (!this.#file.isOpen) return count;
    count += this.#ask(() => this.#opened().run(SQL.expireGroups, now)).changes;
    this.#ask(() => this.#opened().run(SQL.expireParts, now));
    this.#ask(() => this.#opened().run(SQL.expireClaims, now));
    this.#ask(() => this.#opened().run(SQL.expireChords, now));
    this.#ask(() => this.#opened().run(SQL.expirePlans, now));
    return count;
  }

  async close(): Promise<void> {
    if (this.#file.opening) await this.#file.opening;
    if (!this.#file.isOpen) return;
    this.#flush();
    this.#unwatch?.();
    this.#unwatch = null;
    this.#listeners.fail(storeClosed());
    this.#file.close();
    this.#wake.close();
  }

  /** Commit everything stored since the last turn. */
  #flush(): void {
    const batch = this.#pending;
    if (batch.length === 0) return;
    const { opening } = this.#file;
    if (opening) {
      void opening.then(() => this.#flush());
      return;
    }
    this.#pending = [];
    this.#commit(batch);
    this.#wake.notify();
    this.#notify();
    const now = this.#context.now();
    if (now < this.#nextCleanupMs || this.#context.expiresMs === null) return;
    this.#nextCleanupMs = now + CLEANUP_EVERY_MS;
    // A failure shows at the next store, which has somebody to tell.
    this.cleanup().catch(() => {});
  }

  #commit(batch: readonly PendingStore[]): void {
    try {
      this.#file.write((db) => {
        for (const one of batch) db.run(SQL.store, ...one.params);
      });
    } catch (error) {
      if (error instanceof JournalLost) {
        this.#pending.unshift(...batch);
        setImmediate(() => this.#flush());
        return;
      }
      const reason = toError(error);
      const temporary = isTemporary(reason);
      if (temporary) this.#isAway(reason);
      // One record too large, say, must not take the others along.
      if (batch.length > 1 && !temporary) for (const one of batch) this.#commit([one]);
      else for (const one of batch) one.failed(cannotStore(one.meta, this.#failed(reason)));
      return;
    }
    this.#isBack();
    for (const one of batch) one.done();
  }

  /** Slots stay taken while results wait: nothing else would say why. */
  #isAway(error: Error): void {
    if (this.#away) return;
    this.#away = true;
    this.#context.log?.warning(
      `The result store ${this.#file.path} takes nothing (${error.message}): results wait until it does.`,
    );
  }

  #isBack(): void {
    if (!this.#away) return;
    this.#away = false;
    this.#context.log?.info(`The result store ${this.#file.path} takes results again.`);
  }

  #moved(what: 'file' | 'journal'): void {
    if (what === 'journal') {
      this.#context.log?.warning(
        `The journal of the result store ${this.#file.path} was deleted while it was in use: what it held was moved into the file, which was opened anew.`,
      );
      this.#notify();
      return;
    }
    this.#seen = 0;
    this.#context.log?.warning(
      `The result store ${this.#file.path} was deleted or replaced while it was in use: going on in the file that is there now.`,
    );
  }

  /** Tell the listeners what has been stored since last time, by this process or another. */
  #notify(): void {
    if (this.#listeners.size === 0 || !this.#file.isOpen || this.#file.opening) return;
    const rows = this.#ask(() => this.#opened().all<{ id: number; task_id: string }>(SQL.newer, this.#seen));
    for (const { id, task_id } of rows) {
      this.#seen = Math.max(this.#seen, Number(id));
      if (!this.#listeners.has(task_id)) continue;
      const row = this.#ask(() => this.#opened().get<EncodedRow>(SQL.get, task_id));
      if (row) this.#listeners.emit(task_id, () => this.#decode(task_id, row));
    }
  }

  #opened(): EmbeddedDb {
    this.#checkOpen();
    return this.#file.db;
  }

  #checkOpen(): void {
    if (!this.#file.isOpen) throw storeClosed();
  }

  #write<T>(work: (db: EmbeddedDb) => T): T {
    this.#checkOpen();
    try {
      return this.#file.write(work);
    } catch (error) {
      if (isTemporary(toError(error))) this.#isAway(toError(error));
      throw this.#failed(error);
    }
  }

  #ask<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(thrown: unknown): BackendError {
    if (thrown instanceof BackendError) return thrown;
    const error = toError(thrown);
    return new BackendError(`The result store ${this.#file.path} failed: ${error.message}`, {
      cause: error,
      temporary: isTemporary(error),
    });
  }

  #expiry(): number | null {
    const { expiresMs, now } = this.#context;
    return expiresMs === null ? null : Math.ceil(now() + expiresMs);
  }

  #expired(row: EncodedRow): boolean {
    return row.expires_at !== null && row.expires_at <= this.#context.now();
  }

  #value(row: EncodedRow): unknown {
    return this.#context.decode(row.body, row.content_type, row.content_encoding);
  }

  #decode(taskId: string, row: EncodedRow): ResultMeta {
    return readResultMeta(this.#value(row), taskId);
  }
}

function filePath(url: string): string {
  const { host, path } = parseUrl(url);
  if (host !== '' || path === '' || path === ':memory:') {
    throw new ImproperlyConfigured(
      `A SQLite result store needs a file: sqlite:///relative.db or sqlite:////absolute.db, not ${safeUrl(url)}`,
    );
  }
  return resolve(path);
}
