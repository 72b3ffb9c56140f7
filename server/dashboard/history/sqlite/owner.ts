// One process at a time has a history file: two would count everything twice.
// Not here: whose cluster the file is (schema.ts claimForCluster). The same kind of lock for a schedule: schedules/file-store.ts.
// Holds: the lock is a write transaction that stays open in `<file>.lock`: the system lets it go when the process is gone, however that
// ended, so that the next one takes over; who is refused is told by whom.
import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { EmbeddedDb } from '../../../embedded-db.ts';
import { ImproperlyConfigured } from '../../../errors.ts';

interface Owner {
  pid: number;
  host: string;
  /** Addresses of the broker without credentials. */
  cluster: string;
  /** @unit seconds since the epoch */
  since: number;
}

export class FileOwner {
  readonly #path: string;
  readonly #lockPath: string;
  #lock: EmbeddedDb | null = null;
  #inode = 0;

  constructor(path: string) {
    this.#path = path;
    this.#lockPath = `${path}.lock`;
  }

  /** @throws ImproperlyConfigured when another process, or another dashboard of this one, has it */
  take(cluster: readonly string[] | null, now: number): void {
    if (this.#lock !== null) return;
    let db: EmbeddedDb | null = null;
    try {
      db = new EmbeddedDb(this.#lockPath, { busyTimeoutMs: 0, journal: 'DELETE' });
      const owner: Owner = { pid: process.pid, host: hostname(), cluster: cluster?.join(', ') ?? '', since: now };
      const one = db;
      one.transaction(() => {
        one.exec(
          'CREATE TABLE IF NOT EXISTS owner (pid INTEGER, host TEXT, cluster TEXT, since REAL); DELETE FROM owner',
        );
        one.run('INSERT INTO owner VALUES (?,?,?,?)', owner.pid, owner.host, owner.cluster, owner.since);
      });
      one.exec('BEGIN IMMEDIATE');
    } catch (error) {
      const isTaken = /locked|busy/i.test((error as Error).message);
      const by = isTaken ? this.#owner() : '';
      db?.close();
      if (isTaken)
        throw new ImproperlyConfigured(
          `Another dashboard uses the history file ${this.#path}${by}. Two would count everything twice. Stop it, or give this one a file of its own (--db).`,
        );
      throw new ImproperlyConfigured(
        `The history file ${this.#path} cannot be used: its lock ${this.#lockPath} cannot be taken: ${(error as Error).message}`,
        { cause: error },
      );
    }
    this.#lock = db;
    this.#inode = inodeOf(this.#lockPath);
  }

  /** Whoever deleted the history file may have deleted the lock as well. */
  renew(cluster: readonly string[] | null, now: number): void {
    if (this.#lock !== null && inodeOf(this.#lockPath) === this.#inode) return;
    this.#lock?.close();
    this.#lock = null;
    this.take(cluster, now);
  }

  release(): void {
    const lock = this.#lock;
    this.#lock = null;
    if (lock === null) return;
    // The lock's file stays: deleting it would let a third process lock another one of the same name.
    lock.exec('ROLLBACK');
    lock.close();
  }

  #owner(): string {
    let db: EmbeddedDb | null = null;
    try {
      db = new EmbeddedDb(this.#lockPath, { busyTimeoutMs: 0, readOnly: true });
      const owner = db.get<Owner>('SELECT pid, host, cluster, since FROM owner');
      if (!owner) return '';
      const watching = owner.cluster ? `, watching ${owner.cluster}` : '';
      return ` (process ${owner.pid} on ${owner.host}${watching}, since ${new Date(owner.since * 1000).toISOString()})`;
    } catch {
      return '';
    } finally {
      db?.close();
    }
  }
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
}
