// What is known of the queues of each broker that have no limit over all consumers of a channel: told when they are declared, or learned
// from RabbitMQ, which refuses who consumes one as if it were a classic queue (as where a virtual host makes every queue a quorum queue).
// Holds: it outlives a connection, so that the next does not make the same mistake.
import { toError } from '../../errors.ts';
import type { Queue } from '../entity.ts';
import { limitsEachConsumer } from './declaring.ts';

/**
 * Of a consumer of a classic queue: to be told when its queue is deleted or moves to another node. Without it RabbitMQ 3.10 may keep the
 * consumer for the queue that is declared in its place, tell nobody, and in some of a thousand cases deliver what no client hears.
 * Queues of other types refuse it.
 */
export const CANCEL_ON_FAILOVER = 'x-cancel-on-ha-failover';

export class QueueTypes {
  readonly #known = new Set<string>();

  limitsEachConsumer(queue: string): boolean {
    return this.#known.has(queue);
  }

  learn(q: Queue): void {
    if (limitsEachConsumer(q)) this.#known.add(q.name);
  }

  /** From the error that ended a connection or a channel. @returns false: nothing new */
  learnFrom(error: unknown): boolean {
    const queue = queueLimitingEach(error);
    if (queue === null || this.#known.has(queue)) return false;
    this.#known.add(queue);
    return true;
  }
}

const brokers = new Map<string, QueueTypes>();

/** @param identity the broker's, as in options.ts */
export function queueTypesOf(identity: string): QueueTypes {
  const known = brokers.get(identity) ?? new QueueTypes();
  brokers.set(identity, known);
  return known;
}

/** A queue of a type that limits each consumer by itself, as RabbitMQ says when it is consumed as classic queues are; null: it says something else. */
function queueLimitingEach(thrown: unknown): string | null {
  const { message } = toError(thrown);
  const [, noGlobal] = /queue '(.*)' in vhost '.*' does not support global qos/.exec(message) ?? [];
  const [, noCancel] = new RegExp(`invalid arg '${CANCEL_ON_FAILOVER}' for queue '(.*)' in vhost`).exec(message) ?? [];
  return noGlobal ?? noCancel ?? null;
}
