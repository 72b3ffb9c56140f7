// Scheme of a result_backend URL to store, loaded when asked for.
// What the package shows of stores under `umbel/backend`, for who writes one of his own (examples/custom-store).
// Holds: an unknown scheme is refused with the known ones; secrets of the URL are not shown.
import { ImproperlyConfigured } from '../errors.ts';
import { parseUrl, safeUrl } from '../transport/url.ts';
import type { Backend, BackendContext, BackendFactory, BackendFlags } from './contract.ts';
import { DATABASE, DISABLED, DJANGO, FILESYSTEM, MEMCACHED, MEMORY, REDIS, RPC, SQLITE } from './flags.ts';

export { BackendError } from '../errors.ts';
export type { ResultMeta } from '../protocol/result-meta.ts';
export type * from './contract.ts';
export { countsChords } from './contract.ts';
export { PolledResults } from './polled.ts';

interface Kind {
  readonly flags: BackendFlags;
  readonly load: () => Promise<BackendFactory>;
}
const kinds = new Map<string, Kind>();

/** Make a store known for a scheme; `load` runs when a URL asks for it. The last registration wins. */
export function registerBackend(scheme: string, flags: BackendFlags, load: () => Promise<BackendFactory>): void {
  kinds.set(scheme.toLowerCase(), { flags, load });
}

const memory = async (): Promise<BackendFactory> => (await import('./memory.ts')).createMemoryBackend;
registerBackend('memory', MEMORY, memory);
registerBackend('cache+memory', MEMORY, memory);
registerBackend('sqlite', SQLITE, async () => (await import('./sqlite.ts')).createSqliteBackend);
const redis = async (): Promise<BackendFactory> => (await import('./redis.ts')).createRedisBackend;
for (const scheme of ['redis', 'rediss', 'redis+socket', 'socket', 'sentinel']) registerBackend(scheme, REDIS, redis);
const database = async (): Promise<BackendFactory> => (await import('./database/database.ts')).createDatabaseBackend;
for (const scheme of ['db', 'database', 'db+sqlite', 'db+postgresql', 'db+postgres', 'db+mysql', 'db+mariadb'])
  registerBackend(scheme, DATABASE, database);
const django = async (): Promise<BackendFactory> => (await import('./django/django.ts')).createDjangoBackend;
for (const scheme of [
  'django-db',
  'django-db+sqlite',
  'django-db+postgresql',
  'django-db+postgres',
  'django-db+mysql',
  'django-db+mariadb',
])
  registerBackend(scheme, DJANGO, django);
const files = async (): Promise<BackendFactory> => (await import('./filesystem.ts')).createFilesystemBackend;
for (const scheme of ['file', 'filesystem']) registerBackend(scheme, FILESYSTEM, files);
const memcached = async (): Promise<BackendFactory> =>
  (await import('./memcached/memcached.ts')).createMemcachedBackend;
for (const scheme of ['cache', 'cache+memcached', 'cache+memcache', 'cache+pylibmc', 'cache+pymemcache'])
  registerBackend(scheme, MEMCACHED, memcached);
registerBackend('rpc', RPC, async () => (await import('./rpc/rpc.ts')).createRpcBackend);
registerBackend('disabled', DISABLED, async () => (await import('./disabled.ts')).createDisabledBackend);

function backendSchemes(): string[] {
  return [...kinds.keys()];
}

/** @returns null: a kind of store that is not known here */
export function backendFlags(url: string): BackendFlags | null {
  return kindOf(url)?.flags ?? null;
}

/** Of `db+postgresql+psycopg2://` it is `db+postgresql`: the rest names a driver of Python. */
function kindOf(url: string): Kind | undefined {
  const scheme = schemeOf(url);
  return (
    kinds.get(scheme) ?? kinds.get(scheme.replace(/^database\+/, 'db+').replace(/^((?:django-)?db\+[a-z]+)\+.*$/, '$1'))
  );
}

function schemeOf(url: string): string {
  return url === '' || url === 'disabled' ? 'disabled' : parseUrl(url).scheme;
}

/**
 * The code of this kind of store, now. In a process that stays: once Node failed to load a module, for want of a file descriptor or since
 * the package was replaced on the disk meanwhile, it does not try again.
 */
export async function loadBackend(url: string): Promise<void> {
  await kinds.get(schemeOf(url))?.load();
}

/** @param context an empty URL means the disabled store */
export async function createBackend(context: BackendContext): Promise<Backend> {
  const kind = kindOf(context.url);
  if (!kind) {
    throw new ImproperlyConfigured(
      `Unknown result store ${JSON.stringify(safeUrl(context.url))}. Known: ${backendSchemes()
        .filter((known) => known !== 'disabled')
        .map((known) => `${known}://`)
        .join(', ')}`,
    );
  }
  return (await kind.load())(context);
}
