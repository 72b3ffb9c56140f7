// Run one task body and make of it what the world sees: states, result, links, chord part, outcome. Short and flat on purpose.
// Not here: settling the message and telling events (worker/request.ts), what a failure brings with it (store-failure.ts).
// Holds: it never rejects; callbacks and the next step of a chain are sent before SUCCESS is stored, the chord part after it (as
// Celery does, so that children stand in the record); a body that was given up from outside stores and sends nothing any more; what a
// task ended with stays, whatever its handlers do.
// Celery 5.6: app/trace.py build_tracer
import { constants } from 'node:os';
import { saferepr } from '../../shared/python-repr.ts';
import type { SignatureLike } from '../canvas/call-options.ts';
import { group } from '../canvas/compose.ts';
import type { AddedPart } from '../canvas/eager.ts';
import { Group } from '../canvas/group.ts';
import { Ignore, Reject, Retry, Terminated, toError } from '../errors.ts';
import { exceptionRepr, pythonTraceback } from '../protocol/failure.ts';
import type { ResultMeta } from '../protocol/result-meta.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { signals } from '../signals.ts';
import { autoRetry, isOneOf } from './autoretry.ts';
import { completeChordPart, isAskedFor } from './chord-part.ts';
import { runInContext, TaskRequest } from './context.ts';
import { callErrbacks } from './errbacks.ts';
import type { AppHost, RegisteredTask } from './host.ts';
import type { TaskOutcome } from './outcome.ts';
import { type EagerRetry, isAbandoned, RunningTask } from './running-task.ts';
import type { Stop } from './stop.ts';
import { storeFailure } from './store-failure.ts';
import { ignoresResult, storeResult } from './store-result.ts';
import type { TaskEnd, TaskOptions } from './task-options.ts';

export { storeFailure } from './store-failure.ts';

export interface TraceOptions {
  readonly hostname: string;
  readonly stop: Stop;
  readonly pid?: number;
  /** Called when the body has ended, before anything is made of it. `settled`: it has asked for a retry, which is on its way. */
  readonly bodyEnded?: (settled: boolean) => void;
  /** Run in the caller's process by `apply`: stored only with `task_store_eager_result`. */
  readonly eager?: boolean;
  /** Of an eager run that is a part of a chord: where it may add parts (canvas/eager.ts). */
  readonly header?: AddedPart[] | null;
  /** Told of the next try of an eager run. */
  readonly onRetry?: (again: EagerRetry) => void;
}

/** What celery calls the length of a repr in events. */
const RESULT_MAXLEN = 1024;

class Success {
  readonly state = 'SUCCESS';
  readonly id: string;
  readonly name: string;
  readonly runtimeMs: number;
  readonly value: unknown;
  constructor(id: string, name: string, runtimeMs: number, value: unknown) {
    this.id = id;
    this.name = name;
    this.runtimeMs = runtimeMs;
    this.value = value;
  }
  get resultRepr(): string {
    return saferepr(this.value, RESULT_MAXLEN);
  }
}

/** One trace with everything it needs at hand. */
interface Trace {
  readonly app: AppHost;
  readonly task: RegisteredTask;
  readonly message: TaskMessage;
  readonly running: RunningTask;
  readonly options: TraceOptions;
  /** Results are stored at all. */
  readonly stores: boolean;
  readonly startedMs: number;
}

export function traceTask(
  app: AppHost,
  task: RegisteredTask,
  message: TaskMessage,
  options: TraceOptions,
): Promise<TaskOutcome> {
  const { telemetry } = app;
  if (telemetry === null) return runTask(app, task, message, options);
  const place = { hostname: options.hostname, eager: options.eager === true, stop: options.stop };
  return telemetry.run(message, place, () => runTask(app, task, message, options));
}

async function runTask(
  app: AppHost,
  task: RegisteredTask,
  message: TaskMessage,
  options: TraceOptions,
): Promise<TaskOutcome> {
  const { hostname, stop } = options;
  const running = new RunningTask(
    app,
    task,
    new TaskRequest(message, { hostname, stop, isEager: options.eager === true }),
    options.header,
  );
  const stores = options.eager ? (task.options.store_eager_result ?? app.conf.task_store_eager_result) : true;
  const run: Trace = { app, task, message, running, options, stores, startedMs: app.timer.monotonic() };
  try {
    let value: unknown;
    try {
      const starting = begin(run);
      if (starting) await starting;
      value = runInContext(running, () => task.call(running, task.bind(message.args, message.kwargs)));
      if (isThenable(value)) value = await value;
      options.bodyEnded?.(running.sending !== null);
    } catch (thrown) {
      options.bodyEnded?.(running.sending !== null);
      return await ended(run, bodyError(run, thrown));
    }
    if (isAbandoned(options.stop.reason)) return abandoned(run);
    if (running.sending) await running.sending;
    const runtimeMs = elapsedMs(run);
    try {
      const storing = succeed(run, value === undefined ? null : value);
      if (storing) await storing;
    } catch (error) {
      if (toError(error).name !== 'EncodeError') throw error;
      return await fail(run, toError(error));
    }
    finishSignals(run, 'SUCCESS', value, null);
    return new Success(message.id, message.shadow ?? message.task, runtimeMs, value);
  } catch (error) {
    return internalError(run, toError(error));
  }
}

/** By the clock that pools measure with. */
function elapsedMs({ app, startedMs }: Trace): number {
  return app.timer.monotonic() - startedMs;
}

function begin(run: Trace): Promise<unknown> | null {
  const { app, task, message, options } = run;
  if (signals.task_prerun.size > 0) {
    const { args, kwargs } = message;
    signals.task_prerun.send({ sender: task, task, task_id: message.id, args, kwargs });
  }
  task.options.before_start?.(endOf(message));
  const tracked = task.options.track_started ?? app.conf.task_track_started;
  if (!tracked || !run.stores || ignoresResult(app, task)) return null;
  const { hostname } = options;
  return storeResult(app, message, {
    state: 'STARTED',
    result: { pid: options.pid ?? process.pid, hostname },
    hostname,
  });
}

/** null: nothing to wait for. */
function succeed(run: Trace, value: unknown): Promise<void> | null {
  const { app, task, message } = run;
  const { callbacks, chain, chord } = message.embed;
  const ignored = !run.stores || message.ignore_result || ignoresResult(app, task);
  const linked = (callbacks !== null && callbacks.length > 0) || (chain !== null && chain.length > 0);
  if (!linked && !chord) return ignored ? null : storeSuccess(run, value);
  return (async () => {
    if (linked) await runInContext(run.running, () => sendLinks(run, value));
    if (!ignored || (run.stores && (await isAskedFor(app, message)))) await storeSuccess(run, value);
    if (chord) await completeChordPart(app, message, 'SUCCESS', value);
  })();
}

function storeSuccess(run: Trace, value: unknown): Promise<void> {
  const { children } = run.running.request;
  return storeResult(run.app, run.message, {
    state: 'SUCCESS',
    result: value,
    children: children.length === 0 ? [] : children.map((child) => child.asTuple()),
    hostname: run.options.hostname,
  });
}

/**
 * A task delivered again whose success is stored is not run again; what its worker may not have come to is done: its links and the
 * rest of its chain, when the record has no children (they are sent before it is stored), and its part of a chord.
 * Celery 5.6: app/trace.py, worker_deduplicate_successful_tasks
 */
export async function finishStored(
  app: AppHost,
  task: RegisteredTask,
  message: TaskMessage,
  stored: ResultMeta,
  options: TraceOptions,
): Promise<void> {
  const { hostname, stop } = options;
  const running = new RunningTask(app, task, new TaskRequest(message, { hostname, stop }));
  const run: Trace = { app, task, message, running, options, stores: true, startedMs: app.timer.monotonic() };
  const { callbacks, chain, chord } = message.embed;
  const linked = (callbacks?.length ?? 0) + (chain?.length ?? 0) > 0;
  if (linked && (stored.children?.length ?? 0) === 0) await runInContext(running, () => sendLinks(run, stored.result));
  if (chord) await completeChordPart(app, message, 'SUCCESS', stored.result);
}

async function sendLinks(run: Trace, value: unknown): Promise<void> {
  const { app, message } = run;
  const { canvas } = app;
  const priority = app.conf.task_inherit_parent_priority ? message.delivery_info.priority : null;
  const lineage = {
    parent_id: message.id,
    root_id: message.root_id ?? message.id,
    ...(priority === null || priority === undefined ? {} : { priority }),
  };
  const callbacks = (message.embed.callbacks ?? []).map((one) => canvas.revive(one as SignatureLike));
  // Celery 5.6, app/trace.py: several are sent as one group.
  const groups = callbacks.filter((one) => one instanceof Group);
  const single = callbacks.filter((one) => !(one instanceof Group));
  for (const callback of groups) await callback.applyAsync([value], {}, lineage);
  if (single.length > 1) await group(single).applyAsync([value], {}, lineage);
  else await single[0]?.applyAsync([value], {}, lineage);
  const rest = [...(message.embed.chain ?? [])];
  const next = rest.pop();
  if (next) await canvas.revive(next).applyAsync([value], {}, { ...lineage, chain: rest });
}

/** The error a body ended with: an aborted wait speaks of its cause, and some errors ask for a retry. */
function bodyError(run: Trace, thrown: unknown): Error {
  const { reason } = run.options.stop;
  const error = toError(thrown);
  if (reason && error.name === 'AbortError') return reason;
  if (isAbandoned(reason)) return error;
  const { request } = run.running;
  const again = autoRetry(run.task.options, error, request.retries);
  if (!again) return error;
  try {
    run.running.retry({ ...again, exc: error });
  } catch (retry) {
    return toError(retry);
  }
}

async function ended(run: Trace, error: Error): Promise<TaskOutcome> {
  const { message, running, options } = run;
  if (isAbandoned(options.stop.reason)) return abandoned(run);
  const base = { id: message.id, name: message.shadow ?? message.task, runtimeMs: elapsedMs(run) };
  if (error instanceof Ignore) {
    finishSignals(run, 'IGNORED', error, null);
    return { ...base, state: 'IGNORED' };
  }
  if (error instanceof Reject) return rejected(run, error);
  if (!(error instanceof Retry)) return fail(run, error);
  try {
    await running.sending;
  } catch (failed) {
    // Celery 5.6, app/task.py retry: what could not be sent again must not be lost.
    return rejected(run, new Reject(toError(failed).message, false));
  }
  if (running.eagerRetry) options.onRetry?.(running.eagerRetry);
  const cause = error.exc ?? error;
  const traceback = pythonTraceback(cause);
  if (signals.task_retry.size > 0) {
    signals.task_retry.send({ sender: run.task, request: running.request, reason: error, einfo: traceback });
  }
  callHandler(run, 'on_retry', { exc: cause, einfo: traceback });
  finishSignals(run, 'RETRY', error, traceback);
  return { ...base, state: 'RETRY', excRepr: exceptionRepr(cause), traceback, when: error.when };
}

function rejected(run: Trace, error: Reject): TaskOutcome {
  const { message } = run;
  finishSignals(run, 'REJECTED', error, null);
  return {
    id: message.id,
    name: message.shadow ?? message.task,
    runtimeMs: elapsedMs(run),
    state: 'REJECTED',
    requeue: error.requeue,
    reason: error.message,
  };
}

async function fail(run: Trace, error: Error): Promise<TaskOutcome> {
  const { app, task, message, options, running } = run;
  const runtimeMs = elapsedMs(run);
  const traceback = pythonTraceback(error);
  if (run.stores) {
    await runInContext(running, () =>
      storeFailure(app, message, error, {
        state: 'FAILURE',
        traceback,
        children: running.request.children.map((child) => child.asTuple()),
        hostname: options.hostname,
      }),
    );
  } else {
    // An eager run stores nothing, and calls its errbacks all the same.
    await runInContext(running, () => callErrbacks(app, message, error, traceback));
  }
  if (signals.task_failure.size > 0) {
    signals.task_failure.send({
      sender: task,
      task_id: message.id,
      exception: error,
      args: message.args,
      kwargs: message.kwargs,
      traceback,
      einfo: traceback,
    });
  }
  callHandler(run, 'on_failure', { exc: error, einfo: traceback });
  finishSignals(run, 'FAILURE', error, traceback);
  return {
    id: message.id,
    name: message.shadow ?? message.task,
    runtimeMs,
    state: 'FAILURE',
    error,
    excRepr: exceptionRepr(error),
    traceback,
    ...(isOneOf(error, task.options.throws) ? { expected: true } : {}),
  };
}

/** The pool has reported its end already; this outcome is dropped. */
function abandoned(run: Trace): TaskOutcome {
  const { message, options } = run;
  const { reason } = options.stop;
  const signum =
    reason instanceof Terminated ? ((constants.signals as Record<string, number>)[reason.signal] ?? null) : null;
  return {
    id: message.id,
    name: message.shadow ?? message.task,
    runtimeMs: elapsedMs(run),
    state: 'REVOKED',
    terminated: true,
    signum,
    expired: false,
  };
}

function internalError(run: Trace, error: Error): TaskOutcome {
  const { message } = run;
  if (signals.task_internal_error.size > 0) {
    const { args } = message;
    signals.task_internal_error.send({ sender: run.task, task_id: message.id, exception: error, args });
  }
  return {
    id: message.id,
    name: message.shadow ?? message.task,
    runtimeMs: elapsedMs(run),
    state: 'FAILURE',
    error,
    excRepr: exceptionRepr(error),
    traceback: pythonTraceback(error),
    internal: true,
  };
}

/** Handlers of the task and receivers of task_success and task_postrun. */
function finishSignals(run: Trace, state: string, retval: unknown, einfo: string | null): void {
  const { task, message } = run;
  if (state === 'SUCCESS') {
    if (signals.task_success.size > 0) signals.task_success.send({ sender: task, result: retval });
    callHandler(run, 'on_success', { retval });
  }
  callHandler(run, 'after_return', { status: state, retval, einfo });
  if (signals.task_postrun.size > 0) {
    const { args, kwargs, id } = message;
    signals.task_postrun.send({ sender: task, task, task_id: id, args, kwargs, retval, state });
  }
}

type EndHandler = 'on_success' | 'on_failure' | 'on_retry' | 'after_return';

/**
 * Its end is stored by now, and what follows it sent: a handler that throws or rejects is logged.
 * Celery 5.6, app/trace.py: it fails the task then, a second time
 */
function callHandler<N extends EndHandler>(
  { app, task, message }: Trace,
  name: N,
  end: Omit<Parameters<NonNullable<TaskOptions[N]>>[0], keyof TaskEnd>,
): void {
  const handler = task.options[name] as ((given: unknown) => unknown) | undefined;
  if (!handler) return;
  const failed = (error: unknown): void =>
    app.log.error(`The handler ${name} of ${message.task}[${message.id}] failed: ${String(error)}`, { error });
  try {
    const returned = handler.call(task.options, { ...endOf(message), ...end });
    if (isThenable(returned)) returned.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

function endOf(message: TaskMessage): TaskEnd {
  return { task_id: message.id, args: message.args, kwargs: message.kwargs };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
