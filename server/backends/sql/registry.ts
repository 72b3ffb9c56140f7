// Which database a URL names, loaded when asked for: a store on PostgreSQL loads nothing of MySQL.
import { ImproperlyConfigured } from '../../errors.ts';
import type { SqlDriver, SqlDriverOptions } from './driver.ts';

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
