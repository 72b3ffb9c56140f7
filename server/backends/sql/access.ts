// A database as a store uses it: its failures as the store's errors, and a word to the log when it is away and when it is back.
// Holds: what may work when tried again says so (BackendError.temporary); no secret is in an error.
import { BackendError, toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { Outage } from '../outage.ts';
import { storeClosed } from '../store-errors.ts';
import type { SqlDriver, SqlParam } from './driver.ts';

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

/**
 * Writes rows. One that the database has no letters for is written again with them as escapes: better than no result at all. Of several
 * rows it is not known which.
 */
export async function writeTexts<Row extends { readonly values: Readonly<Record<string, SqlParam>> }>(
  driver: SqlDriver,
  rows: readonly Row[],
  write: (rows: readonly Row[]) => Promise<unknown>,
): Promise<void> {
  try {
    await write(rows);
  } catch (error) {
    if (rows.length > 1 || !driver.lacksLetters(toError(error))) throw error;
    await write(rows.map((row) => ({ ...row, values: mapped(row.values) })));
  }
}

/** An id is no other one. */
function mapped(values: Readonly<Record<string, SqlParam>>): Record<string, SqlParam> {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'string' && name !== 'task_id' ? asciiText(value) : value,
  ]);
  return Object.fromEntries(entries);
}

/** With escapes that JSON and Python read as the same letters. */
export function asciiText(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
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
