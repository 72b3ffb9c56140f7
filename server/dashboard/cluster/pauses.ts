// Queues that somebody paused here: since when, by whom, and which workers stopped consuming them then.
// Not here: pausing and resuming (../operations/on-queues.ts), bringing them back from the audit log at start (../rooms.ts).
// Holds: bounded, the oldest leave first; that a worker consumes a paused queue again (it was started anew) ends no pause: it is shown.
import { BoundedMap } from '../../../shared/bounded-map.ts';

export interface Pause {
  /** @unit seconds since the epoch */
  readonly at: number;
  readonly who: string;
  /** Id in the audit log. */
  readonly operation: number;
  readonly workers: readonly string[];
}

const MAX_PAUSED = 2000;

export class Pauses {
  readonly #paused = new BoundedMap<string, Pause>(MAX_PAUSED);

  of(queue: string): Pause | null {
    return this.#paused.get(queue) ?? null;
  }

  /** @param pause null: it is resumed */
  set(queue: string, pause: Pause | null): void {
    if (pause === null) this.#paused.delete(queue);
    else this.#paused.set(queue, pause);
  }
}
