// What the SQL stores need of a database, whichever it is. Implementations: sqlite.ts, postgres.ts, mysql.ts; which one: registry.ts.
// Not here: tables and statements of a store (../database/, ../django/).
// Holds: a transaction is whole or not at all.
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
  /** A text has letters that the character set of its column lacks. */
  lacksLetters(error: Error): boolean;
  /** There is no table, or no sequence, of that name any more. */
  lacksTable(error: Error): boolean;
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
