// What waits for a token of a rate limit: it leaves its place in the prefetch window to others, within a bound; beyond the bound the
// queues it comes from are not read until half of it has run, so that a flood of limited tasks does not keep other queues waiting.
// Not here: who waits for a token (strategy.ts), the count itself (prefetch.ts), reading queues (consumer/tasks.ts).
// Holds: never more than RATE_LIMITED_MAX places are added, whatever is waiting; a queue that is not read for this reason is read again.
// Celery 5.6 keeps such tasks in the window: a worker with one flood of them runs nothing else.

/** So many messages are held beyond the prefetch window, for all limited tasks of a worker together. */
export const RATE_LIMITED_MAX = 1000;

/** Stop and start reading one queue. */
export interface QueueReading {
  /** @param waiting how many tasks wait for their limits */
  suspend(queue: string, waiting: number): void;
  resume(queue: string): void;
}

export class RateLimited {
  readonly #changed: () => void;
  /** Messages that wait for a token, by queue. */
  readonly #waiting = new Map<string, number>();
  readonly #suspended = new Set<string>();
  #total = 0;
  #reading: QueueReading | null = null;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** By how much the prefetch window is wider. */
  get places(): number {
    return Math.min(this.#total, RATE_LIMITED_MAX);
  }

  /** Queues that are not read now. */
  get suspended(): readonly string[] {
    return [...this.#suspended];
  }

  /** From now on queues are read there. */
  attach(reading: QueueReading): void {
    this.#reading = reading;
  }

  /** The channel is gone, and with it what waited. */
  detach(): void {
    this.#reading = null;
    this.#waiting.clear();
    this.#suspended.clear();
    this.#total = 0;
  }

  held(queue: string): void {
    this.#total++;
    this.#waiting.set(queue, (this.#waiting.get(queue) ?? 0) + 1);
    this.#changed();
    if (this.#total < RATE_LIMITED_MAX || this.#suspended.has(queue) || !this.#reading) return;
    this.#suspended.add(queue);
    this.#reading.suspend(queue, this.#total);
  }

  released(queue: string): void {
    const waiting = this.#waiting.get(queue);
    if (waiting === undefined) return;
    this.#total--;
    if (waiting === 1) this.#waiting.delete(queue);
    else this.#waiting.set(queue, waiting - 1);
    this.#changed();
    if (this.#suspended.size === 0 || this.#total > RATE_LIMITED_MAX / 2) return;
    for (const name of this.#suspended) this.#reading?.resume(name);
    this.#suspended.clear();
  }
}
