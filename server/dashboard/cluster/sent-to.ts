// Queues that clients have lately sent tasks to, by their events: where the broker lists none, a queue that no worker consumes is known by
// them alone.
import type { CeleryEvent } from '../../../shared/events/event.ts';

const MAX_QUEUES = 100;
/** A queue that is asked after counts as used on RabbitMQ: one that expires unused is to be left alone some time. @unit seconds */
const FORGOTTEN_AFTER = 3600;

export class SentTo {
  /** When each was last sent to, the latest last. @unit seconds since the epoch */
  readonly #queues = new Map<string, number>();
  readonly #now: () => number;

  /** @param now in seconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  take(events: readonly CeleryEvent[]): void {
    for (const { type, queue } of events) {
      if (type !== 'task-sent' || typeof queue !== 'string' || queue === '') continue;
      this.#queues.delete(queue);
      this.#queues.set(queue, this.#now());
    }
    for (const name of this.#queues.keys()) {
      if (this.#queues.size <= MAX_QUEUES) break;
      this.#queues.delete(name);
    }
  }

  names(): string[] {
    const since = this.#now() - FORGOTTEN_AFTER;
    return [...this.#queues].filter(([, at]) => at >= since).map(([name]) => name);
  }
}
