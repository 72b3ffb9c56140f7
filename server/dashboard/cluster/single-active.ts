// Queues of RabbitMQ that give their messages to one consumer at a time (x-single-active-consumer): the others stand by, with room and idle.
// Not here: what follows from it (../attention/stalled.ts, ../waiting/about-broker.ts).
// Holds: by what workers say of the queues they consume; which of them is the one nobody tells.
// RabbitMQ: single active consumer. Celery 5.6: worker/control.py active_queues
import type { ClusterView } from './view.ts';

export function isSingleActive({ inspected }: ClusterView, queue: string): boolean {
  for (const { active_queues } of inspected.values())
    for (const q of active_queues)
      if (q.name === queue && argumentOf(q.queue_arguments, 'x-single-active-consumer') === true) return true;
  return false;
}

function argumentOf(table: unknown, name: string): unknown {
  return typeof table === 'object' && table !== null ? (table as Record<string, unknown>)[name] : undefined;
}
