// Pool names and the pools behind them, loaded when asked for.
// Not here: what a pool is (contract.ts).
// Celery 5.6: concurrency/__init__.py
import { ImproperlyConfigured } from '../errors.ts';
import type { Pool, PoolContext, PoolFactory } from './contract.ts';

const inProcess = () => import('./in-process.ts');
const LOADERS = new Map<string, () => Promise<PoolFactory>>([
  ['async', async () => (await inProcess()).createAsyncPool],
  ['solo', async () => (await inProcess()).createSoloPool],
]);

/** Celery's names for what a pool of ours does: many tasks at once in one process. */
const ALIASES: Readonly<Record<string, string>> = { gevent: 'async', eventlet: 'async', processes: 'prefork' };

export function registerPool(name: string, load: () => Promise<PoolFactory>): void {
  LOADERS.set(name, load);
}

export function poolNames(): string[] {
  return [...LOADERS.keys()];
}

export async function createPool(name: string, context: PoolContext): Promise<Pool> {
  const load = LOADERS.get(ALIASES[name] ?? name);
  if (!load) {
    throw new ImproperlyConfigured(`There is no pool '${name}' here. Known pools: ${poolNames().join(', ')}.`);
  }
  return (await load())(context);
}
