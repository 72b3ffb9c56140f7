// What one run of a task came to, in this process (TaskOutcome) and as plain data on its way from another one (OutcomeFrame).
// Not here: how it comes to it (trace.ts), what it means for the message (worker/request.ts).
// Holds: a frame passes through structuredClone unchanged, and what is made of it again has the same state, texts and error
// (type, module, arguments); the value a task returned stays where it was stored from, its repr travels.
import { decodeFailure, encodeFailure, type WireFailure } from '../protocol/failure.ts';
import { decodeJson, encodeJsonFast } from '../serialization/json.ts';

interface Head {
  readonly id: string;
  /** The task's, or its shadow. */
  readonly name: string;
  /** How long the body ran, by the app's monotonic clock. @unit milliseconds */
  readonly runtimeMs: number;
  /** The process in which its body ran is gone: nobody there told of its end. */
  readonly bodyLost?: true;
}

interface Failed {
  readonly state: 'FAILURE';
  readonly excRepr: string;
  readonly traceback: string | null;
  /** Listed in the task's `throws`. */
  readonly expected?: boolean;
  /** Not the body but the machinery failed: nothing may have been stored. */
  readonly internal?: boolean;
  readonly timeout?: boolean;
  readonly workerLost?: boolean;
}

/** The endings that are plain data anyway. */
type Plain =
  | {
      readonly state: 'RETRY';
      readonly excRepr: string;
      readonly traceback: string | null;
      /** @unit milliseconds since the epoch; null = at once */
      readonly when: number | null;
    }
  | {
      readonly state: 'REVOKED';
      readonly terminated: boolean;
      readonly signum: number | null;
      readonly expired: boolean;
    }
  | { readonly state: 'IGNORED' }
  | { readonly state: 'REJECTED'; readonly requeue: boolean; readonly reason: string };

export type TaskOutcome = Head &
  (
    | {
        readonly state: 'SUCCESS';
        /** Undefined when the body ran in another process. */
        readonly value: unknown;
        /** Computed when read. */
        readonly resultRepr: string;
      }
    | (Failed & { readonly error: Error })
    | Plain
  );

export type OutcomeFrame = Head &
  (
    | { readonly state: 'SUCCESS'; readonly resultRepr: string }
    /** @property failure JSON of a WireFailure: arguments of an exception may be of Python's types */
    | (Failed & { readonly failure: string })
    | Plain
  );

export function toFrame(outcome: TaskOutcome): OutcomeFrame {
  switch (outcome.state) {
    case 'SUCCESS': {
      const { id, name, runtimeMs, state, resultRepr } = outcome;
      return { id, name, runtimeMs, state, resultRepr };
    }
    case 'FAILURE': {
      const { error, ...plain } = outcome;
      return { ...plain, failure: encodeJsonFast(encodeFailure(error)) };
    }
    default:
      return outcome;
  }
}

export function fromFrame(frame: OutcomeFrame): TaskOutcome {
  switch (frame.state) {
    case 'SUCCESS':
      return { ...frame, value: undefined };
    case 'FAILURE': {
      const { failure, ...plain } = frame;
      const error = decodeFailure(decodeJson(failure) as WireFailure, frame.traceback);
      return { ...plain, error };
    }
    default:
      return frame;
  }
}
