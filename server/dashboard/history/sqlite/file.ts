// The history file as the writer has it open: whether its path still leads to it, and opening it anew when it does not.
// A file that is open can be deleted or replaced under us: SQLite would go on writing into what nobody can find any more.
// Not here: what is written (write.ts), who tells the reader (history.ts).
// Holds: a deleted file, or journal, comes back with all that was in it, from the connection that still has it, when there is room; a file put in
// its place is taken, when it is a history of this cluster; one that cannot be read is put aside, never overwritten.
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { EmbeddedDb } from '../../../embedded-db.ts';
import { refuseFlowersFile } from './flowers-file.ts';

export class FileGone extends Error {}

/**
 * restored: it was deleted, and is there again with its rows. reached: it is the same file, which was out of reach (a volume that went and
 * came back). replaced: another file is used. anew: it is empty.
 */
export type Reopened = 'restored' | 'reached' | 'replaced' | 'anew';

export class HistoryFile {
  readonly #path: string;
  readonly #prepare: (db: EmbeddedDb) => void;
  readonly #what: string;
  #db: EmbeddedDb;
  #id: string | null;
  #walInode: number | null;

  /** @param prepare makes the tables, or refuses what it finds  @param what it is called in messages */
  constructor(path: string, prepare: (db: EmbeddedDb) => void, what = 'history file') {
    this.#path = path;
    this.#prepare = prepare;
    this.#what = what;
    this.#db = this.#open();
    this.#id = identity(path);
    this.#walInode = inode(`${path}-wal`);
  }

  get db(): EmbeddedDb {
    return this.#db;
  }

  /** @throws FileGone */
  check(): void {
    const id = identity(this.#path);
    if (id !== null && id === this.#id && this.#db.isOpen) {
      if (!this.#hasLostJournal()) return;
      // What is in it alone, whoever opens the file anew would not find.
      throw new FileGone(`The journal of the ${this.#what} ${this.#path} was deleted`);
    }
    if (id !== null && id === this.#id) throw new FileGone(`The ${this.#what} ${this.#path} was out of reach`);
    throw new FileGone(
      id === null ? `The ${this.#what} ${this.#path} was deleted` : `The ${this.#what} ${this.#path} was replaced`,
    );
  }

  /**
   * @param isDamaged SQLite says of what is in it that it cannot be read
   * @throws what keeps it from being opened: then the old connection is kept if it can be
   */
  reopen(isDamaged = false): Reopened {
    const id = identity(this.#path);
    const isReplaced = id !== null && id !== this.#id;
    const isSame = id !== null && id === this.#id;
    const isOpen = this.#db.isOpen;
    const copy = isReplaced || (isSame && !this.#hasLostJournal()) ? null : this.#copy();
    let isBroken = isDamaged && isSame && isOpen && copy === null;
    this.#db.close();
    if (isBroken) this.#putAside();
    if (copy !== null) {
      this.#dropRemains();
      renameSync(copy, this.#path);
    } else if (id === null || (isReplaced && inode(`${this.#path}-wal`) === this.#walInode)) this.#dropRemains();
    try {
      this.#db = this.#open();
    } catch (error) {
      // One that is only locked, or on a disk that takes no writing, stays where it is.
      if (!isSame || copy !== null || !isDamage(error)) throw error;
      isBroken = true;
      this.#putAside();
      this.#db = this.#open();
    }
    this.#id = identity(this.#path);
    this.#walInode = inode(`${this.#path}-wal`);
    if (copy !== null) return 'restored';
    return isReplaced ? 'replaced' : isSame && !isBroken ? 'reached' : 'anew';
  }

  #hasLostJournal(): boolean {
    return this.#walInode !== null && inode(`${this.#path}-wal`) !== this.#walInode;
  }

  #open(): EmbeddedDb {
    refuseFlowersFile(this.#path);
    const db = new EmbeddedDb(this.#path, { busyTimeoutMs: 10_000 });
    try {
      this.#prepare(db);
    } catch (error) {
      db.close();
      throw error;
    }
    return db;
  }

  /** What the deleted file held, in a file beside it; null: it cannot be read any more. @throws when there is no room */
  #copy(): string | null {
    const copy = `${this.#path}.restored-${process.pid}`;
    if (!this.#db.isOpen) return null;
    try {
      rmSync(copy, { force: true });
      this.#db.run('VACUUM INTO ?', copy);
      return copy;
    } catch (error) {
      rmSync(copy, { force: true });
      if (isFull(error)) throw error;
      return null;
    }
  }

  /** What belongs to the file that is gone would be taken for the new one's. */
  #dropRemains(): void {
    for (const end of ['-wal', '-shm']) rmSync(this.#path + end, { force: true });
  }

  #putAside(): void {
    const aside = `${this.#path}.unreadable-${process.pid}`;
    for (const end of ['', '-wal', '-shm'])
      if (existsSync(this.#path + end)) renameSync(this.#path + end, `${aside}${end}`);
  }
}

/** Which file a path leads to; null: none, or an empty one. */
function identity(path: string): string | null {
  try {
    const { dev, ino, size } = statSync(path);
    return size === 0 ? null : `${dev}:${ino}`;
  } catch {
    return null;
  }
}

function inode(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** No waiting will repair it. */
export function isDamage(error: unknown): boolean {
  return /malformed|not a database/i.test((error as Error).message);
}

export function isFull(error: unknown): boolean {
  return /disk is full|no space left|ENOSPC|EDQUOT|quota/i.test((error as Error).message);
}
