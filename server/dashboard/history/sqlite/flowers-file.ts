// Flower's persistent file, a Python shelve, given as the history (`--db=flower`, kept from its start script): told by its first bytes.
// Not here: what does open it, which is Python with Celery's classes alone.
// Holds: it is refused with what to do, and never written to.
// Flower: events.py Events.__init__, Events.save_state
import { closeSync, openSync, readSync } from 'node:fs';
import { EmbeddedDb } from '../../../embedded-db.ts';
import { ImproperlyConfigured } from '../../../errors.ts';

/** GNU dbm, of words of 4 and 8 bytes. */
const GDBM = [0x13579acd, 0x13579ace, 0x13579acf, 0x13579ad0, 0x13579ad1];
/** Berkeley DB, which ndbm is on many systems: hash and btree. */
const BERKELEY = [0x00061561, 0x00053162];

/** What the head of an SQLite file says at its byte 18. */
const ROLLBACK_JOURNAL = 1;

/** @throws ImproperlyConfigured for a file of Flower's */
export function refuseFlowersFile(path: string): void {
  const head = Buffer.alloc(20);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, head, 0, head.length, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    // It is not there, or cannot be read: opening it says which.
    return;
  }
  const has = (magics: readonly number[], at: number) =>
    magics.includes(head.readUInt32LE(at)) || magics.includes(head.readUInt32BE(at));
  // Ours are in WAL mode from the first moment on: what is not may be looked at, and stays as it is.
  if (head.toString('latin1', 0, 15) === 'SQLite format 3' && head[18] === ROLLBACK_JOURNAL && isShelf(path))
    throw flowersFile(path);
  if (has(GDBM, 0) || has(BERKELEY, 0) || has(BERKELEY, 12)) throw flowersFile(path);
}

/** A shelve of Python 3.13 and later is an SQLite file with this one table. */
function isShelf(path: string): boolean {
  const db = new EmbeddedDb(path, { readOnly: true });
  try {
    return db.get("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'Dict'") !== undefined;
  } finally {
    db.close();
  }
}

function flowersFile(path: string): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `${path} is a file of Flower's (db, a Python shelve), which only Python reads: it cannot be taken over, and is left as it is. ` +
      `Give the history a file of its own, such as --db=${path.replace(/\.db$/, '')}-umbel.db. It begins empty: tasks that run now are ` +
      'found by asking the workers, and ends of tasks in the result store.',
  );
}
