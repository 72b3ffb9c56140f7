// How tasks usually run, by name, from the history: what a running task is compared with.
// Not here: figures of the whole cluster (trends.ts), what follows from a comparison (../attention/, ../waiting/).
// Holds: the one reader of these figures, for every page and conclusion; whoever asks within SHARED_MS gets the same reading; a name
// that has not finished yet has no baseline, which is not 0.
import type { Timer } from '../../timer.ts';
import type { HistoryStore, KeyStats } from '../history/contract.ts';

const HOUR = 3600;
const WEEK = 7 * 24 * HOUR;
/** @unit milliseconds */
const HOUR_SHARED_MS = 2000;
const WEEK_SHARED_MS = 60_000;

export type Runtimes = ReadonlyMap<string, KeyStats>;

export class Baselines {
  readonly #history: HistoryStore;
  readonly #timer: Timer;
  readonly #shared = new Map<number, { atMs: number; runtimes: Promise<Runtimes> }>();

  constructor(history: HistoryStore, timer: Timer) {
    this.#history = history;
    this.#timer = timer;
  }

  /** Every name that finished within the last hour: what the pages call its baseline. Rejects when the history does not answer. */
  lastHour(): Promise<Runtimes> {
    return this.#over(HOUR, HOUR_SHARED_MS);
  }

  /** ... within the last seven days: enough to say what is unusual. Read once a minute at most. */
  lastWeek(): Promise<Runtimes> {
    return this.#over(WEEK, WEEK_SHARED_MS);
  }

  #over(span: number, sharedMs: number): Promise<Runtimes> {
    const atMs = this.#timer.monotonic();
    const known = this.#shared.get(span);
    if (known && atMs - known.atMs < sharedMs) return known.runtimes;
    const now = this.#timer.now() / 1000;
    const runtimes = this.#history
      .keyStats('task', now - span, now + 60, null)
      .then((stats) => new Map(stats.map((one) => [one.key, one])));
    this.#shared.set(span, { atMs, runtimes });
    // One that failed is no answer for those who come later.
    runtimes.catch(() => this.#shared.delete(span));
    return runtimes;
  }
}
