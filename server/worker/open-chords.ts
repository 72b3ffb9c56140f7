// Step: looks after chords that stay open, as every worker does in turn. What it does with one: app/open-chords.ts.
// Holds: one look at a time; the store hands each chord to one worker, the older the rarer; what fails is tried at the next look.
import { checkOpenChords } from '../app/open-chords.ts';
import { toError } from '../errors.ts';
import type { TimerHandle } from '../timer.ts';
import { Bootstep } from './blueprint.ts';
import type { Worker } from './worker.ts';

/** @unit milliseconds */
export const LOOK_EVERY_MS = 5000;

export class OpenChordsStep extends Bootstep<Worker> {
  static override label = 'OpenChords';
  #timer: TimerHandle | null = null;
  #looking = false;

  override start(worker: Worker): void {
    this.#timer = worker.timer.every(LOOK_EVERY_MS, () => void this.#look(worker));
  }

  override stop(): void {
    this.#timer?.cancel();
  }

  async #look({ app, log }: Worker): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await checkOpenChords(app);
    } catch (error) {
      log.debug(`Cannot look after open chords: ${toError(error).message}`);
    }
    this.#looking = false;
  }
}
