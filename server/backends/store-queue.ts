// Records on their way into a store that takes many at once: what is stored in one turn of the event loop, or while others are being
// written, goes together.
// Holds: in order; one record that is refused takes no other along; `idle` waits for all that was pushed.
import { toError } from '../errors.ts';

interface Pending<Row> {
  readonly row: Row;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

export class StoreQueue<Row> {
  readonly #write: (rows: readonly Row[]) => Promise<void>;
  readonly #isTemporary: (error: Error) => boolean;
  readonly #most: number;
  #pending: Pending<Row>[] = [];
  #running: Promise<void> | null = null;

  /** @param most rows of one `write` */
  constructor(write: (rows: readonly Row[]) => Promise<void>, isTemporary: (error: Error) => boolean, most: number) {
    this.#write = write;
    this.#isTemporary = isTemporary;
    this.#most = most;
  }

  push(row: Row): Promise<void> {
    return new Promise((done, failed) => {
      this.#pending.push({ row, done, failed });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    await new Promise((turn) => setImmediate(turn));
    while (this.#pending.length > 0) await this.#commit(this.#pending.splice(0, this.#most));
    this.#running = null;
  }

  async #commit(batch: readonly Pending<Row>[]): Promise<void> {
    try {
      await this.#write(batch.map(({ row }) => row));
      for (const { done } of batch) done();
    } catch (thrown) {
      const error = toError(thrown);
      if (batch.length > 1 && !this.#isTemporary(error)) for (const one of batch) await this.#commit([one]);
      else for (const { failed } of batch) failed(error);
    }
  }
}

/** Of several records of one task the last stands, unless one before it is a SUCCESS. */
export function lastOfEach<Row extends { readonly taskId: string; readonly status: string }>(
  rows: readonly Row[],
): Row[] {
  const last = new Map<string, Row>();
  for (const row of rows) if (last.get(row.taskId)?.status !== 'SUCCESS') last.set(row.taskId, row);
  return [...last.values()];
}
