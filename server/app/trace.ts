export type TaskOutcome = {
  readonly id: string;
  readonly name: string;
  /** How long the body ran. @unit milliseconds */
  readonly runtimeMs: number;
} & (
  | { readonly state: 'SUCCESS'; readonly value: unknown /** Computed when read. */; readonly resultRepr: string }
  | {
      readonly state: 'FAILURE';
      readonly error: Error;
      readonly excRepr: string;
      readonly traceback: string | null;
      /** Listed in the task's `throws`. */
      readonly expected?: boolean;
      /** Not the body but the machinery failed: nothing may have been stored. */
      readonly internal?: boolean;
      readonly timeout?: boolean;
      readonly workerLost?: boolean;
    }
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
  | { readonly state: 'REJECTED'; readonly requeue: boolean; readonly reason: string }
);
