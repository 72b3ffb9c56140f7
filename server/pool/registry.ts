// Pool names and the pools behind them, loaded when asked for; a name with a path in it is a module of the user's that makes one.
// Not here: what a pool is (contract.ts).
// Celery 5.6: concurrency/__init__.py
import { importModule, locate } from '../app/load.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { Pool, PoolContext, PoolFactory } from './contract.ts';

const inProcess = () => import('./in-process.ts');
const withChildren = () => import('./child-pool.ts');
const LOADERS = new Map<string, () => Promise<PoolFactory>>([
  ['async', async () => (await inProcess()).createAsyncPool],
  ['solo', async () => (await inProcess()).createSoloPool],
  ['prefork', async () => (await withChildren()).createPreforkPool],
  ['threads', async () => (await withChildren()).createThreadsPool],
]);

/** Celery's names for what a pool of ours does: many tasks at once in one process. */
const ALIASES: Readonly<Record<string, string>> = { gevent: 'async', eventlet: 'async', processes: 'prefork' };

/** The environment's pool behind the name `custom`. */
const CUSTOM = 'CELERY_CUSTOM_WORKER_POOL';

export function registerPool(name: string, load: () => Promise<PoolFactory>): void {
  LOADERS.set(name, load);
}

export function poolNames(): string[] {
  return [...LOADERS.keys()];
}

/**
 * The name a pool goes by here: 'gevent', 'celery.concurrency.prefork:TaskPool' and 'custom' are names for others.
 * @throws ImproperlyConfigured for 'custom' when the environment says nothing of it
 */
export function poolNamed(given: string): string {
  const name = /^celery\.concurrency\.(\w+):TaskPool$/.exec(given)?.[1] ?? given;
  if (name !== 'custom') return ALIASES[name] ?? name;
  const custom = process.env[CUSTOM];
  if (!custom) throw new ImproperlyConfigured(`The pool 'custom' is the one that ${CUSTOM} names, which is not set.`);
  return custom === 'custom' ? custom : poolNamed(custom);
}

/** Its bodies run in children, each with memory of its own. */
export function hasChildren(name: string): boolean {
  return name === 'prefork' || name === 'threads';
}

/** @throws ImproperlyConfigured for a name that is no pool, and a module that makes none */
export async function createPool(given: string, context: PoolContext): Promise<Pool> {
  const name = poolNamed(given);
  const load = LOADERS.get(name);
  if (load) return (await load())(context);
  if (/[./:]/.test(name)) return (await factoryOf(name, context.source?.workdir ?? process.cwd()))(context);
  throw new ImproperlyConfigured(
    `There is no pool '${name}' here. Known pools: ${poolNames().join(', ')}. A pool of your own is named by its module: ./my-pool.js.`,
  );
}

/** './my-pool.ts', 'proj/pools:createMine': its export of that name, else `createPool` or the default one. */
async function factoryOf(name: string, workdir: string): Promise<PoolFactory> {
  const colon = name.lastIndexOf(':');
  const path = colon > 1 ? name.slice(0, colon) : name;
  const exported = colon > 1 ? name.slice(colon + 1) : null;
  const module = await importModule(locate(path, workdir), workdir);
  const factory = exported ? module[exported] : (module['createPool'] ?? module['default']);
  if (typeof factory === 'function') return factory as PoolFactory;
  throw new ImproperlyConfigured(
    `The module of the pool '${name}' exports no ${exported ?? 'createPool'}: write export function ` +
      `${exported ?? 'createPool'}(context) { ... }, which makes a pool (umbel/pool).`,
  );
}
