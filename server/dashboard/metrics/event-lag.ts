// How far behind its workers the dashboard takes their events in: the greatest lag of the last minute, since a reader comes every 15 to
// 60 seconds.
// Not here: lines that broke (cluster/gaps.ts), what waits to be written (history/contract.ts).
// Holds: by the workers' clocks, corrected where they are known to be off; of clients (task-sent), whose clocks nobody knows, nothing.
import type { CeleryEvent } from '../../../shared/events/event.ts';

/** @unit seconds */
const SLOT = 10;
const SLOTS = 6;

export class EventLag {
  readonly #slots: { at: number; most: number }[] = [];

  /** @param now seconds since the epoch */
  take(events: readonly CeleryEvent[], now: number): void {
    let most: number | null = null;
    for (const { type, timestamp } of events)
      if (timestamp !== undefined && type !== 'task-sent') most = Math.max(most ?? 0, now - timestamp);
    if (most === null) return;
    const at = Math.floor(now / SLOT);
    const last = this.#slots.at(-1);
    if (last?.at === at) last.most = Math.max(last.most, most);
    else this.#slots.push({ at, most });
    if (this.#slots.length > SLOTS) this.#slots.shift();
  }

  /** null: not one event in the last minute. @unit seconds */
  lag(now: number): number | null {
    const since = Math.floor(now / SLOT) - SLOTS;
    const young = this.#slots.filter(({ at }) => at > since && at <= now / SLOT);
    return young.length === 0 ? null : Math.max(...young.map(({ most }) => most));
  }
}
