// A SQLite file that is shared with Python: `db+sqlite:///relative.db`, `db+sqlite:////absolute.db`.
// Holds: the file's journal stays as it is; one write transaction at a time, of all that this process has open on the file: to wait for
// a lock stops the event loop, and who holds the lock with it.
// Not here: this package's own result files (../sqlite.ts).
import { resolve } from 'node:path';
import { EmbeddedDb, type SqlValue } from '../../embedded-db.ts';
import { BackendError, ImproperlyConfigured, toError } from '../../errors.ts';
import { isTemporary } from '../sqlite-file.ts';
import type { SqlDriver, SqlDriverOptions, SqlParam, SqlQueries, SqlResult } from './driver.ts';

export function openSqlite({ url, place }: SqlDriverOptions): SqlDriver {
  const { host, path } = url;
  if (host !== '' || path === '' || path === ':memory:') {
    throw new ImproperlyConfigured(
      `A SQLite database that processes share is a file: db+sqlite:///relative.db or db+sqlite:////absolute.db, not ${place}`,
    );
  }
  const file = resolve(path);
  try {
    return new SqliteDriver(new EmbeddedDb(file, { journal: 'DELETE' }), file);
  } catch (error) {
    throw new BackendError(`Cannot open the database ${file}: ${toError(error).message}`, { cause: error });
  }
}

/** What runs on each file. */
const turns = new Map<string, Promise<unknown>>();

class SqliteDriver implements SqlDriver {
  readonly dialect = 'sqlite';
  readonly place: string;
  readonly #db: EmbeddedDb;

  constructor(db: EmbeddedDb, place: string) {
    this.#db = db;
    this.place = place;
  }

  query(sql: string, params: readonly SqlParam[] = []): Promise<SqlResult> {
    return this.#inTurn(async () => run(this.#db, sql, params));
  }

  transaction<T>(work: (queries: SqlQueries) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      this.#db.exec('BEGIN IMMEDIATE');
      try {
        const value = await work({ query: async (sql, params = []) => run(this.#db, sql, params) });
        this.#db.exec('COMMIT');
        return value;
      } catch (error) {
        try {
          this.#db.exec('ROLLBACK');
        } catch {
          // SQLite has rolled back by itself (disk full, I/O error): the first error is the one to tell.
        }
        throw error;
      }
    });
  }

  isTemporary(error: Error): boolean {
    return isTemporary(error);
  }

  lacksLetters(): boolean {
    return false;
  }

  lacksTable(error: Error): boolean {
    return error.message.startsWith('no such table');
  }

  close(): Promise<void> {
    return this.#inTurn(async () => this.#db.close());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = (turns.get(this.place) ?? Promise.resolve()).then(work);
    const ended = next.then(
      () => {},
      () => {},
    );
    turns.set(this.place, ended);
    ended.then(() => {
      if (turns.get(this.place) === ended) turns.delete(this.place);
    });
    return next;
  }
}

function run(db: EmbeddedDb, sql: string, params: readonly SqlParam[]): SqlResult {
  const values = params as SqlValue[];
  if (/^\s*(select|pragma)\b/i.test(sql)) return { rows: db.all(sql, ...values), changes: 0 };
  return { rows: [], changes: db.run(sql, ...values).changes };
}
