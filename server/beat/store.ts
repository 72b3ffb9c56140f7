// Where a beat remembers when each entry last ran, and the lock that keeps a second beat from the same memory.
// Not here: what is due (scheduler.ts).
// Holds: a file is whole at any moment, also after SIGKILL (written beside, synced, renamed); the lock ends with its process,
// however that ends; a file that cannot be read is put aside, never overwritten.
// Celery: beat.py PersistentScheduler (a shelve file without a lock)
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { EmbeddedDb } from '../embedded-db.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { EntryRecord } from './scheduler.ts';

export interface ScheduleStore {
  /** For log lines: where it is. */
  readonly description: string;
  /** Take the lock; ImproperlyConfigured when another beat has it. */
  open(): Promise<void>;
  load(): Promise<Map<string, EntryRecord>>;
  save(records: ReadonlyMap<string, EntryRecord>): Promise<void>;
  close(): Promise<void>;
}

/** Nothing outlives the process: for tests, and for schedules of short intervals. */
export class MemoryScheduleStore implements ScheduleStore {
  readonly description = 'memory';
  #records: ReadonlyMap<string, EntryRecord> = new Map();

  async open(): Promise<void> {}
  async load(): Promise<Map<string, EntryRecord>> {
    return new Map(this.#records);
  }
  async save(records: ReadonlyMap<string, EntryRecord>): Promise<void> {
    this.#records = new Map(records);
  }
  async close(): Promise<void> {}
}

interface FileContent {
  readonly version: 1;
  /** Who wrote it: told when another beat is refused. */
  readonly owner: { readonly pid: number; readonly host: string };
  readonly entries: Readonly<Record<string, { readonly last_run_at: string; readonly total_run_count: number }>>;
}

/** JSON in one file, `<path>.json`, and a lock beside it, `<path>.lock`. */
export class FileScheduleStore implements ScheduleStore {
  readonly path: string;
  readonly #lockPath: string;
  readonly #log: Logger | undefined;
  #lock: EmbeddedDb | null = null;

  /** `path` is Celery's `beat_schedule_filename`; a shelve file of a Python beat under that name is left alone. */
  constructor(path: string, options: { readonly log?: Logger } = {}) {
    const base = resolve(path).replace(/\.json$/, '');
    this.path = `${base}.json`;
    this.#lockPath = `${base}.lock`;
    this.#log = options.log;
  }

  get description(): string {
    return this.path;
  }

  async open(): Promise<void> {
    if (this.#lock !== null) return;
    await mkdir(dirname(this.path), { recursive: true });
    let db: EmbeddedDb | null = null;
    try {
      db = new EmbeddedDb(this.#lockPath, { busyTimeoutMs: 0 });
      // A write transaction that stays open: the system releases it when the process is gone, without a stale lock file.
      db.exec('BEGIN IMMEDIATE');
    } catch (error) {
      db?.close();
      if (!isBusy(error)) throw error;
      const owner = await this.#owner();
      throw new ImproperlyConfigured(
        `Another beat uses ${this.path}${owner}. Two beats would send every task twice. Stop it, or give this one a file of its own (--schedule).`,
      );
    }
    this.#lock = db;
  }

  async load(): Promise<Map<string, EntryRecord>> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw error;
    }
    try {
      return readContent(JSON.parse(text));
    } catch (error) {
      const aside = `${this.path}.unreadable-${process.pid}`;
      await rename(this.path, aside);
      this.#log?.warning(
        `Schedule file ${this.path} cannot be read and was put aside as ${aside}: every entry begins anew`,
        {
          error: (error as Error).message,
        },
      );
      return new Map();
    }
  }

  async save(records: ReadonlyMap<string, EntryRecord>): Promise<void> {
    const content: FileContent = {
      version: 1,
      owner: { pid: process.pid, host: hostname() },
      entries: Object.fromEntries(
        [...records].map(([name, record]) => [
          name,
          { last_run_at: new Date(record.lastRunAt).toISOString(), total_run_count: record.totalRunCount },
        ]),
      ),
    };
    const beside = `${this.path}.${process.pid}.tmp`;
    const file = await open(beside, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(content, null, 1)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, this.path);
  }

  async close(): Promise<void> {
    const lock = this.#lock;
    this.#lock = null;
    if (lock === null) return;
    lock.exec('ROLLBACK');
    lock.close();
  }

  async #owner(): Promise<string> {
    try {
      const { owner } = JSON.parse(await readFile(this.path, 'utf8')) as FileContent;
      return ` (process ${owner.pid} on ${owner.host})`;
    } catch {
      return '';
    }
  }
}

function isBusy(error: unknown): boolean {
  return /locked|busy/i.test((error as Error).message);
}

function readContent(value: unknown): Map<string, EntryRecord> {
  const { version, entries } = value as FileContent;
  if (version !== 1 || typeof entries !== 'object' || entries === null)
    throw new Error('not a schedule file of version 1');
  return new Map(
    Object.entries(entries).map(([name, entry]) => {
      const lastRunAt = Date.parse(entry.last_run_at);
      if (Number.isNaN(lastRunAt) || !Number.isInteger(entry.total_run_count))
        throw new Error(`entry '${name}' is damaged`);
      return [name, { lastRunAt, totalRunCount: entry.total_run_count }];
    }),
  );
}
