// PostgreSQL by the package `pg`: `db+postgresql://user:password@host:5432/database`, with `?sslmode=` as libpq has it.
// Holds: a connection that failed or did not answer is not used again; times and big numbers come as text.
import { readFileSync } from 'node:fs';
import { toError } from '../../errors.ts';
import { optionalDriver } from '../optional-driver.ts';
import type { SqlDriver, SqlDriverOptions, SqlParam, SqlQueries, SqlResult } from './driver.ts';

interface PgClient {
  query(
    sql: string,
    params?: readonly unknown[],
  ): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>;
  /** @param gone do not use the connection again */
  release(gone?: boolean): void;
  on(event: 'error', listener: (error: Error) => void): void;
}
interface PgPool {
  connect(): Promise<PgClient>;
  on(event: 'error', listener: (error: Error) => void): void;
  end(): Promise<void>;
}
interface Pg {
  readonly Pool: new (options: Record<string, unknown>) => PgPool;
  readonly types: { getTypeParser(oid: number, format?: string): (value: unknown) => unknown };
}

/** @unit milliseconds */
const CONNECT_MS = 10_000;
const ANSWER_MS = 30_000;
/** A name in quotes, which may hold one, or a parameter. */
const PARAMETER = /"[^"]*"|\?/g;
/** Of its types: timestamp and timestamptz, date. */
const AS_TEXT: ReadonlySet<number> = new Set([1082, 1114, 1184]);

export async function openPostgres(options: SqlDriverOptions): Promise<SqlDriver> {
  const pg = await optionalDriver<Pg>('pg', 'A result store on PostgreSQL');
  const { url } = options;
  const { host: socket, ...query } = url.query;
  const pool = new pg.Pool({
    host: url.host || socket || undefined,
    port: url.port ?? undefined,
    user: url.username ?? undefined,
    password: url.password ?? undefined,
    database: url.path || undefined,
    ssl: tls(query),
    max: options.poolSize,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    application_name: query.application_name ?? 'umbel',
    types: {
      getTypeParser: (oid: number, format?: string) =>
        AS_TEXT.has(oid) ? (value: unknown) => value : pg.types.getTypeParser(oid, format),
    },
  });
  // A connection that breaks while nobody uses it: the next use makes another.
  pool.on('error', () => {});
  return new PostgresDriver(pool, options);
}

function tls(query: Readonly<Record<string, string>>): unknown {
  const { sslmode, sslrootcert, sslcert, sslkey } = query;
  if (!sslmode || sslmode === 'disable' || sslmode === 'allow' || sslmode === 'prefer') return undefined;
  const file = (path: string | undefined) => (path ? readFileSync(path, 'utf8') : undefined);
  return {
    rejectUnauthorized: sslmode.startsWith('verify-'),
    ...(sslmode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
    ca: file(sslrootcert),
    cert: file(sslcert),
    key: file(sslkey),
  };
}

class PostgresDriver implements SqlDriver {
  readonly dialect = 'postgresql';
  readonly place: string;
  readonly #pool: PgPool;
  readonly #shortLived: boolean;
  readonly #known = new WeakSet<PgClient>();
  #ending: Promise<void> | null = null;

  constructor(pool: PgPool, { place, shortLived }: SqlDriverOptions) {
    this.#pool = pool;
    this.place = place;
    this.#shortLived = shortLived;
  }

  query(sql: string, params: readonly SqlParam[] = []): Promise<SqlResult> {
    return this.#use((queries) => queries.query(sql, params));
  }

  transaction<T>(work: (queries: SqlQueries) => Promise<T>): Promise<T> {
    return this.#use(async (queries) => {
      await queries.query('BEGIN');
      try {
        const value = await work(queries);
        await queries.query('COMMIT');
        return value;
      } catch (error) {
        // On a connection that is gone there is nothing to take back; the first error is the one to tell.
        await queries.query('ROLLBACK').catch(() => {});
        throw error;
      }
    });
  }

  isTemporary(error: Error): boolean {
    const { code = '' } = error as Error & { code?: string };
    // Classes 08 connection, 53 resources, 57 shutdown or a query that was cancelled, 40 deadlock and serialization; 25006: it became a replica.
    if (/^(08|53|57|40|25006)/.test(code) || /^E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_AGAIN)|^ENOTFOUND/.test(code))
      return true;
    return /connection terminated|timeout|not queryable|ENOENT|ECONNREFUSED/i.test(error.message);
  }

  lacksLetters(error: Error & { code?: string }): boolean {
    return error.code === '22P05';
  }

  lacksTable(error: Error & { code?: string }): boolean {
    return error.code === '42P01';
  }

  close(): Promise<void> {
    this.#ending ??= this.#pool.end();
    return this.#ending;
  }

  async #use<T>(work: (queries: SqlQueries) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    // What breaks it while it is used is told by the query.
    if (!this.#known.has(client)) client.on('error', () => {});
    this.#known.add(client);
    let gone = this.#shortLived;
    try {
      return await work({
        query: async (sql, params = []) => {
          let count = 0;
          const { rows, rowCount } = await client.query(
            sql.replace(PARAMETER, (found) => (found === '?' ? `$${++count}` : found)),
            params,
          );
          return { rows, changes: rowCount ?? 0 };
        },
      });
    } catch (thrown) {
      if (this.isTemporary(toError(thrown))) gone = true;
      throw thrown;
    } finally {
      client.release(gone);
    }
  }
}
