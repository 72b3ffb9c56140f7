// What a pool must be able to do: run jobs, a bounded number at a time. in-process.ts has `async` and `solo`; prefork and threads follow.
// What a job does inside: app/trace.ts. Who decides that it may run: worker/strategy.ts. Who settles its message: worker/request.ts.
// Holds: for each job `onAccepted` at most once and before `onDone`; `onDone` exactly once, whatever happens.
// Celery 5.6: concurrency/base.py
import type { Stop } from '../app/stop.ts';
import type { TaskOutcome } from '../app/trace.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import type { Timer } from '../timer.ts';

/** One execution. Plain data, so that a pool may send it to another process. */
export interface Job {
  readonly message: TaskMessage;
  /** nodename of the worker, as `request.hostname`. */
  readonly hostname: string;
  /** @unit milliseconds; null = none */
  readonly softTimeLimitMs: number | null;
  readonly timeLimitMs: number | null;
}

export interface JobCallbacks {
  /** Its turn has come. False: it must not run any more; nothing further is said of it. */
  mayStart?(): boolean;
  /** The body is about to run. @param timeMs epoch milliseconds */
  onAccepted(pid: number, timeMs: number): void;
  /** A limit was hit. `soft`: the body was told and may still finish. Hard: `onDone` follows with FAILURE TimeLimitExceeded. */
  onTimeout(soft: boolean, limitMs: number): void;
  onDone(outcome: TaskOutcome): void;
}

export interface Running {
  /**
   * Stop it. The async and solo pools can only abort the body's signal: a body that ignores it goes on, its outcome is dropped.
   * @param signal 'SIGTERM', 'SIGKILL' ... prefork sends it to the child
   */
  terminate(signal: string): void;
}

export interface PoolInfo {
  /** As Celery's `stats` shows it: `max-concurrency`, `processes`, `timeouts` ... */
  readonly [key: string]: unknown;
}

export interface Pool {
  /** 'async', 'solo', 'prefork', 'threads'. */
  readonly name: string;
  /** How many jobs at a time. */
  readonly limit: number;
  /** Jobs accepted and not done. */
  readonly active: number;
  /** What it can do with a running job: 'kill' its process, or only 'abort' its signal. */
  readonly canTerminate: 'kill' | 'abort';
  start(): Promise<void>;
  /** Jobs beyond the limit wait inside, in order. */
  apply(job: Job, callbacks: JobCallbacks): Running;
  grow(n: number): void;
  /** Never below 1. */
  shrink(n: number): void;
  info(): PoolInfo;
  /** warm: let what was applied finish. cold: abort all; each still gets its `onDone`. */
  stop(how: 'warm' | 'cold'): Promise<void>;
}

/**
 * The body has ended; what it came to is about to be stored and told. Called at that moment, in the same turn.
 * @param settled true: it has been told already (a retry is on its way), whatever the limits say
 */
export type BodyEnded = (settled: boolean) => void;

export interface PoolContext {
  readonly concurrency: number;
  /** Runs one job in this process; never rejects. Pools with children load the app there instead. */
  readonly execute: (job: Job, stop: Stop, bodyEnded: BodyEnded) => Promise<TaskOutcome>;
  readonly timer: Timer;
  /** Fields of `info()` that only the worker knows, such as the default time limits. */
  readonly info?: PoolInfo;
}

export type PoolFactory = (context: PoolContext) => Pool;
