// One SQLite file, opened the way every room here needs it: WAL, a busy timeout, statements cached by their text.
// Used by transport/sqlite, backends/sqlite and dashboard/history. No SQL of theirs lives here.
// Holds: the handle keeps the database alive (a collected one would break its statements); every write transaction is IMMEDIATE;
// a thread that uses one closes it, or is ended by native-gate.ts: terminated inside the driver it would take the process along.
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Journal, settleJournal } from './journal.ts';
import { isGated, native } from './native-gate.ts';

export type SqlValue = null | number | bigint | string | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

interface RawStatement {
  run(...params: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  get(...params: SqlValue[]): SqlRow | undefined;
  all(...params: SqlValue[]): SqlRow[];
  iterate(...params: SqlValue[]): IterableIterator<SqlRow>;
}
interface RawDatabase {
  exec(sql: string): void;
  prepare(sql: string): RawStatement;
  function(name: string, options: { deterministic?: boolean }, fn: (...args: SqlValue[]) => SqlValue): void;
  close(): void;
}
type Driver = new (path: string, options?: { readOnly?: boolean; timeout?: number }) => RawDatabase;

export interface EmbeddedDbOptions {
  /** Default 5000. How long a writer waits for another one. @unit milliseconds */
  readonly busyTimeoutMs?: number;
  /** NORMAL survives the death of any process; FULL also the loss of power. Default NORMAL. */
  readonly synchronous?: 'OFF' | 'NORMAL' | 'FULL';
  readonly readOnly?: boolean;
  /** DELETE: no files beside it, for a file that is only a lock. Default WAL. */
  readonly journal?: 'WAL' | 'DELETE';
  /** True: several processes share it, and a `-wal` or `-shm` that is deleted meanwhile ends a transaction with JournalLost. Default false. */
  readonly shared?: boolean;
}

let driver: Driver | undefined;

/** Node's own driver where it has one without a flag (22.13 on), else the packaged one with the same interface. */
function loadDriver(): Driver {
  if (driver) return driver;
  const require = createRequire(import.meta.url);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const name = major > 22 || (major === 22 && minor >= 13) ? 'node:sqlite' : '@photostructure/sqlite';
  try {
    const found = native(() => require(name) as { DatabaseSync: Driver }).DatabaseSync;
    driver = isGated ? gated(found) : found;
  } catch (error) {
    if ((error as { code?: string }).code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(
      `The SQLite driver ${name} is not there, seen from ${import.meta.url}. A program that was bundled leaves it behind: ` +
        'keep umbel out of the bundle (esbuild: --external:umbel), or run it on Node 22.13 or later, which has a driver of its own.',
      { cause: error },
    );
  }
  return driver;
}

/** The same driver, each call of it through the gate of this thread. */
function gated(Found: Driver): Driver {
  return class implements RawDatabase {
    readonly #db: RawDatabase;

    constructor(...args: ConstructorParameters<Driver>) {
      this.#db = native(() => new Found(...args));
    }

    exec(sql: string): void {
      native(() => this.#db.exec(sql));
    }

    prepare(sql: string): RawStatement {
      const statement = native(() => this.#db.prepare(sql));
      return {
        run: (...params) => native(() => statement.run(...params)),
        get: (...params) => native(() => statement.get(...params)),
        all: (...params) => native(() => statement.all(...params)),
        iterate: (...params) => native(() => statement.all(...params))[Symbol.iterator](),
      };
    }

    function(...args: Parameters<RawDatabase['function']>): void {
      native(() => this.#db.function(...args));
    }

    close(): void {
      native(() => this.#db.close());
    }
  };
}

export class EmbeddedDb {
  readonly path: string;
  readonly #db: RawDatabase;
  readonly #statements = new Map<string, RawStatement>();
  readonly #journal: Journal | null;
  #depth = 0;
  #open = true;

  /** @param path a file, whose folder is made when missing, or ':memory:'. */
  constructor(path: string, options: EmbeddedDbOptions = {}) {
    this.path = path;
    if (path !== ':memory:' && !options.readOnly) makeFolder(dirname(path));
    if (path !== ':memory:' && !options.readOnly) makePrivate(path);
    if (options.shared) settleJournal(path);
    const timeout = options.busyTimeoutMs ?? 5000;
    this.#db = new (loadDriver())(path, { readOnly: options.readOnly ?? false, timeout });
    this.#db.exec(`PRAGMA busy_timeout = ${timeout}`);
    if (!options.readOnly && options.journal !== 'DELETE') this.#db.exec('PRAGMA journal_mode = WAL');
    this.#db.exec(`PRAGMA synchronous = ${options.synchronous ?? 'NORMAL'}`);
    this.#journal = options.shared ? new Journal(path, this) : null;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  run(sql: string, ...params: (SqlValue | undefined)[]): { changes: number; lastInsertRowid: number } {
    const result = this.#prepare(sql).run(...params.map(orNull));
    return { changes: Number(result.changes), lastInsertRowid: Number(result.lastInsertRowid) };
  }

  get<T = SqlRow>(sql: string, ...params: (SqlValue | undefined)[]): T | undefined {
    return this.#prepare(sql).get(...params.map(orNull)) as T | undefined;
  }

  all<T = SqlRow>(sql: string, ...params: (SqlValue | undefined)[]): T[] {
    return this.#prepare(sql).all(...params.map(orNull)) as T[];
  }

  iterate<T = SqlRow>(sql: string, ...params: (SqlValue | undefined)[]): IterableIterator<T> {
    return this.#prepare(sql).iterate(...params.map(orNull)) as IterableIterator<T>;
  }

  /** An SQL function, for instance a regular expression. Deterministic, unless said otherwise: then it is called for each row. */
  define(name: string, fn: (...args: SqlValue[]) => SqlValue, { deterministic = true } = {}): void {
    this.#db.function(name, { deterministic }, fn);
  }

  /** Run `work` in one write transaction; what it throws rolls back and is thrown on. Nested calls join the outer one. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#db.exec('BEGIN IMMEDIATE');
    this.#depth++;
    try {
      const value = work();
      this.#journal?.check();
      this.#db.exec('COMMIT');
      return value;
    } catch (error) {
      try {
        this.#db.exec('ROLLBACK');
      } catch {
        // SQLite has rolled back by itself (disk full, I/O error): the first error is the one to tell.
      }
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** Several reads of one state of the file, whatever other processes commit meanwhile. Takes no lock; `work` does not write. */
  snapshot<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#db.exec('BEGIN');
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
      try {
        this.#db.exec('COMMIT');
      } catch {
        // Ended by SQLite itself (I/O error): the first error is the one to tell.
      }
    }
  }

  /** Of a shared one: close it, which saves what the journal held, and open it anew. */
  get hasLostJournal(): boolean {
    return this.#journal?.isLost === true;
  }

  /** What a lost journal holds goes into the file first. */
  close(): void {
    if (!this.#open) return;
    if (this.#journal?.isLost) this.#journal.rescue();
    this.#open = false;
    this.#statements.clear();
    this.#db.close();
    this.#journal?.closed();
  }

  #prepare(sql: string): RawStatement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Arguments and results are for nobody else on the machine: SQLite gives the files beside it the same mode. One that is there stays as it is. */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch {
    // It is there, or cannot be made: opening it says which.
  }
}

/** mkdir -p, level by level: Node's own recursive one never returns for a folder that cannot be made under /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  }
}

function orNull(value: SqlValue | undefined): SqlValue {
  return value === undefined ? null : value;
}
