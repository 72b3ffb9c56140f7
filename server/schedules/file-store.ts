// A schedule in one JSON file, `<path>.json`, and the lock of its beat beside it, `<path>.lock`.
// Not here: an entry's own text (stored-entry.ts).
// Holds: the file is whole at any moment, also after SIGKILL (written beside, synced, renamed), and only its user reads it, since it
// holds arguments; all links to it lead to one lock, which ends with its process, however that ends; a file that cannot be read is put
// aside, never overwritten.
// Celery: beat.py PersistentScheduler (a shelve file without a lock)
import { open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { jsonText } from '../../shared/json-text.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { FileLock, type LockHolder, LockTaken, lockHolder, realPath } from '../file-lock.ts';
import type { Logger } from '../log.ts';
import { createTimer, type Timer } from '../timer.ts';
import {
  AnotherBeat,
  type EntryRuns,
  type LeaseHolder,
  type ScheduleLease,
  type ScheduleStore,
  type StoredEntry,
} from './contract.ts';
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
  readonly #clock: Pick<Timer, 'now'>;
  readonly #leases = new Set<FileLease>();

  /** `path` is Celery's `beat_schedule_filename`; a shelve file of a Python beat under that name is left alone. */
  constructor(path: string, options: { readonly log?: Logger; readonly timer?: Pick<Timer, 'now'> } = {}) {
    const bare = (name: string) => realPath(name).replace(/\.json$/, '');
    this.path = realPath(`${bare(resolve(path))}.json`);
    this.#lockPath = `${bare(this.path)}.lock`;
    this.#log = options.log;
    this.#clock = options.timer ?? createTimer({ unref: true });
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

  async holder(): Promise<LeaseHolder | null> {
    const holder = lockHolder(this.#lockPath);
    if (holder === null) return null;
    const { pid, host } = holder.pid === null ? await this.#writer() : holder;
    return { pid, host, since: holder.since === null ? null : Math.round(holder.since * 1000) };
  }

  async claim(): Promise<ScheduleLease> {
    const lock = new FileLock(this.#lockPath);
    try {
      // Makes the folder, too.
      lock.take('', this.#clock.now() / 1000);
    } catch (error) {
      if (!(error instanceof LockTaken)) throw error;
      const { pid, host } = error.holder.pid === null ? await this.#writer() : error.holder;
      const by = pid === null ? '' : ` (process ${pid} on ${host})`;
      throw new AnotherBeat(
        `Another beat uses ${this.path}${by}. Two beats would send every task twice. Stop it, or give this one a file of its own (--schedule).`,
      );
    }
    try {
      const lease = new FileLease(this.path, lock, await this.#found(), () => this.#leases.delete(lease));
      this.#leases.add(lease);
      return lease;
    } catch (error) {
      lock.release();
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
      if ((error as NodeJS.ErrnoException).code !== undefined)
        throw new ImproperlyConfigured(
          `The schedule file ${this.path} cannot be read: ${(error as Error).message}. Make it readable, or name another (--schedule).`,
          { cause: error },
        );
      const aside = `${this.path}.unreadable-${process.pid}`;
      await rename(this.path, aside);
      this.#log?.warning(
        `Schedule file ${this.path} cannot be read and was put aside as ${aside}: every entry begins anew`,
        { error: (error as Error).message },
      );
      return new Map();
    }
  }

  /** Who wrote the file: locks of before do not say whose they are. */
  async #writer(): Promise<Pick<LockHolder, 'pid' | 'host'>> {
    try {
      return (JSON.parse(await readFile(this.path, 'utf8')) as FileContent).owner;
    } catch {
      return { pid: null, host: null };
    }
  }
}

class FileLease implements ScheduleLease {
  readonly entries: ReadonlyMap<string, StoredEntry>;
  readonly #path: string;
  readonly #released: () => void;
  #lock: FileLock | null;
  #written: ReadonlyMap<string, StoredEntry>;
  /** Of ten thousand entries few run in one second: the others keep their line. */
  readonly #lines = new WeakMap<StoredEntry, string>();
  /** One after the other: two writers would share the file beside. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(path: string, lock: FileLock, entries: ReadonlyMap<string, StoredEntry>, released: () => void) {
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
    lock.release();
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

  #line(name: string, entry: StoredEntry): string {
    let line = this.#lines.get(entry);
    if (line === undefined) {
      line = `\n ${JSON.stringify(name)}: ${jsonText(entryToJson(entry))}`;
      this.#lines.set(entry, line);
    }
    return line;
  }

  async #write(entries: ReadonlyMap<string, StoredEntry>): Promise<void> {
    const owner = JSON.stringify({ pid: process.pid, host: hostname() });
    const lines = Array.from(entries, ([name, entry]) => this.#line(name, entry));
    const text = `{"version": 1, "owner": ${owner}, "entries": {${lines.join(',')}\n}}\n`;
    const beside = `${this.#path}.${process.pid}.tmp`;
    try {
      const file = await open(beside, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, this.#path);
    } catch (error) {
      // A half of it would be all that a full disk has room for.
      await rm(beside, { force: true }).catch(() => {});
      throw error;
    }
  }
}

function readContent(text: string): Map<string, StoredEntry> {
  const { version, entries } = parseEntries(text) as FileContent;
  if (version !== 1 || typeof entries !== 'object' || entries === null)
    throw new Error('not a schedule file of version 1');
  return new Map(Object.entries(entries).map(([name, entry]) => [name, entryFromJson(name, entry)]));
}
