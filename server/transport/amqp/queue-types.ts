// What is known of the queues of each broker that have no limit over all consumers of a channel: told when they are declared, or learned
// from RabbitMQ, which ends the connection of who consumes one with such a limit (as where a virtual host makes every queue a quorum queue).
// Holds: it outlives a connection, so that the next does not make the same mistake.
import type { Queue } from '../entity.ts';
import { limitsEachConsumer } from './declaring.ts';
import { queueWithoutGlobalQos } from './failure.ts';

export class QueueTypes {
  readonly #known = new Set<string>();

  limitsEachConsumer(queue: string): boolean {
    return this.#known.has(queue);
  }

  learn(q: Queue): void {
    if (limitsEachConsumer(q)) this.#known.add(q.name);
  }

  /** From the error that ended a connection. */
  learnFrom(error: unknown): void {
    const queue = queueWithoutGlobalQos(error);
    if (queue !== null) this.#known.add(queue);
  }
}

const brokers = new Map<string, QueueTypes>();

/** @param identity the broker's, as in options.ts */
export function queueTypesOf(identity: string): QueueTypes {
  const known = brokers.get(identity) ?? new QueueTypes();
  brokers.set(identity, known);
  return known;
}
