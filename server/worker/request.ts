// One reserved task, from the moment its message came to the moment it is settled: accept, run, outcome, ack / reject / requeue.
// Nothing else in the worker settles a task message. Deciding whether it may run: strategy.ts. Running the body: app/trace.ts.
// Holds: a request is settled at most once, and with acks_late never before its result is stored; then the event, last.
// Celery 5.6: worker/request.py
//
// Phases: held (just read) > scheduled (waits for its ETA) > limited (waits for a token) > reserved (in the pool, not started)
// > active > done. From any phase to done: revoked, expired, or given back because the connection or the worker stops.
import { constants } from 'node:os';
import type { Celery } from '../app/celery.ts';
import type { TaskOutcome } from '../app/outcome.ts';
import { Stop } from '../app/stop.ts';
import { finishStored, storeFailure } from '../app/trace.ts';
import type { InspectedRequest } from '../control/inspect.ts';
import { TaskRevokedError, toError } from '../errors.ts';
import type { EventDispatcher } from '../events/dispatcher.ts';
import type { Logger } from '../log.ts';
import type { JobCallbacks, Pool, Running } from '../pool/contract.ts';
import { jobOf } from '../pool/job.ts';
import type { ResultMeta } from '../protocol/result-meta.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { signals } from '../signals.ts';
import type { TimerHandle } from '../timer.ts';
import type { Message } from '../transport/message.ts';
import type { TaskPolicy } from './policy.ts';
import type { Prefetch } from './prefetch.ts';
import type { WorkerState } from './state.ts';

/** What requests need of their worker. */
export interface RequestHost {
  readonly app: Celery;
  readonly hostname: string;
  readonly pool: Pool;
  readonly state: WorkerState;
  readonly prefetch: Prefetch;
  readonly events: EventDispatcher;
  readonly log: Logger;
  /** Lines of these levels are written: else they are not even built. */
  readonly logs: { readonly info: boolean; readonly debug: boolean };
  now(): number;
  /** A promise the worker waits for before it is stopped. */
  track(work: Promise<unknown>): void;
}

export type Phase = 'held' | 'scheduled' | 'limited' | 'reserved' | 'active' | 'done';

export class Request implements JobCallbacks {
  readonly body: TaskMessage;
  readonly policy: TaskPolicy;
  readonly etaMs: number | null;
  readonly expiresMs: number | null;
  phase: Phase = 'held';
  acknowledged = false;
  /** @unit milliseconds since the epoch */
  timeStartMs: number | null = null;
  workerPid: number | null = null;
  /** The timer entry that waits for its ETA. */
  eta: TimerHandle | null = null;
  readonly #host: RequestHost;
  readonly #message: Message;
  #running: Running | null = null;
  #terminate: string | null = null;

  constructor(
    host: RequestHost,
    message: Message,
    body: TaskMessage,
    policy: TaskPolicy,
    times: { etaMs: number | null; expiresMs: number | null },
  ) {
    this.#host = host;
    this.#message = message;
    this.body = body;
    this.policy = policy;
    this.etaMs = times.etaMs;
    this.expiresMs = times.expiresMs;
    host.state.requests.add(this);
  }

  get id(): string {
    return this.body.id;
  }

  /** What logs and events call it: the shadow name, when it has one. */
  get name(): string {
    return this.body.shadow ?? this.body.task;
  }

  /** The queue it came from. */
  get queue(): string {
    return this.#message.queue;
  }

  get redelivered(): boolean {
    return this.#message.redelivered;
  }

  get title(): string {
    return `${this.name}[${this.body.id}]`;
  }

  // -- on its way to the pool

  /** Revoked or expired? Then it is settled here, and must not run. */
  revoked(): boolean {
    if (this.phase === 'done') return true;
    const { state, log } = this.#host;
    const expired = this.expiresMs !== null && this.#host.now() > this.expiresMs;
    if (expired) state.revoked.add(this.id);
    else if (!state.revoked.has(this.id) && !this.stamped()) return false;
    log.info(`Discarding revoked task: ${this.title}`);
    this.#announceRevoked(expired ? 'expired' : 'revoked', { terminated: false, signum: null, expired });
    return true;
  }

  stamped(): boolean {
    return this.#host.state.revoked.hasStamp(this.body.stamped_headers, this.body.stamps);
  }

  /** Hand it to the pool. */
  execute(): void {
    if (this.phase === 'done') return;
    this.phase = 'reserved';
    if (this.policy.deduplicate && this.redelivered) this.#host.track(this.#executeUnlessDone());
    else this.#apply();
  }

  #apply(): void {
    const { pool, hostname, state } = this.#host;
    const { timelimit } = this.body;
    // Message over task over setting; zero is none. Celery writes the hard limit first.
    const job = jobOf(this.#message, this.body, {
      hostname,
      timeLimitMs: timelimit[0] ? timelimit[0] * 1000 : this.policy.timeLimitMs,
      softTimeLimitMs: timelimit[1] ? timelimit[1] * 1000 : this.policy.softTimeLimitMs,
    });
    const running = pool.apply(job, this);
    state.onReserved?.();
    if (this.#isDone()) return;
    this.#running = running;
    if (this.#terminate !== null) running.terminate(this.#terminate);
  }

  /** worker_deduplicate_successful_tasks: a task delivered again whose success is stored is not run again, what follows it is sent. */
  async #executeUnlessDone(): Promise<void> {
    const { app, log, hostname } = this.#host;
    let stored: ResultMeta | null = null;
    try {
      stored = await (await app.backend()).get(this.id);
    } catch (error) {
      log.warning(`Cannot ask for the state of ${this.title}, so it is run again: ${(error as Error).message}`);
    }
    if (this.#isDone()) return;
    if (stored?.status !== 'SUCCESS') return this.#apply();
    log.info(`Task ${this.title} ignored: it was completed already.`);
    try {
      await finishStored(app, this.policy.task, this.body, stored, { hostname, stop: new Stop() });
    } catch (error) {
      log.error(`Cannot send what follows ${this.title}, which was completed already: ${toError(error).message}`);
    }
    if (this.#isDone()) return;
    this.#finish();
    this.acknowledge();
  }

  // -- what the pool tells

  /** It may have waited in the pool for a while: revoked or expired meanwhile? */
  mayStart(): boolean {
    return !this.revoked();
  }

  onAccepted(pid: number, timeMs: number): void {
    if (this.phase === 'done') return;
    const { state, events, prefetch, log, logs } = this.#host;
    this.phase = 'active';
    this.workerPid = pid;
    this.timeStartMs = timeMs;
    state.accepted(this);
    if (!this.policy.acksLate) {
      prefetch.running(1);
      this.acknowledge();
    }
    if (this.policy.sendEvents && events.wants('task')) events.send('task-started', { uuid: this.id });
    if (logs.debug) log.debug(`Task accepted: ${this.title} pid:${pid}`);
  }

  onTimeout(soft: boolean, limitMs: number): void {
    if (this.phase === 'done') return;
    const limit = `${limitMs / 1000}s`;
    if (soft) this.#host.log.warning(`Soft time limit (${limit}) exceeded for ${this.title}`);
    else this.#host.log.error(`Hard time limit (${limit}) exceeded for ${this.title}`);
  }

  onDone(outcome: TaskOutcome): void {
    if (this.phase === 'done') return;
    this.#finish();
    if (outcome.bodyLost) this.#traceLost(outcome);
    switch (outcome.state) {
      case 'SUCCESS':
        this.#succeeded(outcome);
        break;
      case 'FAILURE':
        this.#failed(outcome);
        break;
      case 'RETRY':
        this.#retried(outcome);
        break;
      case 'IGNORED':
        if (this.#host.logs.info) this.#host.log.info(`Task ${this.title} ignored`);
        this.acknowledge();
        break;
      case 'REJECTED':
        this.#host.log.warning(`Task ${this.title} ${outcome.reason}`);
        this.reject(outcome.requeue);
        break;
      case 'REVOKED':
        this.#revokedWhileRunning(outcome);
        break;
    }
  }

  #traceLost(outcome: TaskOutcome): void {
    const { app, hostname } = this.#host;
    app.telemetry?.lost(this.body, { hostname, startedMs: this.timeStartMs! }, outcome);
  }

  #succeeded(outcome: Extract<TaskOutcome, { state: 'SUCCESS' }>): void {
    const { events, log, logs } = this.#host;
    this.acknowledge();
    const runtime = outcome.runtimeMs / 1000;
    if (this.policy.sendEvents && events.wants('task')) {
      events.send('task-succeeded', { uuid: this.id, result: outcome.resultRepr, runtime });
    }
    if (logs.info) log.info(`Task ${this.title} succeeded in ${runtime}s: ${outcome.resultRepr}`);
  }

  #retried(outcome: Extract<TaskOutcome, { state: 'RETRY' }>): void {
    const { events, log, logs } = this.#host;
    this.acknowledge();
    if (this.policy.sendEvents && events.wants('task')) {
      events.send('task-retried', { uuid: this.id, exception: outcome.excRepr, traceback: outcome.traceback });
    }
    if (!logs.info) return;
    const seconds = outcome.when === null ? null : Math.max(0, Math.round((outcome.when - this.#host.now()) / 1000));
    log.info(`Task ${this.title} retry: Retry${seconds === null ? '' : ` in ${seconds}s`}: ${outcome.excRepr}`);
  }

  #failed(outcome: Extract<TaskOutcome, { state: 'FAILURE' }>): void {
    const { policy } = this;
    const late = policy.acksLate && !this.acknowledged;
    const again =
      late && ((outcome.workerLost && policy.rejectOnWorkerLost) || (outcome.timeout && !policy.acksOnFailure));
    // It will run again: no failure, neither stored nor told.
    if (again) {
      this.reject(true);
      return;
    }
    const unstored = outcome.timeout || outcome.workerLost || outcome.internal;
    if (!unstored) {
      this.#settleFailed(outcome);
      return;
    }
    const storing = storeFailure(this.#host.app, this.body, outcome.error, {
      state: 'FAILURE',
      traceback: outcome.traceback,
    });
    this.#host.track(
      storing
        .catch((error: Error) => this.#host.log.error(`Cannot store the failure of ${this.title}: ${error.message}`))
        .then(() => {
          if (signals.task_failure.size > 0) this.#signalFailure(outcome);
          this.#settleFailed(outcome);
        }),
    );
  }

  #settleFailed(outcome: Extract<TaskOutcome, { state: 'FAILURE' }>): void {
    const { events, log, logs } = this.#host;
    if (this.policy.acksOnFailure) this.acknowledge();
    else this.reject(false);
    if (this.policy.sendEvents && events.wants('task')) {
      events.send('task-failed', { uuid: this.id, exception: outcome.excRepr, traceback: outcome.traceback });
    }
    if (outcome.expected) {
      if (logs.info) log.info(`Task ${this.title} raised expected: ${outcome.excRepr}`);
    } else if (outcome.internal) {
      log.critical(`Task ${this.title} INTERNAL ERROR: ${outcome.excRepr}`, tracebackOf(outcome.traceback));
    } else {
      log.error(`Task ${this.title} raised unexpected: ${outcome.excRepr}`, tracebackOf(outcome.traceback));
    }
  }

  #signalFailure(outcome: Extract<TaskOutcome, { state: 'FAILURE' }>): void {
    signals.task_failure.send({
      sender: this.policy.task,
      task_id: this.id,
      exception: outcome.error,
      args: this.body.args,
      kwargs: this.body.kwargs,
      traceback: outcome.traceback,
      einfo: outcome.traceback,
    });
  }

  #revokedWhileRunning(outcome: Extract<TaskOutcome, { state: 'REVOKED' }>): void {
    const { terminated, signum, expired } = outcome;
    this.#announceRevoked(terminated ? 'terminated' : expired ? 'expired' : 'revoked', { terminated, signum, expired });
  }

  // -- stopping it from outside

  /** Stop it where it is: in the pool by the pool's means, before that when it gets there. */
  terminate(signal: string): void {
    if (this.phase === 'done') return;
    this.#terminate = signal;
    this.#running?.terminate(signal);
  }

  /** Its connection is lost while it runs (worker_cancel_long_running_tasks_on_connection_loss): the broker delivers it again. */
  cancel(): void {
    if (this.phase === 'done') return;
    this.#host.log.warning(`Cancelling ${this.title}: its connection to the broker was lost.`);
    this.requeue();
  }

  /** Let somebody else have it: it has not begun, or shall not end here. */
  requeue(): void {
    if (this.phase === 'done') return;
    this.#finish();
    this.#running?.terminate('SIGTERM');
    if (this.acknowledged) return;
    this.acknowledged = true;
    this.#settle(() => this.#message.reject({ requeue: true }));
  }

  #announceRevoked(reason: string, how: { terminated: boolean; signum: number | null; expired: boolean }): void {
    const { app, log } = this.#host;
    if (this.phase !== 'done') this.#finish();
    const error = new TaskRevokedError(reason);
    this.#host.track(
      storeFailure(app, this.body, error, { state: 'REVOKED', traceback: null })
        .catch((e: Error) => log.error(`Cannot store that ${this.title} was revoked: ${e.message}`))
        .then(() => {
          this.acknowledge();
          const { events } = this.#host;
          if (this.policy.sendEvents && events.wants('task')) events.send('task-revoked', { uuid: this.id, ...how });
          if (signals.task_revoked.size > 0) {
            signals.task_revoked.send({ sender: this.policy.task, request: this, ...how });
          }
        }),
    );
  }

  // -- settling

  acknowledge(): void {
    if (this.acknowledged) return;
    this.acknowledged = true;
    this.#settle(() => this.#message.ack());
  }

  reject(requeue: boolean): void {
    if (this.acknowledged) return;
    this.acknowledged = true;
    this.#settle(() => this.#message.reject({ requeue }));
    const { events } = this.#host;
    if (this.policy.sendEvents && events.wants('task')) events.send('task-rejected', { uuid: this.id, requeue });
  }

  #settle(how: () => void): void {
    try {
      how();
    } catch (error) {
      // The channel is gone: the broker delivers the message again.
      this.#host.log.warning(`Cannot settle the message of ${this.title}: ${(error as Error).message}`);
    }
    this.#host.prefetch.settled();
  }

  /** It holds no place any more, whatever is still to be stored. */
  #finish(): void {
    const { state, prefetch } = this.#host;
    if (this.phase === 'active') {
      state.active--;
      if (!this.policy.acksLate) prefetch.running(-1);
    } else if (this.phase === 'scheduled') {
      prefetch.etaReleased();
    } else if (this.phase === 'limited') {
      prefetch.rateLimited.released(this.queue);
    }
    this.eta?.cancel();
    this.eta = null;
    this.phase = 'done';
    state.requests.delete(this);
  }

  /** The phase again, unknown to the compiler's narrowing. */
  #isDone(): boolean {
    return this.phase === 'done';
  }

  /** As `active`, `reserved` and the others tell of it. */
  info(safe = false): InspectedRequest {
    const { body } = this;
    const { exchange, routing_key, priority, redelivered } = body.delivery_info;
    return {
      id: body.id,
      name: this.name,
      args: safe ? body.argsrepr : body.args,
      kwargs: safe ? body.kwargsrepr : body.kwargs,
      type: body.task,
      hostname: this.#host.hostname,
      time_start: this.timeStartMs === null ? null : this.timeStartMs / 1000,
      acknowledged: this.acknowledged,
      delivery_info: { exchange, routing_key, priority: priority ?? null, redelivered: redelivered ?? null },
      worker_pid: this.workerPid,
    };
  }
}

function tracebackOf(traceback: string | null): Record<string, unknown> | undefined {
  return traceback ? { traceback } : undefined;
}

/** 'TERM', 'SIGTERM', 15 -> 'SIGTERM'. */
export function signalName(signal: unknown): string {
  if (signal === null || signal === undefined || signal === '') return 'SIGTERM';
  if (typeof signal === 'number') {
    const known = Object.entries(constants.signals).find(([, n]) => n === signal);
    return known ? known[0] : 'SIGTERM';
  }
  const name = String(signal).toUpperCase();
  return name.startsWith('SIG') ? name : `SIG${name}`;
}
