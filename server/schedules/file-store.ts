// A schedule in one JSON file, `<path>.json`, and the lock of its beat beside it, `<path>.lock`.
// Not here: an entry's own text (stored-entry.ts).
// Holds: the file is whole at any moment, also after SIGKILL (written beside, synced, renamed), and only its user reads it, since it
// holds arguments; the lock ends with its process, however that ends; a file that cannot be read is put aside, never overwritten.
// Celery: beat.py PersistentScheduler (a shelve file without a lock)
import { open, readFile, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { jsonText } from '../../shared/json-text.ts';
import { EmbeddedDb } from '../embedded-db.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { EntryRuns, ScheduleLease, ScheduleStore, StoredEntry } from './contract.ts';
import { entryFromJson, entryToJson, parseEntries, withRuns } from './stored-entry.ts';

interface FileContent {
  /** Still 1 with whole entries: who knows runs only finds them where they were. */
  readonly version: 1;
  /** Who wrote it: told when another beat is refused. */
  readonly owner: { readonly pid: number; readonly host: string };
  readonly entries: Readonly<Record<string, unknown>>;
}

export class FileScheduleStore implements ScheduleStore {
  readonly path: string;
  readonly #lockPath: string;
  readonly #log: Logger | undefined;
  readonly #leases = new Set<FileLease>();

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

  async load(): Promise<Map<string, StoredEntry>> {
    try {
      return readContent(await readFile(this.path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw error;
    }
  }

  async claim(): Promise<ScheduleLease> {
    let db: EmbeddedDb | null = null;
    try {
      // Makes the folder, too.
      db = new EmbeddedDb(this.#lockPath, { busyTimeoutMs: 0 });
      // A write transaction that stays open: the system releases it when the process is gone, without a stale lock file.
      db.exec('BEGIN IMMEDIATE');
    } catch (error) {
      db?.close();
      if (!/locked|busy/i.test((error as Error).message)) throw error;
      const owner = await this.#owner();
      throw new ImproperlyConfigured(
        `Another beat uses ${this.path}${owner}. Two beats would send every task twice. Stop it, or give this one a file of its own (--schedule).`,
      );
    }
    try {
      const lease = new FileLease(this.path, db, await this.#found(), () => this.#leases.delete(lease));
      this.#leases.add(lease);
      return lease;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const lease of this.#leases) await lease.release();
  }

  async #found(): Promise<Map<string, StoredEntry>> {
    try {
      return await this.load();
    } catch (error) {
      // What the system refuses (no permission, a folder in its place) is nothing to put aside.
      if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
      const aside = `${this.path}.unreadable-${process.pid}`;
      await rename(this.path, aside);
      this.#log?.warning(
        `Schedule file ${this.path} cannot be read and was put aside as ${aside}: every entry begins anew`,
        { error: (error as Error).message },
      );
      return new Map();
    }
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

class FileLease implements ScheduleLease {
  readonly entries: ReadonlyMap<string, StoredEntry>;
  readonly #path: string;
  readonly #released: () => void;
  #lock: EmbeddedDb | null;
  #written: ReadonlyMap<string, StoredEntry>;
  /** One after the other: two writers would share the file beside. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(path: string, lock: EmbeddedDb, entries: ReadonlyMap<string, StoredEntry>, released: () => void) {
    this.#path = path;
    this.#lock = lock;
    this.#written = this.entries = entries;
    this.#released = released;
  }

  replace(entries: ReadonlyMap<string, StoredEntry>): Promise<void> {
    const all = new Map(entries);
    return this.#next(() => all);
  }

  saveRuns(runs: ReadonlyMap<string, EntryRuns>): Promise<void> {
    const these = new Map(runs);
    return this.#next(() => withRuns(this.#written, these));
  }

  /** The system takes no lock back. */
  onLost(): void {}

  async release(): Promise<void> {
    const lock = this.#lock;
    this.#lock = null;
    await this.#writing;
    if (lock === null) return;
    lock.exec('ROLLBACK');
    lock.close();
    this.#released();
  }

  #next(entries: () => ReadonlyMap<string, StoredEntry>): Promise<void> {
    if (this.#lock === null) return Promise.reject(new Error(`The lease of ${this.#path} was released.`));
    const writing = this.#writing.then(async () => {
      const all = entries();
      await this.#write(all);
      this.#written = all;
    });
    this.#writing = writing.catch(() => {});
    return writing;
  }

  async #write(entries: ReadonlyMap<string, StoredEntry>): Promise<void> {
    const owner = JSON.stringify({ pid: process.pid, host: hostname() });
    const lines = [...entries].map(([name, entry]) => `\n ${JSON.stringify(name)}: ${jsonText(entryToJson(entry))}`);
    const text = `{"version": 1, "owner": ${owner}, "entries": {${lines.join(',')}\n}}\n`;
    const beside = `${this.#path}.${process.pid}.tmp`;
    const file = await open(beside, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, this.#path);
  }
}

function readContent(text: string): Map<string, StoredEntry> {
  const { version, entries } = parseEntries(text) as FileContent;
  if (version !== 1 || typeof entries !== 'object' || entries === null)
    throw new Error('not a schedule file of version 1');
  return new Map(Object.entries(entries).map(([name, entry]) => [name, entryFromJson(name, entry)]));
}
