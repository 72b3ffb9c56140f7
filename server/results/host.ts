// The few things results ask of an app. `Celery` satisfies it.
import type { Backend } from '../backends/contract.ts';
import type { Timer } from '../timer.ts';

export interface RevokeOptions {
  /** Also end the task where it is running. */
  readonly terminate?: boolean;
  /** 'SIGTERM' (default), 'SIGKILL' ... */
  readonly signal?: string;
}

export interface ResultHost {
  backend(): Promise<Backend>;
  revoke(ids: readonly string[], options: RevokeOptions): Promise<void>;
  readonly timer: Timer;
}

export interface GetOptions {
  /** How long to wait. Default: without end. @unit seconds */
  readonly timeout?: number | null;
  /** Throw the task's exception (default). False: return it. */
  readonly propagate?: boolean;
  /** Stops waiting; the reason is thrown. */
  readonly signal?: AbortSignal;
  /** Taken for Celery's sake: stores here tell of results, nothing is asked in intervals. @unit seconds */
  readonly interval?: number;
}

/** One result as Celery writes it: `[[id, parent], null]`, or of a group `[[id, parent], [children]]`. */
export type ResultTuple = [[id: string, parent: ResultTuple | null], children: ResultTuple[] | null];

/** What results of tasks and of groups have in common, as far as relatives need it. */
export interface AnyResult {
  readonly kind: 'task' | 'eager' | 'group';
  readonly id: string;
  readonly parent: AnyResult | null;
  get(options?: GetOptions): Promise<unknown>;
  state?(): Promise<string>;
  ready(): Promise<boolean>;
  forget(): Promise<void>;
  asTuple(): ResultTuple;
  /** Of a task: the results of those it sent. */
  children?(): Promise<readonly AnyResult[]>;
  /** Of a group: its members. */
  readonly results?: readonly AnyResult[];
}
