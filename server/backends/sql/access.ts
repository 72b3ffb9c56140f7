// A database as a store uses it: its failures as the store's errors, and a word to the log when it is away and when it is back.
// Holds: what may work when tried again says so (BackendError.temporary); no secret is in an error.
import { BackendError, toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { Outage } from '../outage.ts';
import { storeClosed } from '../store-errors.ts';
import type { SqlDriver } from './driver.ts';

export class SqlAccess {
  readonly driver: SqlDriver;
  readonly #outage: Outage;
  isOpen = true;

  constructor(driver: SqlDriver, log: Logger | undefined) {
    this.driver = driver;
    this.#outage = new Outage(driver.place, log);
  }

  checkOpen(): void {
    if (!this.isOpen) throw storeClosed();
  }

  /** When nothing uses it any more. */
  async close(): Promise<void> {
    await this.driver.close();
    this.#outage.close();
  }

  /** @throws BackendError */
  async use<T>(work: () => Promise<T>): Promise<T> {
    try {
      const value = await work();
      this.#outage.ended();
      return value;
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  #failed(thrown: unknown): Error {
    if (thrown instanceof BackendError) return thrown;
    const error = toError(thrown);
    const temporary = this.driver.isTemporary(error);
    if (temporary) this.#outage.began(error);
    return new BackendError(`The result store ${this.driver.place} failed: ${error.message || error.name}`, {
      cause: error,
      temporary,
    });
  }
}

export function isTemporary(error: Error): boolean {
  return error instanceof BackendError && error.temporary;
}

/** PostgreSQL has no NUL in a text, and SQLite loses what follows it. */
export function isPossibleId(id: string): boolean {
  return !id.includes('\0');
}

/** @throws BackendError */
export function checkId(id: string): void {
  if (!isPossibleId(id)) throw new BackendError(`An id in a database has no NUL character: ${JSON.stringify(id)}`);
}
