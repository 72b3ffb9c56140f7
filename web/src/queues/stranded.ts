// Whether anybody consumes a queue. Pure.
import type { QueueRow } from '../../../shared/wire/queues.ts';

/** No worker says that it consumes it, and the broker counts none. */
export const isUnconsumed = (q: QueueRow): boolean =>
  q.consumers === 0 || (q.consumers === null && q.workers.length === 0);

export const isPaused = (q: QueueRow): boolean => (q.paused ?? null) !== null;

/** What no consumer will take, though nobody wanted that. */
export const isStranded = (q: QueueRow): boolean => isUnconsumed(q) && !isPaused(q) && (q.messages ?? 0) > 0;
