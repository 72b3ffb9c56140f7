// What the dashboard asks of a history: take batches of changes, answer questions, forget what is old. Implementation: sqlite.ts.
// Holds: `write` never waits; `written` tells when everything handed over so far is on disk. A question never waits for the writer.
import type { Batch } from '../../../shared/events/cluster-state.ts';
import type { HistoryReader } from './read.ts';
import type { Limits } from './retention.ts';
import type { OperationRow } from './write.ts';

/** A question may be given up by a signal, as its last argument: then it rejects soon. */
type Asynchronous<T> = {
  [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] extends (...args: infer A) => infer R
    ? (...args: [...A, signal?: AbortSignal]) => Promise<R>
    : never;
};

export interface HistoryStore extends Omit<Asynchronous<HistoryReader>, 'close'> {
  /** Hand over a batch. It is on disk at the latest when `written` resolves. */
  write(batch: Batch, now: number): void;
  /** Batches handed over and not yet on disk. */
  readonly pending: number;
  written(): Promise<void>;
  saveGauges(values: Record<string, number>, bucket: number): void;
  /** Record an operation before it is tried; its id. */
  beginOperation(row: OperationRow): Promise<number>;
  finishOperation(id: number, row: Pick<OperationRow, 'outcome' | 'summary' | 'answers' | 'new_ids'>): Promise<void>;
  expire(limits: Limits, now: number): Promise<number>;
  /** The last failure of the writer, for the row of sources; null: all is well. */
  readonly failure: string | null;
  readonly lastWriteMs: number | null;
  close(): Promise<void>;
}
