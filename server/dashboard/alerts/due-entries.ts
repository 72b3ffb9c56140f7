// The entries of beat whose time has come, read from the schedule's store now and then, while some rule wants them.
// Not here: whether that is late (evaluate.ts).

import { toError } from '../../errors.ts';
import type { ScheduleStore } from '../../schedules/contract.ts';
import { nextRun } from '../../schedules/next-run.ts';
import type { Timer } from '../../timer.ts';
import type { DueEntry } from './evaluate.ts';

/** @unit milliseconds */
const READ_MS = 15_000;

export class DueEntries {
  readonly #store: ScheduleStore | null;
  readonly #timer: Timer;
  #last: readonly DueEntry[] | string;
  #readMs = Number.NEGATIVE_INFINITY;
  #isReading = false;

  constructor(store: ScheduleStore | null, timer: Timer) {
    this.#store = store;
    this.#timer = timer;
    this.#last =
      store === null ? 'Where beat keeps its schedule is unknown to this dashboard.' : 'The schedule is being read.';
  }

  /** As they were read last; read again when that is long ago and somebody wants them. A text: why they are unknown. */
  read(isWanted: boolean): readonly DueEntry[] | string {
    if (isWanted && this.#store !== null && this.#timer.monotonic() - this.#readMs >= READ_MS)
      void this.#read(this.#store);
    return this.#last;
  }

  async #read(store: ScheduleStore): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#readMs = this.#timer.monotonic();
    try {
      const now = this.#timer.now();
      this.#last = [...(await store.load())].flatMap(([name, entry]) => {
        const { at } = nextRun(entry, now);
        return at === null || at > now ? [] : [{ name, due: at / 1000 }];
      });
    } catch (error) {
      this.#last = `The schedule cannot be read: ${toError(error).message}`;
    } finally {
      this.#isReading = false;
    }
  }
}
