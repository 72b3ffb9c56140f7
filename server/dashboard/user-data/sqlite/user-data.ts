// What people own, in one SQLite file: small, rarely written, read when somebody asks.
// Not here: the lock that makes it one dashboard's (history/sqlite/owner.ts), a file that is deleted under us (history/sqlite/file.ts).
// Holds: what was saved is on the disk before it is said to be; a file of a newer version is refused rather than damaged; a file that is
// deleted while it is open comes back with all that was in it.
import type { SavedView, ViewRequest } from '../../../../shared/wire/views.ts';
import type { EmbeddedDb } from '../../../embedded-db.ts';
import { ImproperlyConfigured, toError } from '../../../errors.ts';
import { realPath } from '../../../file-lock.ts';
import type { Timer } from '../../../timer.ts';
import { FileGone, HistoryFile } from '../../history/sqlite/file.ts';
import { FileOwner } from '../../history/sqlite/owner.ts';
import type { KeptRecord, RecordKind, UserDataStore } from '../contract.ts';

const VERSION = 2;
/** AUTOINCREMENT: an id is never given again, so that a late request deletes nothing else. */
const TABLES = `CREATE TABLE IF NOT EXISTS views (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
  created REAL NOT NULL, changed REAL NOT NULL, search TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS records (kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID`;
const WORDS = {
  what: 'user data file',
  harm: 'Two would not see what the other has saved',
  option: '--user-data',
} as const;

/** Makes it when it is missing. Rejects with ImproperlyConfigured when it cannot be used, or is another's. */
export async function openUserDataFile(given: string, timer: Timer): Promise<UserDataStore> {
  const path = realPath(given);
  const owner = new FileOwner(path, WORDS);
  owner.take(null, timer.now() / 1000);
  try {
    return new SqliteUserData(path, owner, timer);
  } catch (error) {
    owner.release();
    throw explained(path, 'cannot be used', error);
  }
}

interface ViewRow {
  id: number;
  name: string;
  owner: string;
  created: number;
  changed: number;
  search: string;
}

class SqliteUserData implements UserDataStore {
  readonly description: string;
  readonly #file: HistoryFile;
  readonly #owner: FileOwner;
  readonly #timer: Timer;

  constructor(path: string, owner: FileOwner, timer: Timer) {
    this.description = path;
    this.#owner = owner;
    this.#timer = timer;
    this.#file = new HistoryFile(path, prepare, WORDS.what);
  }

  async views(): Promise<SavedView[]> {
    return this.#use('read', (db) => db.all<ViewRow>('SELECT * FROM views ORDER BY name').map(toView));
  }

  async saveView({ name, search }: Required<ViewRequest>, who: string, now: number): Promise<SavedView> {
    return this.#use('written', (db) =>
      db.transaction(() => {
        db.run(
          'INSERT INTO views (name, owner, created, changed, search) VALUES (?1, ?2, ?3, ?3, ?4) ON CONFLICT (name) DO UPDATE SET changed = ?3, search = ?4',
          name,
          who,
          now,
          JSON.stringify(search),
        );
        return toView(db.get<ViewRow>('SELECT * FROM views WHERE name = ?', name)!);
      }),
    );
  }

  async deleteView(id: number): Promise<boolean> {
    return this.#use('written', (db) => db.run('DELETE FROM views WHERE id = ?', id).changes > 0);
  }

  async records(kind: RecordKind): Promise<KeptRecord[]> {
    return this.#use('read', (db) =>
      db
        .all<{ id: string; value: string }>('SELECT id, value FROM records WHERE kind = ? ORDER BY id', kind)
        .map(({ id, value }) => ({ id, value: JSON.parse(value) as unknown })),
    );
  }

  async putRecord(kind: RecordKind, { id, value }: KeptRecord): Promise<void> {
    this.#use('written', (db) =>
      db.run('INSERT OR REPLACE INTO records (kind, id, value) VALUES (?, ?, ?)', kind, id, JSON.stringify(value)),
    );
  }

  async deleteRecord(kind: RecordKind, id: string): Promise<boolean> {
    return this.#use('written', (db) => db.run('DELETE FROM records WHERE kind = ? AND id = ?', kind, id).changes > 0);
  }

  async close(): Promise<void> {
    this.#file.db.close();
    this.#owner.release();
  }

  #use<T>(done: 'read' | 'written', work: (db: EmbeddedDb) => T): T {
    try {
      try {
        this.#file.check();
      } catch (error) {
        if (!(error instanceof FileGone)) throw error;
        this.#owner.renew(null, this.#timer.now() / 1000);
        this.#file.reopen();
      }
      return work(this.#file.db);
    } catch (error) {
      throw explained(this.description, `cannot be ${done}`, error);
    }
  }
}

function explained(path: string, what: string, error: unknown): ImproperlyConfigured {
  if (error instanceof ImproperlyConfigured) return error;
  return new ImproperlyConfigured(`The ${WORDS.what} ${path} ${what}: ${toError(error).message}`, { cause: error });
}

function prepare(db: EmbeddedDb): void {
  const found = Number(db.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0);
  if (found > VERSION)
    throw new ImproperlyConfigured(
      `The ${WORDS.what} ${db.path} was written by a newer version (format ${found}, known here: ${VERSION}). Give another ${WORDS.option}, or upgrade.`,
    );
  // On the disk before it is said to be saved, also when the power goes.
  db.exec('PRAGMA synchronous = FULL');
  if (found === VERSION) return;
  db.transaction(() => db.exec(`${TABLES}; PRAGMA user_version = ${VERSION}`));
}

function toView({ search, ...row }: ViewRow): SavedView {
  return { ...row, search: JSON.parse(search) as SavedView['search'] };
}
