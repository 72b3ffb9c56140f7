// Says once that a store is away, and once that it is back, however many connections and tries that takes: results wait meanwhile, and
// nothing else would say why.
// Holds: a store that ends may still answer one connection while others fail; it is back when all has worked for a second.
import type { Logger } from '../log.ts';
import { createTimer, type Timer, type TimerHandle } from '../timer.ts';

/** @unit milliseconds */
const STEADY_MS = 1000;

const unrefTimer = createTimer({ unref: true });

export class Outage {
  readonly #place: string;
  readonly #log: Logger | undefined;
  readonly #timer: Pick<Timer, 'after'>;
  #away = false;
  #returning: TimerHandle | null = null;

  constructor(place: string, log: Logger | undefined, timer: Pick<Timer, 'after'> = unrefTimer) {
    this.#place = place;
    this.#log = log;
    this.#timer = timer;
  }

  /** Something failed for now. */
  began(error: Error): void {
    this.#cancel();
    if (this.#away) return;
    this.#away = true;
    this.#log?.warning(`The result store ${this.#place} is away (${error.message}): results wait until it is back.`);
  }

  /** Something worked. */
  ended(): void {
    if (!this.#away || this.#returning) return;
    this.#returning = this.#timer.after(STEADY_MS, () => {
      this.#returning = null;
      this.#away = false;
      this.#log?.info(`The result store ${this.#place} is back.`);
    });
  }

  /** Nothing is said any more. */
  close(): void {
    this.#cancel();
  }

  #cancel(): void {
    this.#returning?.cancel();
    this.#returning = null;
  }
}
