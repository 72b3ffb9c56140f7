// The queue that a task came from, by the worker that holds it: it says with which exchange and key the message came, and which queues
// it consumes. Of a task that no client has told of (task_send_sent_event is off by default) nothing else says it.
// Celery 5.6: worker/request.py Request.info (delivery_info), worker/control.py active_queues
import type { Inspected } from './inspector.ts';

/** null: the worker does not hold it, or several of its queues, or none, have such a binding. */
export function takenFrom(
  { active, reserved, scheduled, active_queues: queues }: Inspected,
  id: string,
): string | null {
  const request =
    active.find((one) => one.id === id) ??
    reserved.find((one) => one.id === id) ??
    scheduled.find((one) => one.request.id === id)?.request;
  if (!request) return null;
  const { exchange, routing_key: key } = request.delivery_info;
  // The default exchange leads to the queue of that name.
  const from = queues.filter((queue) =>
    exchange === '' ? queue.name === key : queue.exchange.name === exchange && queue.routing_key === key,
  );
  return from.length === 1 ? from[0]!.name : null;
}
