// How tasks ended by the minute, of the last hour, by task name and by queue: what rules on failures are judged by.
// Not here: roll-ups of the history, which charts read (../history/). These are counted in memory, so that no rule asks the history.
// Holds: it begins to count when it is made; names beyond a bound are left out.
import type { TryEnd } from '../../../shared/events/cluster-state.ts';

const MINUTES = 61;
const MAX_KEYS = 5000;
/** One sum serves all rules for so long. @unit seconds */
const SHARED_S = 5;

export interface Ends {
  readonly name: string;
  readonly ended: number;
  readonly failed: number;
}
type Counts = Map<string, { ended: number; failed: number }>;

export class EndRates {
  readonly #minutes = new Map<number, { task: Counts; queue: Counts }>();
  readonly #sums = new Map<string, { readonly at: number; readonly ends: Ends[] }>();

  /** What ended longer ago, or is said to end in the future, is left out. @param now seconds since the epoch */
  add(finishes: readonly TryEnd[], now: number): void {
    const current = Math.floor(now / 60);
    for (const minute of this.#minutes.keys()) if (minute <= current - MINUTES) this.#minutes.delete(minute);
    for (const { task, state, at } of finishes) {
      const minute = Math.floor(at / 60);
      if ((state !== 'SUCCESS' && state !== 'FAILURE') || minute <= current - MINUTES || minute > current + 1) continue;
      const counts = this.#minutes.get(minute) ?? { task: new Map(), queue: new Map() };
      this.#minutes.set(minute, counts);
      count(counts.task, task.name, state === 'FAILURE');
      count(counts.queue, task.queue, state === 'FAILURE');
    }
  }

  /** By name. @param minutes this one and so many before it  @param now seconds since the epoch */
  over(of: 'task' | 'queue', minutes: number, now: number): Ends[] {
    const shared = this.#sums.get(`${of} ${minutes}`);
    if (shared && now >= shared.at && now < shared.at + SHARED_S) return shared.ends;
    const current = Math.floor(now / 60);
    const sums: Counts = new Map();
    for (const [minute, counts] of this.#minutes) {
      if (minute < current - minutes) continue;
      for (const [name, { ended, failed }] of counts[of]) {
        const sum = sums.get(name) ?? { ended: 0, failed: 0 };
        sums.set(name, { ended: sum.ended + ended, failed: sum.failed + failed });
      }
    }
    const ends = [...sums].map(([name, sum]) => ({ name, ...sum }));
    this.#sums.set(`${of} ${minutes}`, { at: now, ends });
    return ends;
  }
}

function count(counts: Counts, name: string | null, isFailure: boolean): void {
  if (name === null) return;
  const sum = counts.get(name) ?? (counts.size < MAX_KEYS ? { ended: 0, failed: 0 } : null);
  if (sum === null) return;
  sum.ended++;
  if (isFailure) sum.failed++;
  counts.set(name, sum);
}
