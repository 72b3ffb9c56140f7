// How fast tasks leave each queue, by their ends over the last minutes, from the history: so it is known again at once after a restart.
// Not here: how fast a queue grows or falls (queue-probe.ts); rates of one worker (trends.ts).
// Holds: Celery's task events name no queue unless senders set task_send_sent_event. Where tasks end whose queue is unknown, the rate of
// a queue is that of its workers if they consume nothing else, and else unknown, never 0.

import { perMinuteSince, recentPerMinute, type Trends } from './trends.ts';
import type { ClusterView } from './view.ts';

/** @param since over five minutes when not given; else since then, seconds since the epoch. @returns null: unknown */
export type QueueRate = (queue: string, workers: readonly string[], since?: number) => number | null;

export function queueRates(cluster: Pick<ClusterView, 'inspected' | 'now' | 'sendsEvents' | 'trends'>): QueueRate {
  const { inspected, now, trends } = cluster;
  const unnamed = recentPerMinute(trends, endsWithoutQueue(trends), now);
  return (queue, workers, since) => {
    const rateOf = (line: readonly number[] | undefined) =>
      since === undefined ? recentPerMinute(trends, line, now) : perMinuteSince(trends, line, now, since);
    // What these do is not heard.
    if (unnamed === null || workers.some((hostname) => cluster.sendsEvents(hostname) === false)) return null;
    if (unnamed === 0) return rateOf(trends.byQueue.get(queue));
    if (workers.length === 0) return null;
    let sum = 0;
    for (const hostname of workers) {
      const consumed = inspected.get(hostname)?.active_queues ?? [];
      const rate = rateOf(trends.byWorker.get(hostname));
      if (rate === null || consumed.some((q) => q.name !== queue)) return null;
      sum += rate;
    }
    return sum;
  };
}

/** By the minute, as `trends.finished`. */
function endsWithoutQueue(trends: Trends): number[] {
  const ends = trends.finished.map((n) => n ?? 0);
  for (const line of trends.byQueue.values()) for (const [i, n] of line.entries()) ends[i]! -= n;
  return ends.map((n) => Math.max(0, n));
}
