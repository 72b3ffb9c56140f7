// Scheme of a result_backend URL to store, loaded when asked for.
// Holds: an unknown scheme is refused with the known ones; secrets of the URL are not shown.
import { ImproperlyConfigured } from '../errors.ts';
import { parseUrl, safeUrl } from '../transport/url.ts';
import type { Backend, BackendContext, BackendFactory } from './contract.ts';

const factories = new Map<string, () => Promise<BackendFactory>>();

/** Make a store known for a scheme; `load` runs when a URL asks for it. The last registration wins. */
export function registerBackend(scheme: string, load: () => Promise<BackendFactory>): void {
  factories.set(scheme.toLowerCase(), load);
}

const memory = async (): Promise<BackendFactory> => (await import('./memory.ts')).createMemoryBackend;
registerBackend('memory', memory);
registerBackend('cache+memory', memory);
registerBackend('sqlite', async () => (await import('./sqlite.ts')).createSqliteBackend);
const redis = async (): Promise<BackendFactory> => (await import('./redis.ts')).createRedisBackend;
for (const scheme of ['redis', 'rediss', 'redis+socket', 'socket', 'sentinel']) registerBackend(scheme, redis);
registerBackend('disabled', async () => (await import('./disabled.ts')).createDisabledBackend);

function backendSchemes(): string[] {
  return [...factories.keys()];
}

/** @param context an empty URL means the disabled store */
export async function createBackend(context: BackendContext): Promise<Backend> {
  const scheme = context.url === '' ? 'disabled' : parseUrl(context.url).scheme;
  const load = factories.get(scheme);
  if (!load) {
    throw new ImproperlyConfigured(
      `Unknown result store ${JSON.stringify(safeUrl(context.url))}. Known: ${backendSchemes()
        .filter((known) => known !== 'disabled')
        .map((known) => `${known}://`)
        .join(', ')}`,
    );
  }
  return (await load())(context);
}
