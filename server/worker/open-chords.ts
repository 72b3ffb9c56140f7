// Step: looks after chords that stay open, as every worker does in turn. What it does with one: app/open-chords.ts.
// Holds: one check at a time; the store hands each chord to one worker, the older the rarer; what fails is tried at the next check.
// Where no chord is open the store is left alone, until a part of one is counted here; once in a minute it is asked all the same, for
// the chords of a worker that died and was the only one to know.
import { checkOpenChords } from '../app/open-chords.ts';
import { toError } from '../errors.ts';
import type { TimerHandle } from '../timer.ts';
import { Bootstep } from './blueprint.ts';
import type { Worker } from './worker.ts';

/** While chords are open. @unit milliseconds */
export const CHECK_EVERY_MS = 5000;
/** While there are none. @unit milliseconds */
export const IDLE_CHECK_EVERY_MS = 60_000;

export class OpenChordsStep extends Bootstep<Worker> {
  static override label = 'OpenChords';
  #timer: TimerHandle | null = null;
  #isChecking = false;
  #anyOpen = true;
  #checkedMs = 0;
  /** Parts that this process had counted at the last check. */
  #parts = 0;

  override start(worker: Worker): void {
    this.#timer = worker.timer.every(CHECK_EVERY_MS, () => void this.#tick(worker));
  }

  override stop(): void {
    this.#timer?.cancel();
  }

  async #tick({ app, log, timer }: Worker): Promise<void> {
    const isIdle = !this.#anyOpen && app.chordPartsCounted === this.#parts;
    const nowMs = timer.monotonic();
    if (this.#isChecking || (isIdle && nowMs - this.#checkedMs < IDLE_CHECK_EVERY_MS)) return;
    this.#isChecking = true;
    this.#checkedMs = nowMs;
    this.#parts = app.chordPartsCounted;
    try {
      this.#anyOpen = (await checkOpenChords(app)).anyOpen;
    } catch (error) {
      log.debug(`Cannot look after open chords: ${toError(error).message}`);
    }
    this.#isChecking = false;
  }
}
