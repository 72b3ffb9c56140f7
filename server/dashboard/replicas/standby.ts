// A dashboard that stands by while another process has its history, and takes its place when that one is gone (option `standby`).
// Not here: who has a history (../history/sqlite/owner.ts), what becomes of requests meanwhile (stand-in.ts).
// Holds: it is looked every second, and at once when the other one does not answer; the system ends a lock with its process, so nothing has
// to run out before. Looking holds nothing up: requests are passed on meanwhile.
// Celery has no counterpart; our beats stand by in the same way (beat/).
import { ImproperlyConfigured, toError } from '../../errors.ts';
import { lockHolder } from '../../file-lock.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import { FileTaken } from '../history/contract.ts';

/** @unit milliseconds */
const LOOK_MS = 1000;

export class Standby {
  readonly #timer: Timer;
  readonly #log: Logger;
  readonly #file: string | null;
  /** Why it waits; null: it does not. */
  reason: string | null = null;
  #stopped = false;
  #wake = () => {};
  readonly #waits: Promise<void>;
  #begins = () => {};

  /** @param file of the history; null: it is in none, and whether it is free shows when it is opened */
  constructor(timer: Timer, log: Logger, file: string | null) {
    this.#timer = timer;
    this.#file = file;
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
      // Who opens a history waits for its lock, and nothing else is done meanwhile.
      do {
        if (!this.#stopped) await this.#waitToLook();
        if (this.#stopped) throw new ImproperlyConfigured('It was stopped while it stood by for another dashboard.');
      } while (this.#file !== null && isTaken(this.#file));
    }
  }

  /** Look now. */
  look(): void {
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  #waitToLook(): Promise<void> {
    return new Promise((resolve) => {
      const handle = this.#timer.after(LOOK_MS, resolve);
      this.#wake = () => {
        handle.cancel();
        resolve();
      };
    });
  }
}

function isTaken(file: string): boolean {
  try {
    return lockHolder(`${file}.lock`) !== null;
  } catch {
    // Why it cannot be asked is told by opening it.
    return false;
  }
}
