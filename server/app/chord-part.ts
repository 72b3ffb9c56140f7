// A finished header task of a chord: it is counted, and when it was the last, the chord's body is sent or failed.
// Not here: counting (backends/), the signatures of a chord (canvas/chord.ts).
// Holds: the body is sent before its counting is forgotten, under the ids it was given when the chord was sent. So a worker that
// dies in between loses nothing: its message is delivered again, and counting it again reports the chord complete again. While one
// sends the body others wait, and a body that is known to have begun is not sent twice.
// Celery 5.6: backends/redis.py on_chord_part_return, backends/base.py chord_error_from_stack
import {
  type Backend,
  type ChordPart,
  type ChordReady,
  type CountingBackend,
  countsChords,
} from '../backends/contract.ts';
import type { SignatureLike } from '../canvas/call-options.ts';
import { listOf } from '../canvas/signature.ts';
import { ChordError, toError } from '../errors.ts';
import { decodeFailure, encodeFailure, exceptionRepr, pythonTraceback } from '../protocol/failure.ts';
import type { TaskMessage, WireSignature } from '../protocol/task-message.ts';
import { callErrbacks, errbacksOf } from './errbacks.ts';
import type { AppHost } from './host.ts';
import { storeResult } from './store-result.ts';

/** How long a broker that is away is waited for: as long as a Redis result store is. @unit seconds for the intervals */
const BODY_RETRY = { max_retries: 20, interval_start: 0, interval_step: 0.2, interval_max: 1 };

/** How often who waits for another's claim looks again. @unit milliseconds */
const CLAIM_POLL_MS = 250;

/** Tell the store of a finished header task; when it was the last, send the body or fail it. */
export async function completeChordPart(
  app: AppHost,
  message: TaskMessage,
  state: string,
  result: unknown,
): Promise<void> {
  const body = message.embed.chord;
  const groupId = message.group;
  if (!body || !groupId) return;
  const backend = await app.backend();
  // Where nobody counts, celery.chord_unlock asks for the results.
  if (!countsChords(backend)) return;
  app.chordPartsCounted++;
  const part = { groupId, index: message.group_index, taskId: message.id, state, result };
  let ready: ChordReady | null;
  try {
    ready = await counted(app, backend, part);
  } catch (error) {
    if (!(error instanceof ChordError)) throw error;
    await failChordBody(app, message, body, error);
    await forget(app, backend, groupId);
    return;
  }
  if (!ready) return;
  if (ready.failure) {
    const { taskId } = ready.failure;
    const cause = decodeFailure(ready.failure.result, null);
    await failChordBody(
      app,
      message,
      body,
      new ChordError(`Dependency ${taskId} raised ${exceptionRepr(cause)}`),
      cause,
    );
  } else if (!ready.repeated || !(await hasBegun(backend, body))) {
    await sendBody(app, message, body, ready.results);
  }
  await forget(app, backend, groupId);
}

/**
 * Is its result asked for by celery.chord_unlock, and so to be stored even when the task ignores its results? Celery's chord waits for
 * ever then.
 */
export async function isAskedFor(app: AppHost, { embed, group }: TaskMessage): Promise<boolean> {
  return embed.chord !== null && group !== null && !countsChords(await app.backend());
}

/** Waits while somebody else sends the body: when he dies, it is left to us. */
async function counted(app: AppHost, backend: CountingBackend, part: ChordPart): Promise<ChordReady | null> {
  for (;;) {
    const answer = await backend.completeChordPart(part);
    if (answer === null || !('claimedBy' in answer)) return answer;
    await new Promise<void>((resolve) => app.timer.after(CLAIM_POLL_MS, resolve));
  }
}

async function sendBody(
  app: AppHost,
  message: TaskMessage,
  body: WireSignature,
  results: readonly unknown[],
): Promise<void> {
  const lineage = { parent_id: message.id, ...(message.root_id ? { root_id: message.root_id } : {}) };
  const patience = 'retry' in body.options || 'retry_policy' in body.options ? {} : { retry_policy: BODY_RETRY };
  try {
    await app.canvas.revive(body).applyAsync([results], {}, { ...lineage, ...patience });
  } catch (error) {
    await failChordBody(app, message, body, new ChordError(`Cannot send the body: ${toError(error).message}`));
  }
}

/** Every task that the body starts with has a record: all of it was sent. Tasks that store nothing cannot be known to have begun. */
async function hasBegun(backend: Backend, body: WireSignature): Promise<boolean> {
  const first = firstIdsOf(body);
  return first.length > 0 && (await backend.getMany(first)).size === new Set(first).size;
}

/** What is left of the counting expires by itself; the chord has what it was counted for. */
async function forget(app: AppHost, backend: CountingBackend, groupId: string): Promise<void> {
  try {
    await backend.forgetChord(groupId);
  } catch (error) {
    app.log.warning(`Cannot forget the counting of the finished chord ${groupId}: ${toError(error).message}`);
  }
}

/**
 * @param cause what the header task failed with. The tasks of a body that is a group fail with it as it is, each; all others with
 *   the ChordError that names it (Celery 5.6, backends/base.py _handle_group_chord_error)
 */
export async function failChordBody(
  app: AppHost,
  message: TaskMessage,
  body: WireSignature,
  error: Error,
  cause: Error = error,
): Promise<void> {
  if (body.subtask_type === 'group') {
    for (const task of listOf(body.kwargs.tasks) as WireSignature[]) await failChordBody(app, message, task, cause);
    return;
  }
  const ids = idsOf(body);
  const result = encodeFailure(error);
  const traceback = pythonTraceback(error);
  const stored = { state: 'FAILURE', result, traceback, children: [] };
  for (const id of ids) await storeResult(app, { ...placeOf(message, body, id), group: null }, stored);
  const outer = await failParts(app, message, body, 'FAILURE', result);
  const last = placeOf(message, body, ids.at(-1) ?? message.id);
  // The chord round it fails with it, and calls those it has itself: each is called once.
  const errbacks = errbacksOf(body, outer ? errbacksOf(outer) : []);
  await callErrbacks(app, { ...last, embed: { ...last.embed, errbacks } }, error, traceback);
}

/** What will never run counts as failed in the chord it is in. Returns that chord's body. */
export async function failParts(
  app: AppHost,
  message: TaskMessage,
  signature: WireSignature,
  state: string,
  result: unknown,
): Promise<WireSignature | null> {
  let outer: WireSignature | null = null;
  for (const end of endsOf(signature)) {
    if (!end.options.chord || typeof end.options.task_id !== 'string') continue;
    outer = end.options.chord as WireSignature;
    await completeChordPart(app, placeOf(message, end, end.options.task_id), state, result);
  }
  return outer;
}

/** The message a step of a chain would have had, as far as a record needs it. */
export function placeOf(message: TaskMessage, step: WireSignature, id: string): TaskMessage {
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

/** Ids of all tasks a frozen signature stands for, its result's last. */
export function idsOf(signature: SignatureLike): string[] {
  const { kwargs } = signature;
  const all = (value: unknown) => listOf(value).flatMap(idsOf);
  if (signature.subtask_type === 'chain' || signature.subtask_type === 'group') return all(kwargs.tasks);
  if (signature.subtask_type === 'chord') return [...all(kwargs.header), ...all(kwargs.body)];
  return typeof signature.options.task_id === 'string' ? [signature.options.task_id] : [];
}

/** The tasks that end it: as a part of a chord it is complete when they are. */
function endsOf(signature: WireSignature): WireSignature[] {
  const { kwargs } = signature;
  const all = (value: unknown) => (listOf(value) as WireSignature[]).flatMap(endsOf);
  if (signature.subtask_type === 'chain') return all(listOf(kwargs.tasks).slice(-1));
  if (signature.subtask_type === 'group') return all(kwargs.tasks);
  if (signature.subtask_type === 'chord') return all(kwargs.body);
  return [signature];
}

/** Ids of the tasks that are sent when a frozen signature is. */
function firstIdsOf(signature: SignatureLike): string[] {
  const { kwargs } = signature;
  if (signature.subtask_type === 'chain') return listOf(kwargs.tasks).slice(0, 1).flatMap(firstIdsOf);
  if (signature.subtask_type === 'group') return listOf(kwargs.tasks).flatMap(firstIdsOf);
  if (signature.subtask_type === 'chord') return listOf(kwargs.header).flatMap(firstIdsOf);
  return typeof signature.options.task_id === 'string' ? [signature.options.task_id] : [];
}
