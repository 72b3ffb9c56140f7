// Who is online, late or gone.
// Not here: heartbeats (shared/events/worker-record.ts).
// Holds: a worker that said goodbye is offline at once; one that fell silent is late for GRACE, then offline.
import { isAlive, type WorkerRecord, workerExpires } from '../../../shared/events/worker-record.ts';

export type Liveness = 'online' | 'late' | 'offline';
/** How long a silent worker may come back before it counts as lost. @unit seconds */
export const GRACE = 60;

/**
 * @param now seconds since the epoch
 * @param answered when it last answered a question: a sign of life of one that sends no heartbeats, and only of that one
 * @param lately how old such an answer may be. @unit seconds
 */
export function liveness(w: WorkerRecord, now: number, answered?: number, lately = 0): Liveness {
  if (w.left) return 'offline';
  let expired = workerExpires(w);
  if (answered !== undefined && answered > (expired ?? 0)) expired = answered + lately;
  if (expired !== null && now < expired) return 'online';
  return expired !== null && now < expired + GRACE ? 'late' : 'offline';
}

/** It fell silent without a goodbye. */
export function isLost(w: WorkerRecord, now: number): boolean {
  return !w.left && !isAlive(w, now);
}
