// Since when the process that answers under a worker's name runs, and what an earlier process of that name had in hand: a worker that is
// started again under its own name is another one, and has nothing of what the one before had taken.
// Not here: workers that fell silent (held.ts, worker-watch.ts).
// Holds: by the worker's own uptime and our clock; where two processes answer by turns nothing is concluded.
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { ClusterView } from './view.ts';

/** Uptimes are whole seconds, and an event is some time on its way. @unit seconds */
const SLACK = 2;

/** null: it has not said for how long it runs, or two processes have its name. @unit seconds since the epoch */
export function processSince(cluster: ClusterView, hostname: string): number | null {
  const uptime = cluster.inspected.get(hostname)?.stats?.uptime;
  const at = cluster.inspector.answeredAt(hostname, 'stats');
  if (typeof uptime !== 'number' || at === null || cluster.watch.shared(hostname) !== null) return null;
  return at - uptime;
}

/** Since when the process that had it is gone, its worker having been started again; null: that is not so, or not known. */
export function replacedSince(
  cluster: ClusterView,
  { uuid, worker, timestamp }: Pick<TaskRow, 'uuid' | 'worker' | 'timestamp'>,
): number | null {
  if (worker === null) return null;
  const since = processSince(cluster, worker);
  if (since === null || timestamp + SLACK >= since) return null;
  const inspected = cluster.inspected.get(worker)!;
  // It was delivered again, and no event of that was heard.
  const lists = [inspected.active, inspected.reserved, inspected.scheduled.map((one) => one.request)];
  return lists.some((list) => list.some(({ id }) => id === uuid)) ? null : since;
}
