// How many messages wait in each queue, measured when it is asked for; of RabbitMQ all that its management API tells of each, where its
// address is known.
// Not here: measuring (queue-probe.ts), a queue as pages show it (rows.ts).
// Holds: queues that nobody consumes are there too; null is nothing that is said of one.
// Flower: utils/broker.py
import type { ClusterView } from './view.ts';

export type QueueLength = Readonly<Record<string, unknown>> & { readonly name: string };

export async function queueLengths(cluster: ClusterView): Promise<QueueLength[]> {
  await cluster.probeQueues();
  const known = [...cluster.queues.values()].filter(({ status }) => status !== null);
  // Celery's Redis has no key for a queue that is empty: it is one all the same where workers consume it.
  const names = new Set([...known.map(({ name }) => name), ...cluster.consumedQueues()]);
  const objects = cluster.management ? await cluster.management.objects() : null;
  if (objects) {
    const isQueue = (one: Record<string, unknown>): one is QueueLength =>
      typeof one.name === 'string' && names.has(one.name);
    return objects.filter(isQueue);
  }
  return [...names].sort().map((name) => {
    const { messages = 0, unacked = null, consumers = null } = cluster.queues.get(name)?.status ?? {};
    return {
      name,
      messages,
      ...(unacked === null ? {} : { messages_unacknowledged: unacked }),
      ...(consumers === null ? {} : { consumers }),
    };
  });
}
