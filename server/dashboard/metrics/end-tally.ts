// Ends of tries for /metrics, kept until they are read: how long each waited and ran, and with which exception it failed.
// Not here: the metrics they become (metrics.ts); Flower's runtime, which workers tell with task-succeeded alone (event-tally.ts).
// Holds: a try that is told twice counts once, as everywhere (shared/events/cluster-state.ts); memory is bounded.
import type { TryEnd } from '../../../shared/events/cluster-state.ts';
import { failureOf } from '../history/exception.ts';
import { label } from './event-tally.ts';

/** Ends kept until they are read. */
const MAX_ENDS = 200_000;
/** Of an exception's text, to find its class. @unit characters */
const EXCEPTION_TEXT = 1000;

export interface End {
  readonly task: string;
  readonly queue: string;
  readonly state: TryEnd['state'];
  /** Class of the exception; null: it has not failed. */
  readonly exception: string | null;
  /** @unit seconds; null: it is not known when it began */
  readonly runtime: number | null;
  /** From sent to started. @unit seconds; null: not known, or it was to begin later */
  readonly wait: number | null;
  /** @unit seconds since the epoch */
  readonly at: number;
}

export class EndTally {
  #ends: End[] = [];
  /** Ends for which there was no room. */
  leftOut = 0;

  add(finishes: readonly TryEnd[]): void {
    for (const { task, state, at, runtime, wait } of finishes) {
      if (this.#ends.length >= MAX_ENDS) {
        this.leftOut++;
        continue;
      }
      const exception = state === 'FAILURE' ? failureOf(task.exception?.slice(0, EXCEPTION_TEXT) ?? null).cls : null;
      this.#ends.push({
        ...{ task: label(task.name ?? ''), queue: label(task.queue ?? ''), state },
        ...{ exception: exception === null ? null : label(exception), runtime, wait, at },
      });
    }
  }

  /** Those since the last time. */
  take(): readonly End[] {
    const ends = this.#ends;
    this.#ends = [];
    return ends;
  }
}
