// celery.chord_unlock: the body of a chord in a store that does not count. It is sent with the chord, asks for the header's results again
// and again, and sends the body when all are there.
// Not here: stores that count (chord-part.ts). Celery 5.6: backends/base.py fallback_chord_unlock, app/builtins.py unlock_chord
import { PROPAGATE_STATES, READY_STATES } from '../../shared/states.ts';
import type { Backend } from '../backends/contract.ts';
import { idsOf, membersOf, resultsOf } from '../backends/key-value.ts';
import type { Signature } from '../canvas/signature.ts';
import { ChordError, toError } from '../errors.ts';
import { decodeFailure, exceptionRepr } from '../protocol/failure.ts';
import type { ResultMeta } from '../protocol/result-meta.ts';
import type { WireSignature } from '../protocol/task-message.ts';
import type { GroupResult } from '../results/group-result.ts';
import { failChordBody } from './chord-part.ts';
import type { TaskContext } from './context.ts';
import type { AppHost } from './host.ts';
import { sendTask } from './publisher.ts';

const NAME = 'celery.chord_unlock';

/** How many results are asked for at once. */
const LOOK_AT = 250;

/** @param options.countdown seconds until the first look */
export async function sendChordUnlock(
  app: AppHost,
  header: GroupResult,
  body: Signature,
  options: { readonly countdown: number },
): Promise<void> {
  const result = header.results.map((one) => one.asTuple());
  const own = app.tasks.get(body.task)?.options;
  const chosen = body.options as { queue?: string; priority?: number };
  // Whoever runs the body can run this: it goes to the same queue.
  const queue = chosen.queue ?? own?.queue ?? app.router.route({}, body.task, [], {}).queue;
  const priority = chosen.priority ?? own?.priority;
  await sendTask(
    app,
    NAME,
    [header.id, body.toJSON()],
    { interval: null, max_retries: null, result },
    { ...options, ...(queue === undefined ? {} : { queue }), ...(priority == null ? {} : { priority }) },
    app.tasks.get(NAME),
  );
}

/** @param header the header's results as tuples; `notYet` ends the run with a retry */
export async function unlockChord(
  app: AppHost,
  task: TaskContext,
  groupId: string,
  body: WireSignature,
  header: readonly unknown[],
  notYet: () => never,
): Promise<void> {
  const members = membersOf([[groupId, null], header]) ?? [];
  const ids = idsOf(members);
  const metas = (await readyOnes(await app.backend(), ids)) ?? notYet();
  const all = ids.map((id) => metas.get(id));
  const failed = all.find((meta) => PROPAGATE_STATES.has(meta!.status));
  const { message } = task.request;
  if (failed) {
    const cause = toError(decodeFailure(failed.result, failed.traceback));
    const error = new ChordError(`Dependency ${failed.task_id} raised ${exceptionRepr(cause)}`);
    await failChordBody(app, message, body, error, cause);
    return;
  }
  try {
    await app.canvas.revive(body).applyAsync([resultsOf(members, metas)]);
  } catch (error) {
    await failChordBody(app, message, body, new ChordError(`Callback error: ${exceptionRepr(toError(error))}`));
  }
}

/**
 * Their records, when all are ready. What was sent last is most likely missing: it is asked for first, so that one look at a long header
 * costs no more than one at a short.
 */
async function readyOnes(backend: Backend, ids: readonly string[]): Promise<Map<string, ResultMeta> | null> {
  const found = new Map<string, ResultMeta>();
  for (let to = ids.length; to > 0; to -= LOOK_AT) {
    const some = ids.slice(Math.max(0, to - LOOK_AT), to);
    for (const [id, meta] of await backend.getMany(some)) found.set(id, meta);
    if (!some.every((id) => READY_STATES.has(found.get(id)?.status ?? ''))) return null;
  }
  return found;
}
