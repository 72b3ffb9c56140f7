// Whether a task that has not ended is still with somebody, as far as its worker tells.
// Not here: who is online (liveness.ts), what workers answered (inspector.ts).
// Holds: 'untold' only by a worker's complete answer, younger than the task's last event: never by silence.
import type { TaskRow } from '../../../shared/wire/http.ts';
import type { Cluster } from './cluster.ts';

/** 'gone': its worker is. 'untold': its worker is there and has it no more, and no event told its end. */
export type Loss = 'gone' | 'untold';

/** How long a task may be on its way into a worker's lists, or out of them and into an event. @unit seconds */
const SETTLED = 5;
/** An answer older than that tells nothing of now. @unit seconds */
const FRESH = 60;

export function lossOf(cluster: Cluster, row: Pick<TaskRow, 'uuid' | 'state' | 'worker' | 'timestamp'>): Loss | null {
  if (row.worker === null || (row.state !== 'STARTED' && row.state !== 'RECEIVED')) return null;
  const worker = cluster.state.workers.get(row.worker);
  if (!worker) return null;
  if (cluster.statusOf(worker) === 'offline') return 'gone';
  const told = cluster.inspector.workers.get(row.worker);
  if (!told || cluster.statusOf(worker) !== 'online') return null;
  if (told.complete < row.timestamp + SETTLED || told.complete < cluster.now - FRESH) return null;
  const has = (requests: readonly { id: string }[]) => requests.some((r) => r.id === row.uuid);
  return has(told.active) || has(told.reserved) || has(told.scheduled.map((s) => s.request)) ? null : 'untold';
}
