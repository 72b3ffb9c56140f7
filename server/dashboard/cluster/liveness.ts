// Who is online, late or gone.
// Not here: heartbeats (shared/events/worker-record.ts).
// Holds: a worker that said goodbye is offline at once; one that fell silent is late for GRACE, then offline.
import { isAlive, type WorkerRecord, workerExpires } from '../../../shared/events/worker-record.ts';

export type Liveness = 'online' | 'late' | 'offline';
/** How long a silent worker may come back before it counts as lost. @unit seconds */
export const GRACE = 60;

/** @param now seconds since the epoch */
export function liveness(w: WorkerRecord, now: number): Liveness {
  if (w.left) return 'offline';
  if (isAlive(w, now)) return 'online';
  const expired = workerExpires(w);
  return expired !== null && now < expired + GRACE ? 'late' : 'offline';
}

/** It fell silent without a goodbye. */
export function isLost(w: WorkerRecord, now: number): boolean {
  return !w.left && !isAlive(w, now);
}
