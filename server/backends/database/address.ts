// Which database a SQL store is in: `db+mysql+pymysql://...`, `django-db+postgresql://...`, or `database_url` for a store that is named
// without an address.
// Celery 5.6: app/backends.py by_url, backends/database/__init__.py
import { ImproperlyConfigured } from '../../errors.ts';
import { parseUrl, safeUrl } from '../../transport/url.ts';
import type { BackendContext } from '../contract.ts';
import type { SqlDriver } from '../sql/driver.ts';
import { openSqlDriver } from '../sql/registry.ts';
import type { DatabaseOptions } from './settings.ts';

/** @param store what stands before the address in a URL */
export async function openDatabase(
  context: BackendContext,
  options: DatabaseOptions,
  store: RegExp,
): Promise<SqlDriver> {
  const address = context.url.replace(store, '') || context.settings?.database_url;
  if (typeof address !== 'string' || address === '') {
    const name = context.url.replace(/:\/\/$/, '');
    throw new ImproperlyConfigured(
      `result_backend is ${name}, which is a database without an address: write it as ` +
        `${name === 'database' ? 'db' : name}+postgresql://user@host/name, or set database_url`,
    );
  }
  const url = parseUrl(address);
  const { shortLived, poolSize, connectArgs } = options;
  return openSqlDriver(url.scheme, {
    url: { ...url, query: { ...url.query, ...connectArgs } },
    place: safeUrl(address),
    shortLived,
    poolSize,
  });
}
