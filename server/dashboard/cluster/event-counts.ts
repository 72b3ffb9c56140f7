// How many events of each type each worker has sent since this server began: what Flower's worker list counts by.
// Not here: the same by task, for /metrics (../metrics/event-tally.ts).
// Holds: bounded by the workers there are and by types; a worker that left takes its counts along.
import type { CeleryEvent } from '../../../shared/events/event.ts';

/** Types that one worker is counted by. */
const MAX_TYPES = 50;

export class EventCounts {
  readonly #counts = new Map<string, Map<string, number>>();

  /** @param isKnown is there a worker of this name? */
  add(events: readonly CeleryEvent[], isKnown: (hostname: string) => boolean): void {
    for (const { hostname, type } of events) {
      if (!hostname) continue;
      let counts = this.#counts.get(hostname);
      if (!counts) {
        if (!isKnown(hostname)) continue;
        counts = new Map();
        this.#counts.set(hostname, counts);
      }
      const count = counts.get(type);
      if (count !== undefined || counts.size < MAX_TYPES) counts.set(type, (count ?? 0) + 1);
    }
  }

  /** By type, in the order in which each was first heard. */
  of(hostname: string): ReadonlyMap<string, number> {
    return this.#counts.get(hostname) ?? new Map();
  }

  forgetWorkers(hostnames: readonly string[]): void {
    for (const hostname of hostnames) this.#counts.delete(hostname);
  }
}
