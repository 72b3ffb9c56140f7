// The file of a SQLite result store as this process has it open: whether its path still leads to it, and opening it anew when it does not.
// The same when its journal was deleted (server/journal.ts): looked at before use, some milliseconds apart, and every second for the sake
// of others; what is committed is looked at each time.
// A file that is open can be deleted or replaced: SQLite would go on writing into what nobody can find any more.
// Not here: what is stored (sqlite.ts), the dashboard's own files, which have one owner (dashboard/history/sqlite/file.ts).
// Holds: what is written stands in the file that the path leads to when `write` returns; what belongs to a file that is gone is never
// taken for the new one's, and never removed when it is the new one's already.
import { rmSync, statSync } from 'node:fs';
import { EmbeddedDb, type EmbeddedDbOptions } from '../embedded-db.ts';
import { endLostJournals, JournalLost, letGo } from '../journal.ts';
import { createTimer } from '../timer.ts';
import { createTables } from './sqlite-tables.ts';

/** How soon an idle process lets go of a file whose journal was deleted. @unit milliseconds */
const WATCH_MS = 1000;
/** What a question goes to is the file as it was so long ago: three stats for each would be a tenth of a round trip. @unit milliseconds */
const LOOK_MS = 10;
/** What SQLite keeps beside a file. */
const BESIDE = ['-wal', '-shm'] as const;

export class ResultFile {
  readonly path: string;
  readonly #options: EmbeddedDbOptions;
  readonly #moved: (what: 'file' | 'journal') => void;
  readonly #timer = createTimer({ unref: true });
  #closed = false;
  #opening: Promise<void> | null = null;
  #db: EmbeddedDb;
  #inode = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #beside: readonly number[] = [];

  /** @param moved called when another file is used from now on, or the same one was opened anew as its journal had gone */
  constructor(path: string, options: EmbeddedDbOptions, moved: (what: 'file' | 'journal') => void) {
    this.path = path;
    this.#options = { ...options, shared: true };
    this.#moved = moved;
    this.#db = this.#open();
    this.#timer.every(WATCH_MS, () => void this.opening);
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  /** @throws what keeps the file at the path from being opened: then the old one is kept, and tried again with the next use */
  get db(): EmbeddedDb {
    if (this.#closed || this.#isSeen) return this.#db;
    if (inodeOf(this.path) !== this.#inode) this.#reopen();
    else if (this.opening) throw new JournalLost(this.path);
    return this.#db;
  }

  /** All was in its place a moment ago. */
  get #isSeen(): boolean {
    return !this.#opening && this.#db.isOpen && performance.now() - this.#lookedMs < LOOK_MS;
  }

  /** One write transaction. It is done again when the file was deleted or replaced meanwhile. */
  write<T>(work: (db: EmbeddedDb) => T): T {
    for (;;) {
      const { db } = this;
      try {
        const value = db.transaction(() => work(db));
        if (inodeOf(this.path) === this.#inode) return value;
        this.#lookedMs = Number.NEGATIVE_INFINITY;
      } catch (error) {
        this.#lookedMs = Number.NEGATIVE_INFINITY;
        // Its journal is gone, too, when the file was replaced since it was looked at.
        if (!(error instanceof JournalLost) || inodeOf(this.path) === this.#inode) throw error;
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer.clear();
    this.#db.close();
  }

  /** Resolves when it can be used again; null: it can. The old connection moves what the lost journal held into the file as it closes. */
  get opening(): Promise<void> | null {
    if (this.#opening || this.#closed || this.#isSeen) return this.#opening;
    if (this.#db.isOpen && !this.#db.hasLostJournal) {
      this.#lookedMs = performance.now();
      return null;
    }
    // Another file is at its place: what the journal holds is not this one's.
    if (inodeOf(this.path) !== this.#inode) return null;
    this.#db.close();
    endLostJournals(this.path);
    this.#opening = this.#openAnew();
    return this.#opening;
  }

  async #openAnew(): Promise<void> {
    await letGo();
    this.#opening = null;
    if (this.#closed || inodeOf(this.path) !== this.#inode) return;
    try {
      this.#db = this.#open();
    } catch {
      return; // The next use tries again, and is told.
    }
    this.#moved('journal');
  }

  #reopen(): void {
    // Held open here, their inodes are no other file's.
    for (const [i, end] of BESIDE.entries())
      if (inodeOf(this.path + end) === this.#beside[i]) rmSync(this.path + end, { force: true });
    const old = this.#db;
    this.#db = this.#open();
    old.close();
    this.#moved('file');
  }

  #open(): EmbeddedDb {
    const db = new EmbeddedDb(this.path, this.#options);
    try {
      // As the broker's connection, which may share the file: a checkpoint is some milliseconds of fsync for whoever commits then.
      // Every 1000 pages it met one in fifty round trips (p99 6.5 ms); now one in two hundred.
      db.exec('PRAGMA wal_autocheckpoint = 4000');
      createTables(db);
    } catch (error) {
      db.close();
      throw error;
    }
    this.#inode = inodeOf(this.path);
    this.#beside = BESIDE.map((end) => inodeOf(this.path + end));
    return db;
  }
}

/** It is expected to work again by itself, or when somebody makes room. */
export function isTemporary(error: Error): boolean {
  return /journal of the database|disk is full|ENOSPC|EDQUOT|is locked|busy|readonly|read-only|disk I\/O|unable to open|EMFILE|ENOTDIR|EACCES|EROFS/i.test(
    error.message,
  );
}

/** 0: there is none, or it is out of reach. */
function inodeOf(path: string): number {
  try {
    return statSync(path).ino;
  } catch {
    return 0;
  }
}
