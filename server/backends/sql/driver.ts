// What the SQL stores need of a database, whichever it is, and which one a URL names. Implementations: sqlite.ts, postgres.ts, mysql.ts.
// Not here: tables and statements of a store (../database/, ../django/).
// Holds: a driver is loaded when a URL asks for it; a transaction is whole or not at all.
import { ImproperlyConfigured } from '../../errors.ts';
import type { ParsedUrl } from '../../transport/url.ts';

export type SqlDialect = 'sqlite' | 'postgresql' | 'mysql';
export type SqlParam = null | number | bigint | string | Uint8Array;
export type SqlRecord = Record<string, unknown>;

export interface SqlResult {
  readonly rows: readonly SqlRecord[];
  /** How many rows a statement wrote or deleted. */
  readonly changes: number;
}

export interface SqlQueries {
  /** @param sql with `?` where parameters go, and names in double quotes */
  query(sql: string, params?: readonly SqlParam[]): Promise<SqlResult>;
}

export interface SqlDriver extends SqlQueries {
  readonly dialect: SqlDialect;
  /** For errors and logs: without secrets. */
  readonly place: string;
  transaction<T>(work: (queries: SqlQueries) => Promise<T>): Promise<T>;
  /** It is expected to work again by itself: the server is away, a lock was lost, a disk is full. */
  isTemporary(error: Error): boolean;
  close(): Promise<void>;
}

export interface SqlDriverOptions {
  readonly url: ParsedUrl;
  /** The URL without its password. */
  readonly place: string;
  /** A connection for each operation. */
  readonly shortLived: boolean;
  /** Connections at most. */
  readonly poolSize: number;
}

/** @param driver of SQLAlchemy's name for it, 'postgresql+psycopg2': what is after the plus is Python's */
export async function openSqlDriver(driver: string, options: SqlDriverOptions): Promise<SqlDriver> {
  const name = driver.replace(/\+.*$/, '');
  if (name === 'sqlite') return (await import('./sqlite.ts')).openSqlite(options);
  if (name === 'postgresql' || name === 'postgres') return (await import('./postgres.ts')).openPostgres(options);
  if (name === 'mysql' || name === 'mariadb') return (await import('./mysql.ts')).openMysql(options);
  throw new ImproperlyConfigured(
    `Unknown database ${JSON.stringify(name)} in ${options.place}. Known: sqlite, postgresql, mysql, mariadb`,
  );
}

/** A name in SQL, with its schema where it has one. */
export function quoted(name: string, schema: string | null = null): string {
  const one = (text: string) => `"${text.replaceAll('"', '""')}"`;
  return schema ? `${one(schema)}.${one(name)}` : one(name);
}

/** `(?, ?, ?)`, so many times. */
export function placeholders(columns: number, rows = 1): string {
  const row = `(${Array.from({ length: columns }, () => '?').join(', ')})`;
  return Array.from({ length: rows }, () => row).join(', ');
}
