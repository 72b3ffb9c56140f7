// Storing results of a run, and all that a failure brings with it: the rest of its chain, its chord, its errbacks.
// Not here: running (trace.ts); what a record looks like (protocol/result-meta.ts).
// Holds: the record first, then the chord part, then what waits for it; a chord's body is sent, or failed, once.
// Celery 5.6: backends/base.py mark_as_done, mark_as_failure, chord_error_from_stack
import type { Backend } from '../backends/contract.ts';
import type { SignatureLike } from '../canvas/call-options.ts';
import { listOf } from '../canvas/signature.ts';
import { ChordError, toError } from '../errors.ts';
import { decodeFailure, encodeFailure, exceptionRepr, pythonTraceback } from '../protocol/failure.ts';
import { buildResultMeta } from '../protocol/result-meta.ts';
import type { TaskMessage, WireSignature } from '../protocol/task-message.ts';
import { TaskRequest } from './context.ts';
import type { AppHost, RegisteredTask } from './host.ts';
import { Stop } from './stop.ts';

export interface Stored {
  readonly state: string;
  readonly result: unknown;
  readonly traceback?: string | null;
  readonly children?: readonly unknown[] | null;
  readonly hostname?: string | null;
}

/** Write one record. May throw what the store throws. */
export function storeResult(app: AppHost, message: TaskMessage, stored: Stored): Promise<void> {
  const backend = app.openBackend;
  return backend
    ? write(backend, app, message, stored)
    : app.backend().then((opened) => write(opened, app, message, stored));
}

function write(backend: Backend, app: AppHost, message: TaskMessage, stored: Stored): Promise<void> {
  if (!backend.enabled) return DONE;
  return backend.store(
    buildResultMeta({
      task_id: message.id,
      status: stored.state,
      result: stored.result,
      traceback: stored.traceback ?? null,
      children: stored.children ?? null,
      nowMs: app.timer.now(),
      group_id: message.group,
      parent_id: message.parent_id,
      ...(app.conf.result_extended ? { extended: extended(message, stored.hostname ?? null) } : {}),
    }),
  );
}

const DONE = Promise.resolve();

function extended(message: TaskMessage, worker: string | null) {
  return {
    name: message.task,
    args: message.args,
    kwargs: message.kwargs,
    worker,
    retries: message.retries,
    queue: message.delivery_info.routing_key,
    stamped_headers: message.stamped_headers,
    stamps: message.stamps,
  };
}

export function ignoresResult(app: AppHost, task: RegisteredTask | undefined): boolean {
  return task?.options.ignore_result ?? app.conf.task_ignore_result;
}

export function storesErrors(app: AppHost, task: RegisteredTask | undefined): boolean {
  if (!ignoresResult(app, task)) return true;
  return task?.options.store_errors_even_if_ignored ?? app.conf.task_store_errors_even_if_ignored;
}

export interface FailureOptions {
  readonly state: 'FAILURE' | 'REVOKED';
  readonly traceback: string | null;
  readonly children?: readonly unknown[] | null;
  readonly hostname?: string | null;
}

/** A failure, in a body or outside of any: unknown task, revoked, expired, worker lost, time limit. */
export async function storeFailure(
  app: AppHost,
  message: TaskMessage,
  error: Error,
  options: FailureOptions,
): Promise<void> {
  const { state, traceback } = options;
  const store = storesErrors(app, app.tasks.get(message.task));
  const result = encodeFailure(error);
  if (store) await storeResult(app, message, { ...options, result });
  await completeChordPart(app, message, state, result);
  if (state === 'REVOKED') return;
  // Celery 5.6, backends/base.py mark_as_failure: all that would have followed in the chain fails with the same error.
  for (const step of message.embed.chain ?? [])
    await failChainStep(app, message, step, store, { state, result, traceback, children: [] });
  await callErrbacks(app, message, error, traceback);
}

async function failChainStep(
  app: AppHost,
  message: TaskMessage,
  step: WireSignature,
  store: boolean,
  stored: Stored,
): Promise<void> {
  const id = step.options.task_id;
  if (typeof id !== 'string') {
    // A group or chord in the chain: its parts will never run either.
    for (const inner of idsOf(step)) if (store) await storeResult(app, placeOf(message, step, inner), stored);
    return;
  }
  const place = placeOf(message, step, id);
  if (store) await storeResult(app, place, stored);
  if (step.options.chord) await completeChordPart(app, place, stored.state, stored.result);
}

/** The message a step of a chain would have had, as far as a record needs it. */
function placeOf(message: TaskMessage, step: WireSignature, id: string): TaskMessage {
  const { options } = step;
  return {
    ...message,
    id,
    task: step.task,
    args: step.args,
    kwargs: step.kwargs,
    retries: 0,
    group: (options.group_id as string | undefined) ?? null,
    group_index: (options.group_index as number | undefined) ?? null,
    parent_id: null,
    embed: {
      callbacks: null,
      errbacks: null,
      chain: null,
      chord: (options.chord as WireSignature | undefined) ?? null,
    },
  };
}

/** Tell the store of a finished header task; when it was the last, send the body or fail it. */
export async function completeChordPart(
  app: AppHost,
  message: TaskMessage,
  state: string,
  result: unknown,
): Promise<void> {
  const body = message.embed.chord;
  if (!body || !message.group) return;
  const backend = await app.backend();
  const ready = await backend.completeChordPart({
    groupId: message.group,
    index: message.group_index,
    taskId: message.id,
    state,
    result,
  });
  if (!ready) return;
  if (ready.failure) {
    const cause = exceptionRepr(decodeFailure(ready.failure.result, null));
    await failChordBody(app, message, body, new ChordError(`Dependency ${ready.failure.taskId} raised ${cause}`));
    return;
  }
  try {
    const lineage = { parent_id: message.id, ...(message.root_id ? { root_id: message.root_id } : {}) };
    await app.canvas.revive(body).applyAsync([ready.results], {}, lineage);
  } catch (error) {
    await failChordBody(app, message, body, new ChordError(`Cannot send the body: ${toError(error).message}`));
  }
}

async function failChordBody(
  app: AppHost,
  message: TaskMessage,
  body: WireSignature,
  error: ChordError,
): Promise<void> {
  const ids = idsOf(body);
  const result = encodeFailure(error);
  const traceback = pythonTraceback(error);
  const stored = { state: 'FAILURE', result, traceback, children: [] };
  for (const id of ids) await storeResult(app, { ...placeOf(message, body, id), group: null }, stored);
  const last = placeOf(message, body, ids.at(-1) ?? message.id);
  // The body may itself be a header task of another chord.
  if (body.options.chord) await completeChordPart(app, last, 'FAILURE', result);
  await callErrbacks(app, { ...last, embed: { ...last.embed, errbacks: errbacksOf(body) } }, error, traceback);
}

/** Ids of all tasks a frozen signature stands for, its result's last. */
function idsOf(signature: SignatureLike): string[] {
  const { kwargs } = signature;
  const all = (value: unknown) => listOf(value).flatMap(idsOf);
  if (signature.subtask_type === 'chain' || signature.subtask_type === 'group') return all(kwargs.tasks);
  if (signature.subtask_type === 'chord') return [...all(kwargs.header), ...all(kwargs.body)];
  return typeof signature.options.task_id === 'string' ? [signature.options.task_id] : [];
}

function errbacksOf(signature: SignatureLike): WireSignature[] {
  const inner = signature.subtask_type === 'chain' ? listOf(signature.kwargs.tasks) : [];
  const found = [signature, ...inner].flatMap((one) => listOf(one.options.link_error)) as WireSignature[];
  const seen = new Set<string>();
  return found.filter((one) => {
    const text = JSON.stringify(one);
    return !seen.has(text) && seen.add(text);
  });
}

/**
 * Errbacks known here that take (request, error, traceback) are called on the spot; all others are sent with the failed id.
 * Celery 5.6, backends/base.py _call_task_errbacks
 */
async function callErrbacks(app: AppHost, message: TaskMessage, error: Error, traceback: string | null): Promise<void> {
  for (const like of message.embed.errbacks ?? []) {
    const errback = app.canvas.revive(like);
    const task = app.tasks.get(errback.task);
    try {
      if (task && takesFailure(task)) {
        const request = new TaskRequest(message, { hostname: null, stop: new Stop() });
        await task.callDirectly([request, error, traceback, ...errback.args]);
        continue;
      }
      const lineage = { parent_id: message.id, root_id: message.root_id ?? message.id };
      await errback.applyAsync([message.id], {}, lineage);
    } catch (failed) {
      app.log.error(
        `The errback ${errback.task} of task ${message.id} could not be called: ${toError(failed).message}`,
      );
    }
  }
}

function takesFailure(task: RegisteredTask): boolean {
  return task.options.bind !== true && task.parameterCount > 1;
}
