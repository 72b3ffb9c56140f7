// What a pool must be able to do: run jobs, a bounded number at a time. in-process.ts has `async` and `solo`; child-pool.ts `prefork` and `threads`.
// What a job is: job.ts. What it does inside: app/trace.ts. Who decides that it may run: worker/strategy.ts. Who settles its message: worker/request.ts.
// Holds: for each job `onAccepted` at most once and before `onDone`; `onDone` exactly once, whatever happens. Jobs and outcomes may be
// replaced by their frames (job.ts, app/outcome.ts) on the way: nothing but these passes between a pool and the bodies it runs.
// Celery 5.6: concurrency/base.py

import type { AppSource } from '../app/load.ts';
import type { TaskOutcome } from '../app/outcome.ts';
import type { Stop } from '../app/stop.ts';
import type { Logger, LogLevel } from '../log.ts';
import type { Timer } from '../timer.ts';
import type { Job } from './job.ts';

export type { Job, JobFrame } from './job.ts';

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
  /** What `grow` and `shrink` count: children, or jobs at a time where there are none. */
  readonly size: number;
  /** Jobs accepted and not done. */
  readonly active: number;
  /** What it can do with a running job: 'kill' its process, or only 'abort' its signal. */
  readonly canTerminate: 'kill' | 'abort';
  /** Processes that bodies run in now; the worker's own where they run in it. */
  readonly pids: readonly number[];
  start(): Promise<void>;
  /** Jobs beyond the limit wait inside, in order. */
  apply(job: Job, callbacks: JobCallbacks): Running;
  /** @throws NotImplementedError where it always runs one task at a time; likewise shrink */
  grow(n: number): void;
  /** Never below 1. What runs goes on to its end. */
  shrink(n: number): void;
  /**
   * New processes in the place of those it has, each when its job is done; jobs that wait go on waiting. Resolves when all are new.
   * @throws NotImplementedError where bodies run in the worker's own process
   */
  restart(): Promise<void>;
  info(): PoolInfo;
  /**
   * warm: let what was applied finish. cold: abort all; each still gets its `onDone`. May be asked again, the harsher way holds; also of a
   * pool that never started. Afterwards none of its processes is left.
   */
  stop(how: 'warm' | 'cold'): Promise<void>;
}

/**
 * The body has ended; what it came to is about to be stored and told. Called at that moment, in the same turn.
 * @param settled true: it has been told already (a retry is on its way), whatever the limits say
 */
export type BodyEnded = (settled: boolean) => void;

/** Runs one job in this process; never rejects: run-job.ts. */
export type Execute = (job: Job, stop: Stop, bodyEnded: BodyEnded) => Promise<TaskOutcome>;

/** How one child of a pool ended without having been asked to. Its jobs are done with WorkerLostError. */
export interface LostChild {
  /** 'ForkPoolWorker-1' */
  readonly name: string;
  readonly pid: number;
  /** 'signal 9 (SIGKILL)', 'exitcode 1' */
  readonly how: string;
}

export interface PoolContext {
  /** Jobs at a time, or children. */
  readonly concurrency: number;
  /** Pools with children load the app there instead, and run the same. */
  readonly execute: Execute;
  /** What a child loads, asked for each anew; null: the app was made by hand, and no other process can have it. */
  readonly source?: AppSource | null;
  /** What a child logs from. */
  readonly loglevel?: LogLevel;
  /** Where a pool with children says what becomes of them, and where their own lines go. Default: nowhere. */
  readonly log?: Logger;
  /** nodename of the worker, for who looks at a list of processes. */
  readonly hostname?: string;
  /** Pools with children: jobs at a time in each. Default 1. */
  readonly childConcurrency?: number;
  /** Pools with children: replace one after so many jobs; null = never. Others have nothing to replace. */
  readonly maxTasksPerChild?: number | null;
  /** ... and one that has grown past this. @unit KiB */
  readonly maxMemoryPerChild?: number | null;
  /** Pools with children: how long one may take until it has loaded the app. Default 60 s. @unit milliseconds */
  readonly aliveTimeoutMs?: number;
  /** Pools with children: how long what one that died has still said is waited for. Default 10 s. @unit milliseconds */
  readonly lostWaitMs?: number;
  /** Pools with children: one died by itself. It is being replaced. */
  readonly onChildLost?: (child: LostChild) => void;
  /** Pools with children: one of them counted parts of chords. */
  readonly onChordParts?: (count: number) => void;
  readonly timer: Timer;
  /** Fields of `info()` that only the worker knows, such as the default time limits. */
  readonly info?: PoolInfo;
}

export type PoolFactory = (context: PoolContext) => Pool;
