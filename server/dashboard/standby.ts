// A dashboard that stands by while another process has its history, and takes its place when that one is gone (option `standby`).
// Not here: who has a history (history/sqlite/owner.ts), what requests are told meanwhile (plugin.ts).
// Holds: it is looked every second; the system ends a lock with its process, so nothing has to run out before.
// Celery has no counterpart; our beats stand by in the same way (beat/).
import { ImproperlyConfigured, toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Timer } from '../timer.ts';
import { FileTaken } from './history/contract.ts';

/** @unit milliseconds */
const LOOK_MS = 1000;

export class Standby {
  readonly #timer: Timer;
  readonly #log: Logger;
  /** Why it waits; null: it does not. */
  reason: string | null = null;
  #stopped = false;
  #wake = () => {};
  readonly #waits: Promise<void>;
  #begins = () => {};

  constructor(timer: Timer, log: Logger) {
    this.#timer = timer;
    this.#log = log;
    this.#waits = new Promise((resolve) => {
      this.#begins = resolve;
    });
  }

  /** Resolves when it begins to wait; never otherwise. */
  get waits(): Promise<void> {
    return this.#waits;
  }

  /** As soon as nobody else has it. @throws what `open` throws for other reasons; ImproperlyConfigured when it is stopped meanwhile */
  async open<T>(open: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const opened = await open();
        if (this.reason !== null) this.#log.warning('The other dashboard is gone: this one takes its place');
        this.reason = null;
        return opened;
      } catch (error) {
        if (!(error instanceof FileTaken)) throw error;
        if (this.reason === null) this.#log.warning(`Standing by: ${error.message}`);
        this.reason = toError(error).message;
        this.#begins();
      }
      if (!this.#stopped)
        await new Promise<void>((resolve) => {
          const handle = this.#timer.after(LOOK_MS, resolve);
          this.#wake = () => {
            handle.cancel();
            resolve();
          };
        });
      if (this.#stopped) throw new ImproperlyConfigured('It was stopped while it stood by for another dashboard.');
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }
}
