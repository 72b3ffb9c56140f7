// MySQL and MariaDB by the package `mysql2`: `db+mysql://user:password@host:3306/database`.
// Holds: what does not fit a column is refused, never cut by the server (strict mode); names stand in double quotes (ANSI_QUOTES); a
// connection that failed or did not answer is not used again.
import { readFileSync } from 'node:fs';
import { toError } from '../../errors.ts';
import { optionalDriver } from '../optional-driver.ts';
import type { SqlDriver, SqlDriverOptions, SqlParam, SqlQueries, SqlResult } from './driver.ts';

interface MysqlConnection {
  execute(options: { sql: string; timeout?: number; values?: readonly unknown[] }): Promise<[unknown, unknown]>;
  query(options: { sql: string; timeout?: number }): Promise<[unknown, unknown]>;
  release(): void;
  destroy(): void;
}
interface MysqlPool {
  getConnection(): Promise<MysqlConnection>;
  on(event: 'connection', listener: (connection: { query(sql: string, done: () => void): void }) => void): void;
  end(): Promise<void>;
}
interface Mysql {
  createPool(options: Record<string, unknown>): MysqlPool;
}

/** @unit milliseconds */
const CONNECT_MS = 10_000;
const ANSWER_MS = 30_000;
const SESSION = [
  "SET SESSION sql_mode = CONCAT_WS(',', @@sql_mode, 'ANSI_QUOTES', 'STRICT_TRANS_TABLES'), SESSION time_zone = '+00:00'",
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];

export async function openMysql(options: SqlDriverOptions): Promise<SqlDriver> {
  const mysql = await optionalDriver<Mysql>('mysql2/promise', 'A result store on MySQL or MariaDB');
  const { url } = options;
  const { unix_socket: socketPath, ssl_ca: ca, ssl_cert: cert, ssl_key: key } = url.query;
  const file = (path: string | undefined) => (path ? readFileSync(path, 'utf8') : undefined);
  const pool = mysql.createPool({
    ...(socketPath ? { socketPath } : { host: url.host || '127.0.0.1', port: url.port ?? 3306 }),
    user: url.username ?? undefined,
    password: url.password ?? undefined,
    database: url.path || undefined,
    ...(ca || cert ? { ssl: { ca: file(ca), cert: file(cert), key: file(key) } } : {}),
    connectionLimit: options.poolSize,
    connectTimeout: CONNECT_MS,
    maxPreparedStatements: 100,
    dateStrings: true,
    charset: 'utf8mb4',
    enableKeepAlive: true,
  });
  pool.on('connection', (connection) => {
    for (const sql of SESSION) connection.query(sql, () => {});
  });
  return new MysqlDriver(pool, options);
}

class MysqlDriver implements SqlDriver {
  readonly dialect = 'mysql';
  readonly place: string;
  readonly #pool: MysqlPool;
  readonly #shortLived: boolean;
  #ending: Promise<void> | null = null;

  constructor(pool: MysqlPool, { place, shortLived }: SqlDriverOptions) {
    this.#pool = pool;
    this.place = place;
    this.#shortLived = shortLived;
  }

  query(sql: string, params: readonly SqlParam[] = []): Promise<SqlResult> {
    return this.#use((queries) => queries.query(sql, params));
  }

  transaction<T>(work: (queries: SqlQueries) => Promise<T>): Promise<T> {
    return this.#use(async (queries, connection) => {
      await connection.query({ sql: 'START TRANSACTION', timeout: ANSWER_MS });
      try {
        const value = await work(queries);
        await connection.query({ sql: 'COMMIT', timeout: ANSWER_MS });
        return value;
      } catch (error) {
        // On a connection that is gone there is nothing to take back; the first error is the one to tell.
        await connection.query({ sql: 'ROLLBACK', timeout: ANSWER_MS }).catch(() => {});
        throw error;
      }
    });
  }

  isTemporary(error: Error): boolean {
    const { code = '' } = error as Error & { code?: string };
    if (/^(PROTOCOL_|E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_AGAIN)|ENOTFOUND|ENOENT)/.test(code)) return true;
    // OPTION_PREVENTS: it became a replica.
    return (
      /^ER_(LOCK_|CON_COUNT|QUERY_INTERRUPTED|CONNECTION_KILLED|OPTION_PREVENTS|TOO_MANY_USER|SERVER_SHUTDOWN|NORMAL_SHUTDOWN|RECORD_FILE_FULL|DISK_FULL|OUT_OF)/.test(
        code,
      ) || /closed state|connection.*(lost|closed)/i.test(error.message)
    );
  }

  lacksLetters(error: Error & { code?: string }): boolean {
    return error.code === 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD';
  }

  lacksTable(error: Error & { code?: string }): boolean {
    return error.code === 'ER_NO_SUCH_TABLE';
  }

  close(): Promise<void> {
    this.#ending ??= this.#pool.end();
    return this.#ending;
  }

  async #use<T>(work: (queries: SqlQueries, connection: MysqlConnection) => Promise<T>): Promise<T> {
    const connection = await this.#pool.getConnection();
    let gone = this.#shortLived;
    try {
      const query = async (sql: string, params: readonly SqlParam[] = []): Promise<SqlResult> => {
        const [answer] = await connection.execute({ sql, values: params.map(sendable), timeout: ANSWER_MS });
        if (Array.isArray(answer)) return { rows: answer as Record<string, unknown>[], changes: 0 };
        return { rows: [], changes: (answer as { affectedRows?: number }).affectedRows ?? 0 };
      };
      return await work({ query }, connection);
    } catch (thrown) {
      if (this.isTemporary(toError(thrown))) gone = true;
      throw thrown;
    } finally {
      if (gone) connection.destroy();
      else connection.release();
    }
  }
}

function sendable(value: SqlParam): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array && !Buffer.isBuffer(value) ? Buffer.from(value) : value;
}
