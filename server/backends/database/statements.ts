// The statements of a store in SQL tables, for each database's way to say "write, unless it is a SUCCESS".
// Not here: who runs them (database.ts, ../django/).
import { placeholders, quoted, type SqlDialect } from '../sql/driver.ts';

export interface Upsert {
  readonly dialect: SqlDialect;
  /** As it stands in SQL. */
  readonly table: string;
  readonly columns: readonly string[];
  /** The column that is unique. */
  readonly key: string;
  readonly rows: number;
  /** What a new row's id is, as SQL; null: the database gives it. */
  readonly newId?: string | null;
  /** The columns that change in a row that is there. Default all but the key. */
  readonly written?: readonly string[];
  /** A row whose `status` is SUCCESS stays as it is. Default false. */
  readonly keepsSuccess?: boolean;
}

/** One statement for all rows, which name each key once. */
export function upsert({ dialect, table, columns, key, rows, newId, keepsSuccess, ...more }: Upsert): string {
  const fixed = newId ? { id: newId } : {};
  const names = [...columns, ...Object.keys(fixed)].map((name) => quoted(name)).join(', ');
  const row = `(${[...columns.map(() => '?'), ...Object.values(fixed)].join(', ')})`;
  const insert = `INSERT INTO ${table} (${names}) VALUES ${Array.from({ length: rows }, () => row).join(', ')}`;
  const written = (more.written ?? columns).filter((name) => name !== key);
  if (dialect === 'mysql') {
    // Assignments are made from left to right: the one that is asked is changed last.
    const ordered = keepsSuccess ? [...written.filter((name) => name !== 'status'), 'status'] : written;
    const set = ordered.map((name) => {
      const [one, value] = [quoted(name), `VALUES(${quoted(name)})`];
      return keepsSuccess ? `${one} = IF("status" = 'SUCCESS', ${one}, ${value})` : `${one} = ${value}`;
    });
    return `${insert} ON DUPLICATE KEY UPDATE ${set.join(', ')}`;
  }
  const set = written.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ');
  const unless = keepsSuccess ? ` WHERE ${table}."status" <> 'SUCCESS'` : '';
  return `${insert} ON CONFLICT (${quoted(key)}) DO UPDATE SET ${set}${unless}`;
}

export function selectMany(table: string, columns: readonly string[], key: string, count: number): string {
  return `SELECT ${columns.map((name) => quoted(name)).join(', ')} FROM ${table} WHERE ${quoted(key)} IN ${placeholders(count)}`;
}
