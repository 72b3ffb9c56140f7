// What kind of pool a worker has, by its stats, and what that kind can do to a task that runs.

/** Celery names its pool from 5.3 on; before, each kind is told by what it counts (celery/concurrency 5.2, _get_info). */
export function poolName(pool: Record<string, unknown> | undefined): string | null {
  if (!pool) return null;
  const name = pool.implementation;
  if (typeof name === 'string') return (/(\w+):TaskPool$/.exec(name) ?? /^umbel:(\w+)$/.exec(name))?.[1] ?? name;
  if ('writes' in pool) return 'prefork';
  if ('free-threads' in pool) return 'eventlet';
  if ('threads' in pool) return 'threads';
  if (pool['put-guarded-by-semaphore'] === true && Array.isArray(pool.processes)) return 'solo';
  return null;
}

/** 'kill': its pool can end what runs. 'abort': it can only ask the task to stop. null: its pool is not known. */
export function terminationBy(pool: Record<string, unknown> | undefined): 'kill' | 'abort' | null {
  const name = poolName(pool);
  if (name === null) return null;
  return /prefork|processes|threads/i.test(name) ? 'kill' : 'abort';
}
