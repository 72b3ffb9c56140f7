// One job in a pool with children, from the worker's side: where it is, its limits, and how it may be ended from outside.
// Not here: the child it is in (child.ts), which child gets it (child-pool.ts).
// Holds: `onDone` once. Who is stopped from outside is done when its child has ended, or has said that the body was given up: until then
// what the body came to may still arrive, and counts. A limit never outlives its job.
// Celery 5.6: billiard/pool.py ApplyResult, TimeoutHandler
//
// waiting > handed (sent to a child) > running (the child has begun it) > ending (the outcome is being stored) > done. From `handed` back
// to `waiting` when the child died before it began.
import { constants } from 'node:os';
import { fromFrame, type OutcomeFrame, type TaskOutcome } from '../app/outcome.ts';
import { TimeLimitExceeded, toError, WorkerLostError } from '../errors.ts';
import { exceptionRepr } from '../protocol/failure.ts';
import type { Timer, TimerHandle } from '../timer.ts';
import type { Child } from './child.ts';
import type { Job, JobCallbacks, Running } from './contract.ts';

/** A child that does not answer to it within this is blocked, and killed. @unit milliseconds */
const ANSWER_MS = 1000;
/** Given to children that died before they began it so many times, it is what kills them. */
const MAX_HANDED = 3;

/** Why it is being ended from outside. */
type Fate = { readonly kind: 'terminated'; readonly signal: NodeJS.Signals } | { readonly kind: 'timeout' };

export class ChildRun implements Running {
  readonly job: Job;
  readonly #callbacks: JobCallbacks;
  readonly #timer: Timer;
  /** Its number in this pool; a new one each time it is handed out. */
  key = 0;
  state: 'waiting' | 'handed' | 'running' | 'ending' | 'done' = 'waiting';
  child: Child | null = null;
  #handed = 0;
  #fate: Fate | null = null;
  #startedMs = 0;
  #timers: TimerHandle[] = [];

  constructor(job: Job, callbacks: JobCallbacks, timer: Timer) {
    this.job = job;
    this.#callbacks = callbacks;
    this.#timer = timer;
  }

  /** Its turn has come. False: it must not run any more. */
  mayStart(): boolean {
    if (this.state !== 'waiting') return false;
    if (!this.#callbacks.mayStart || this.#callbacks.mayStart()) return true;
    this.state = 'done';
    return false;
  }

  handedTo(child: Child, key: number): void {
    this.state = 'handed';
    this.child = child;
    this.key = key;
    this.#handed++;
  }

  // -- what its child says

  accepted(atMs: number): void {
    if (this.state !== 'handed') return;
    this.state = 'running';
    this.#startedMs = this.#timer.monotonic();
    this.#callbacks.onAccepted(this.child!.pid, atMs);
    if (this.#fate) return;
    const { softTimeLimitMs, timeLimitMs } = this.job;
    if (softTimeLimitMs !== null) this.#after(softTimeLimitMs, () => this.#softLimit(softTimeLimitMs));
    if (timeLimitMs !== null) this.#after(timeLimitMs, () => this.#hardLimit(timeLimitMs));
  }

  /** Nothing but the loss of its child changes it any more. */
  ended(): void {
    if (this.state !== 'running') return;
    this.state = 'ending';
    this.#cancelTimers();
  }

  done(frame: OutcomeFrame): void {
    this.finish(fromFrame(frame));
  }

  /** Its body blocked until after its limit, which the child has seen to. */
  overdue(): void {
    if (this.state === 'done') return;
    if (!this.#fate) this.#callbacks.onTimeout(false, this.job.timeLimitMs!);
    this.#fate ??= { kind: 'timeout' };
    this.finish(this.#ending(this.#fate));
  }

  /** The child goes on without it. */
  abandoned(): void {
    if (this.#fate) this.finish(this.#ending(this.#fate));
  }

  /**
   * Its child has ended. @param how 'signal 9 (SIGKILL)'
   * @returns true: it had not begun, and waits again
   */
  lost(how: string): boolean {
    if (this.state === 'done') return false;
    this.#cancelTimers();
    this.child = null;
    if (this.#fate) this.finish({ ...this.#ending(this.#fate), ...this.#bodyLost });
    else if (this.state === 'handed' && this.#handed < MAX_HANDED) {
      this.state = 'waiting';
      return true;
    } else
      this.#failed(new WorkerLostError(`Worker exited prematurely: ${how} Job: ${this.key}.`), { workerLost: true });
    return false;
  }

  /** It could not be handed over: a failure of ours. */
  unsendable(thrown: unknown): void {
    this.#failed(toError(thrown), { internal: true });
  }

  // -- ending it from outside

  terminate(signal: string): void {
    if (this.state === 'ending' || this.state === 'done') return;
    const name = signalOf(signal);
    if (this.state === 'waiting') {
      this.finish(this.#ending({ kind: 'terminated', signal: name }));
      return;
    }
    const { child } = this;
    // As in Celery, where this signal raises SoftTimeLimitExceeded in the body; what that comes to is its end.
    if (name === 'SIGUSR1') child!.soften(this.key, this.job.softTimeLimitMs ?? 0);
    else this.#endBy({ kind: 'terminated', signal: name });
  }

  /** The worker stops at once. */
  stopped(): void {
    if (this.state === 'done') return;
    if (this.#fate) this.finish({ ...this.#ending(this.#fate), ...this.#bodyLost });
    else
      this.#failed(new WorkerLostError('The worker was stopped before the task was finished.'), { workerLost: true });
  }

  finish(outcome: TaskOutcome): void {
    if (this.state === 'done') return;
    this.state = 'done';
    this.#cancelTimers();
    this.#callbacks.onDone(outcome);
  }

  #softLimit(limitMs: number): void {
    this.#callbacks.onTimeout(true, limitMs);
    this.child!.soften(this.key, limitMs);
  }

  #hardLimit(limitMs: number): void {
    this.#callbacks.onTimeout(false, limitMs);
    this.#endBy({ kind: 'timeout' });
  }

  /** Its child dies for it, unless others are in there and the child can still answer. */
  #endBy(fate: Fate): void {
    const child = this.child!;
    const isFirst = this.#fate === null;
    this.#fate ??= fate;
    if (child.runsOthers) {
      if (!isFirst) return;
      child.abandon(this.key, fate.kind === 'terminated' ? fate.signal : null, this.job.timeLimitMs ?? 0);
      this.#after(ANSWER_MS, () => child.kill());
    } else if (fate.kind === 'timeout') child.kill();
    else child.die(fate.signal);
  }

  #ending(fate: Fate): TaskOutcome {
    const { id, name, timeLimitMs } = this.job;
    const runtimeMs = this.#runtimeMs();
    if (fate.kind === 'terminated') {
      const signum = constants.signals[fate.signal];
      return { id, name, runtimeMs, state: 'REVOKED', terminated: true, signum, expired: false };
    }
    const seconds = timeLimitMs! / 1000;
    const excRepr = `TimeLimitExceeded(${seconds})`;
    const error = new TimeLimitExceeded(seconds);
    return { id, name, runtimeMs, state: 'FAILURE', error, excRepr, traceback: null, timeout: true };
  }

  #failed(error: Error, how: { readonly workerLost?: true; readonly internal?: true }): void {
    const { id, name } = this.job;
    const excRepr = exceptionRepr(error);
    const runtimeMs = this.#runtimeMs();
    const gone = how.workerLost && this.#bodyLost;
    this.finish({ id, name, runtimeMs, state: 'FAILURE', error, excRepr, traceback: null, ...how, ...gone });
  }

  get #bodyLost(): { bodyLost?: true } {
    return this.state === 'running' || this.state === 'ending' ? { bodyLost: true } : {};
  }

  #runtimeMs(): number {
    return this.state === 'waiting' || this.state === 'handed' || this.#startedMs === 0
      ? 0
      : this.#timer.monotonic() - this.#startedMs;
  }

  #after(ms: number, fn: () => void): void {
    this.#timers.push(this.#timer.after(ms, fn));
  }

  #cancelTimers(): void {
    if (this.#timers.length === 0) return;
    for (const handle of this.#timers) handle.cancel();
    this.#timers = [];
  }
}

/** 'TERM', 'SIGTERM'. What is none here is SIGTERM. */
function signalOf(signal: string): NodeJS.Signals {
  const name = signal.startsWith('SIG') ? signal : `SIG${signal}`;
  return name in constants.signals ? (name as NodeJS.Signals) : 'SIGTERM';
}
