// A lock beside a file, `<file>.lock`: one process at a time has what the file is for, and anybody can ask which.
// Used by a schedule (schedules/file-store.ts) and by the files of the dashboard. What is refused, in whose words, is theirs to say.
// Holds: the lock is a write transaction that stays open: the system ends it with its process, however that ends, so that no stale lock
// keeps the next one away; who asks takes the lock for a moment at most, and who wants to have it waits for that.
import { existsSync, lstatSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { EmbeddedDb } from './embedded-db.ts';

/** null: it did not say. */
export interface LockHolder {
  readonly pid: number | null;
  readonly host: string | null;
  /** What it said of itself when it took the lock. */
  readonly about: string;
  /** @unit seconds since the epoch */
  readonly since: number | null;
}

/** Another process, or another part of this one, has it. */
export class LockTaken extends Error {
  readonly holder: LockHolder;
  constructor(path: string, holder: LockHolder) {
    super(`${path} is locked`);
    this.holder = holder;
  }
}

/** The file itself, whatever links lead to it and whether it is there yet: two ways to one file are to meet at one lock. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return path;
  }
  const folder = dirname(path);
  const target = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : null;
  if (target !== null) return realPath(resolve(folder, target));
  return folder === path ? path : join(realPath(folder), basename(path));
}

/** How long somebody who only asks may keep us waiting. @unit milliseconds */
const ASKED_MS = 1000;
const TABLE = 'CREATE TABLE IF NOT EXISTS owner (pid INTEGER, host TEXT, cluster TEXT, since REAL)';

export class FileLock {
  readonly path: string;
  #lock: EmbeddedDb | null = null;
  #inode = 0;

  /** @param path of the lock itself */
  constructor(path: string) {
    this.path = path;
  }

  get isHeld(): boolean {
    return this.#lock !== null;
  }

  /** @param about for whoever is refused  @throws LockTaken, or what keeps the file from being written */
  take(about: string, now: number): void {
    if (this.#lock !== null) return;
    let lock = this.#try(0, about, now);
    if (lock === null && !isAlive(readHolder(this.path))) lock = this.#try(ASKED_MS, about, now);
    if (lock === null) throw new LockTaken(this.path, readHolder(this.path) ?? NOBODY_KNOWN);
    this.#lock = lock;
    this.#inode = inodeOf(this.path);
  }

  /** Whoever deletes the file that it is for may delete the lock as well: then it has to be taken anew. */
  get isInPlace(): boolean {
    return this.#lock !== null && inodeOf(this.path) === this.#inode;
  }

  release(): void {
    const lock = this.#lock;
    this.#lock = null;
    if (lock === null) return;
    // The lock's file stays: deleting it would let a third process lock another one of the same name.
    try {
      lock.exec('DELETE FROM owner');
      lock.exec('COMMIT');
    } catch {
      // Somebody reads who had it, or the disk is away: closing ends the transaction.
    }
    lock.close();
  }

  /** null: it is taken. What is damaged holds nothing worth keeping, and nobody can have it. */
  #try(waitMs: number, about: string, now: number): EmbeddedDb | null {
    try {
      return this.#tryOnce(waitMs, about, now);
    } catch (error) {
      if (!isDamaged(error)) throw error;
      rmSync(this.path, { force: true });
      return this.#tryOnce(waitMs, about, now);
    }
  }

  #tryOnce(waitMs: number, about: string, now: number): EmbeddedDb | null {
    let db: EmbeddedDb | null = null;
    try {
      const one = new EmbeddedDb(this.path, { busyTimeoutMs: waitMs, journal: 'DELETE' });
      db = one;
      one.transaction(() => {
        one.exec(`${TABLE}; DELETE FROM owner`);
        one.run('INSERT INTO owner VALUES (?,?,?,?)', process.pid, hostname(), about, now);
      });
      // Who asks right now may have it for a moment.
      one.exec(`PRAGMA busy_timeout = ${ASKED_MS}`);
      one.exec('BEGIN IMMEDIATE');
      return one;
    } catch (error) {
      db?.close();
      if (isBusy(error)) return null;
      throw error;
    }
  }
}

/** Who has the lock now; null: nobody. @throws what keeps it from being asked */
export function lockHolder(path: string): LockHolder | null {
  if (!existsSync(path)) return null;
  let db: EmbeddedDb | null = null;
  try {
    db = new EmbeddedDb(path, { busyTimeoutMs: 0, journal: 'DELETE' });
    db.exec('BEGIN IMMEDIATE');
    db.exec('ROLLBACK');
    return null;
  } catch (error) {
    if (!isBusy(error)) throw error;
    return readHolder(path) ?? NOBODY_KNOWN;
  } finally {
    db?.close();
  }
}

const NOBODY_KNOWN: LockHolder = { pid: null, host: null, about: '', since: null };

function readHolder(path: string): LockHolder | null {
  let db: EmbeddedDb | null = null;
  try {
    db = new EmbeddedDb(path, { busyTimeoutMs: 0, readOnly: true });
    return (
      db.get<{ pid: number; host: string; about: string; since: number }>(
        'SELECT pid, host, cluster AS about, since FROM owner',
      ) ?? null
    );
  } catch {
    return null;
  } finally {
    db?.close();
  }
}

/** As far as this machine can tell: of another host it cannot. */
function isAlive(holder: LockHolder | null): boolean {
  if (holder === null || holder.pid === null || holder.host !== hostname()) return false;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isBusy(error: unknown): boolean {
  return /locked|busy/i.test((error as Error).message);
}

function isDamaged(error: unknown): boolean {
  return /not a database|malformed/i.test((error as Error).message);
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
}
