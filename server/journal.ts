// The files SQLite keeps beside a database in WAL mode (`-wal`, `-shm`) while processes share it: whether those at the path are still
// the ones that this process has open, and what to do when somebody deleted them.
// Whoever has the old ones open goes on unharmed, but a process that comes later makes new ones: it does not see what stands in the
// old journal alone, and shares no locks with its writers. So those who have it move it into the database file, close, and open anew.
// Not here: when to look (embedded-db.ts: before each commit; its users: every second), the dashboard's own files (dashboard/history).
// Holds: what was committed before the loss was noticed is in the database file once `rescue` returns, unless others went on without it.
import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Longer than it takes a process that looks every second to notice. @unit milliseconds */
const PATIENCE_MS = 2000;
const STEP_MS = 20;

/** A connection whose journal may be lost. */
export interface Journaled {
  readonly isOpen: boolean;
  exec(sql: string): void;
  close(): void;
}

/** Nothing was committed by the transaction this ends. */
export class JournalLost extends Error {
  constructor(path: string) {
    super(`The journal of the database ${path} (its -wal or -shm file) was deleted or replaced while it was in use`);
  }
}

/** Those of this process, by the path of the database: SQLite has them share what is in memory. */
const opened = new Map<string, Set<Journal>>();

export class Journal {
  readonly #path: string;
  readonly #db: Journaled;
  #wal = 0;
  #shm = 0;

  constructor(path: string, db: Journaled) {
    this.#path = path;
    this.#db = db;
    opened.set(path, (opened.get(path) ?? new Set()).add(this));
  }

  /** @throws JournalLost. Two stats, some microseconds. */
  check(): void {
    if (this.isLost) throw new JournalLost(this.#path);
  }

  get isLost(): boolean {
    const wal = inodeOf(`${this.#path}-wal`);
    const shm = inodeOf(`${this.#path}-shm`);
    // SQLite makes them with the first use.
    if (this.#wal === 0) this.#wal = wal;
    if (this.#shm === 0) this.#shm = shm;
    return wal !== this.#wal || shm !== this.#shm;
  }

  /** Move what the journal holds into the database file. When others have begun a new one, it is too late: theirs counts. */
  rescue(): void {
    if (!this.#db.isOpen) return;
    const wal = statOf(`${this.#path}-wal`);
    const shm = statOf(`${this.#path}-shm`);
    const isOurs = (!wal || wal.ino === this.#wal || wal.size === 0) && (!shm || shm.ino === this.#shm);
    if (!isOurs) return;
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // It cannot be read, or there is no room: what it alone holds is lost with it.
    }
  }

  closed(): void {
    const those = opened.get(this.#path);
    those?.delete(this);
    if (those?.size === 0) opened.delete(this.#path);
  }

  /** Its connection. */
  end(): void {
    this.#db.close();
  }
}

/** Half of the two files is there. */
function isHalf(path: string): boolean {
  return (inodeOf(`${path}-wal`) === 0) !== (inodeOf(`${path}-shm`) === 0);
}

/** Ends the connections of this process that have a lost one, as a new connection would share it. true: it is a moment until they are gone. */
export function endLostJournals(path: string): boolean {
  for (const journal of [...(opened.get(path) ?? [])]) if (journal.isLost) journal.end();
  return isHalf(path);
}

/**
 * After connections were closed: resolves when SQLite has let go of their files. The packaged driver ends statements, and with them
 * the connection, only as garbage; until then a new connection of this process would share the old `-shm`.
 */
export async function letGo(): Promise<void> {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Before a database is opened: while one of the two files is there without the other, somebody deleted it, and the processes that
 * have it open need a moment to notice and let go. Blocks, as such a moment is rare and a mixture of old and new costs messages.
 */
export function settleJournal(path: string): void {
  endLostJournals(path);
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && isHalf(path); waitedMs += STEP_MS) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STEP_MS);
  }
}

function statOf(path: string): { readonly ino: number; readonly size: number } | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // out of reach
  }
}

function inodeOf(path: string): number {
  return statOf(path)?.ino ?? 0;
}
