// Whether a worker has room for one more message, by its own answers.
// Not here: who takes none although it has (../attention/stalled.ts).
// Holds: null when its answers do not say enough.
// Celery 5.6: kombu transport/virtual/base.py QoS.can_consume; worker/control.py active, reserved, scheduled
import type { Inspected } from './inspector.ts';

/** Ids of what it has in hand: running, waiting for a slot, and waiting for its ETA. */
export function heldIds(inspected: Inspected): string[] {
  const ids = new Set<string>();
  for (const r of inspected.active) ids.add(r.id);
  for (const r of inspected.reserved) ids.add(r.id);
  for (const s of inspected.scheduled) ids.add(s.request.id);
  return [...ids];
}

/** Is its prefetch window full? What it has acknowledged does not count. */
export function isPrefetchFull(inspected: Inspected): boolean | null {
  const window = inspected.stats?.prefetch_count;
  if (typeof window !== 'number') return null;
  if (window === 0) return false;
  const acknowledged = inspected.active.filter((r) => r.acknowledged === true).length;
  return heldIds(inspected).length - acknowledged >= window;
}

/** Slots there are. */
export function slotsOf(inspected: Inspected | undefined): number | null {
  const pool = inspected?.stats?.pool;
  // Python's prefork goes on telling what it was started with when it has grown or shrunk (celery/concurrency/prefork.py 5.2).
  if (pool && 'writes' in pool && Array.isArray(pool.processes) && pool.processes.length > 0)
    return pool.processes.length;
  const value = pool?.['max-concurrency'];
  return typeof value === 'number' ? value : null;
}
