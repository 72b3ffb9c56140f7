// The pools without child processes: `async` (many bodies awaiting side by side) and `solo` (one at a time).
// Not here: what a body's run is (app/trace.ts); what an outcome means for the message (worker/request.ts).
// Holds: a job that was stopped from outside (terminate, hard limit, cold stop) is done at that moment and its place is free;
// JavaScript cannot be interrupted, so the body is told by its signal, and what it still says is dropped. What a body came to is one
// thing to everybody: once it has ended, neither its limits nor a terminate change it; one that blocked past its hard limit, so that
// nothing could fire, has exceeded it.
// Celery 5.6: concurrency/solo.py, concurrency/gevent.py
//
// A job: waiting > running > ending (its outcome is being stored) > done. Terminate moves it from the first two to done, a cold stop from
// each.
import { constants } from 'node:os';
import type { TaskOutcome } from '../app/outcome.ts';
import { Stop } from '../app/stop.ts';
import {
  NotImplementedError,
  SoftTimeLimitExceeded,
  Terminated,
  TimeLimitExceeded,
  WorkerLostError,
} from '../errors.ts';
import type { TimerHandle } from '../timer.ts';
import type { Job, JobCallbacks, Pool, PoolContext, PoolInfo, Running } from './contract.ts';

class Run implements Running {
  readonly job: Job;
  readonly callbacks: JobCallbacks;
  readonly pool: InProcessPool;
  state: 'waiting' | 'running' | 'ending' | 'done' = 'waiting';
  stop: Stop | null = null;
  startedMs = 0;
  limits: TimerHandle[] | null = null;

  constructor(job: Job, callbacks: JobCallbacks, pool: InProcessPool) {
    this.job = job;
    this.callbacks = callbacks;
    this.pool = pool;
  }

  terminate(signal: string): void {
    const name = signal.startsWith('SIG') ? signal : `SIG${signal}`;
    const signum = (constants.signals as Record<string, number>)[name] ?? null;
    if (this.state === 'ending') return;
    this.pool.abandon(this, new Terminated(name), {
      state: 'REVOKED',
      terminated: true,
      signum,
      expired: false,
    });
  }
}

type Ending = TaskOutcome extends infer O
  ? O extends TaskOutcome
    ? Omit<O, 'id' | 'name' | 'runtimeMs'>
    : never
  : never;

class InProcessPool implements Pool {
  readonly name: string;
  readonly canTerminate = 'abort';
  #limit: number;
  readonly #fixed: boolean;
  readonly #context: PoolContext;
  readonly #pid = process.pid;
  readonly #running = new Set<Run>();
  /** Their bodies begin with the next phase of the event loop. */
  #accepted: Run[] = [];
  #waiting: Run[] = [];
  #waitingHead = 0;
  readonly #idle: (() => void)[] = [];

  constructor(name: string, limit: number, fixed: boolean, context: PoolContext) {
    this.name = name;
    this.#limit = Math.max(1, limit);
    this.#fixed = fixed;
    this.#context = context;
  }

  get limit(): number {
    return this.#limit;
  }

  get size(): number {
    return this.#limit;
  }

  get active(): number {
    return this.#running.size;
  }

  get pids(): readonly number[] {
    return [this.#pid];
  }

  async start(): Promise<void> {}

  restart(): Promise<void> {
    return Promise.reject(new NotImplementedError(`The ${this.name} pool has no processes to restart`));
  }

  apply(job: Job, callbacks: JobCallbacks): Running {
    const run = new Run(job, callbacks, this);
    if (this.#running.size < this.#limit && this.#waitingHead === this.#waiting.length) this.#begin(run);
    else this.#waiting.push(run);
    return run;
  }

  grow(n: number): void {
    this.#resize(n);
  }

  shrink(n: number): void {
    this.#resize(-n);
  }

  info(): PoolInfo {
    return {
      implementation: `umbel:${this.name}`,
      'max-concurrency': this.#limit,
      processes: this.pids,
      'max-tasks-per-child': 'N/A',
      'put-guarded-by-semaphore': true,
      timeouts: [0, 0],
      'running-tasks': this.#running.size,
      ...this.#context.info,
    };
  }

  async stop(how: 'warm' | 'cold'): Promise<void> {
    if (how === 'cold') {
      const lost = new WorkerLostError('The worker was stopped before the task was finished.');
      const ending: Ending = {
        state: 'FAILURE',
        error: lost,
        excRepr: `WorkerLostError('${lost.message}')`,
        traceback: null,
        workerLost: true,
      };
      for (const run of [...this.#waiting.slice(this.#waitingHead), ...this.#running]) {
        this.abandon(run, new Terminated('SIGTERM'), ending);
      }
      return;
    }
    if (this.#running.size === 0 && this.#waitingHead === this.#waiting.length) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends a job from outside: its body is told by `reason`, whatever it answers later is dropped. */
  abandon(run: Run, reason: Error, ending: Ending): void {
    if (run.state === 'done') return;
    const wasRunning = run.state !== 'waiting';
    run.state = 'done';
    const { id, name } = run.job;
    const runtimeMs = wasRunning ? this.#context.timer.monotonic() - run.startedMs : 0;
    if (wasRunning) run.stop!.notify(reason);
    this.#finish(run, { ...ending, id, name, runtimeMs } as TaskOutcome, wasRunning);
  }

  #resize(by: number): void {
    if (this.#fixed) throw new NotImplementedError(`The ${this.name} pool always runs one task at a time.`);
    this.#limit = Math.max(1, this.#limit + by);
    this.#fill();
  }

  #begin(run: Run): void {
    const { callbacks } = run;
    if (callbacks.mayStart && !callbacks.mayStart()) {
      run.state = 'done';
      return;
    }
    const stop = new Stop();
    const { timer } = this.#context;
    run.state = 'running';
    run.stop = stop;
    run.startedMs = timer.monotonic();
    this.#running.add(run);
    callbacks.onAccepted(this.#pid, timer.now());
    if (this.#accepted.push(run) === 1) setImmediate(() => this.#execute());
  }

  /**
   * Bodies begin when what accepting them gave to send has been sent: one that blocks, or ends the process, must not hold up its early
   * acknowledgement, or it would be delivered again and again.
   */
  #execute(): void {
    const accepted = this.#accepted;
    this.#accepted = [];
    const { execute, timer } = this.#context;
    for (const run of accepted) {
      // Terminated meanwhile?
      if (run.state !== 'running') continue;
      // Limits count from here: what other bodies block before this one begins is not its time.
      if (run.job.softTimeLimitMs !== null || run.job.timeLimitMs !== null) this.#limitTime(run);
      const begunMs = timer.monotonic();
      execute(run.job, run.stop!, (settled) => this.#bodyEnded(run, settled ? 0 : timer.monotonic() - begunMs)).then(
        (outcome) => this.#ended(run, outcome),
        (error: unknown) => this.#ended(run, crashed(run, error, timer.monotonic())),
      );
    }
  }

  #bodyEnded(run: Run, tookMs: number): void {
    if (run.state !== 'running') return;
    const { timeLimitMs } = run.job;
    if (timeLimitMs !== null && tookMs >= timeLimitMs) {
      this.#exceeded(run, timeLimitMs);
      return;
    }
    run.state = 'ending';
    this.#cancelLimits(run);
  }

  #ended(run: Run, outcome: TaskOutcome): void {
    if (run.state === 'done') return;
    run.state = 'done';
    this.#finish(run, outcome, true);
  }

  #finish(run: Run, outcome: TaskOutcome, wasRunning: boolean): void {
    this.#cancelLimits(run);
    run.stop = null;
    if (wasRunning) this.#running.delete(run);
    run.callbacks.onDone(outcome);
    this.#fill();
    if (this.#idle.length > 0 && this.#running.size === 0 && this.#waitingHead === this.#waiting.length) {
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  #cancelLimits(run: Run): void {
    if (run.limits) for (const handle of run.limits) handle.cancel();
    run.limits = null;
  }

  #exceeded(run: Run, timeLimitMs: number): void {
    const error = new TimeLimitExceeded(timeLimitMs / 1000);
    run.callbacks.onTimeout(false, timeLimitMs);
    this.abandon(run, error, {
      state: 'FAILURE',
      error,
      excRepr: `TimeLimitExceeded(${timeLimitMs / 1000})`,
      traceback: null,
      timeout: true,
    });
  }

  #fill(): void {
    while (this.#waitingHead < this.#waiting.length && this.#running.size < this.#limit) {
      const run = this.#waiting[this.#waitingHead++]!;
      if (run.state === 'waiting') this.#begin(run);
    }
    if (this.#waitingHead > 256 && this.#waitingHead * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#waitingHead);
      this.#waitingHead = 0;
    }
  }

  #limitTime(run: Run): void {
    const { softTimeLimitMs, timeLimitMs } = run.job;
    const { timer } = this.#context;
    run.limits = [];
    if (softTimeLimitMs !== null) {
      run.limits.push(
        timer.after(softTimeLimitMs, () => {
          if (run.state !== 'running') return;
          run.callbacks.onTimeout(true, softTimeLimitMs);
          run.stop!.notify(new SoftTimeLimitExceeded(softTimeLimitMs / 1000));
        }),
      );
    }
    if (timeLimitMs !== null) {
      run.limits.push(
        timer.after(timeLimitMs, () => {
          if (run.state === 'running') this.#exceeded(run, timeLimitMs);
        }),
      );
    }
  }
}

/** `execute` promises never to reject; if it does, that is a failure of ours. */
function crashed(run: Run, thrown: unknown, nowMs: number): TaskOutcome {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { id, name } = run.job;
  return {
    id,
    name,
    runtimeMs: nowMs - run.startedMs,
    state: 'FAILURE',
    error,
    excRepr: `${error.name}(${JSON.stringify(error.message)})`,
    traceback: error.stack ?? null,
    internal: true,
  };
}

export function createAsyncPool(context: PoolContext): Pool {
  return new InProcessPool('async', context.concurrency, false, context);
}

export function createSoloPool(context: PoolContext): Pool {
  return new InProcessPool('solo', 1, true, context);
}
