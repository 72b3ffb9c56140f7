// All that a failure brings with it: its record, the rest of its chain, its chord, its errbacks.
// Not here: running (trace.ts), one record (store-result.ts), chords (chord-part.ts), errbacks (errbacks.ts).
// Holds: the record first, then the chord part, then what waits for it.
// Celery 5.6: backends/base.py mark_as_failure
import { encodeFailure } from '../protocol/failure.ts';
import type { TaskMessage, WireSignature } from '../protocol/task-message.ts';
import { completeChordPart, failParts, idsOf, isAskedFor, placeOf } from './chord-part.ts';
import { callErrbacks } from './errbacks.ts';
import type { AppHost } from './host.ts';
import { type Stored, storeResult, storesErrors } from './store-result.ts';

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
  if (store || (await isAskedFor(app, message))) await storeResult(app, message, { ...options, result });
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
  // Of a group or chord in the chain none of the tasks will run either.
  if (store) for (const id of idsOf(step)) await storeResult(app, placeOf(message, step, id), stored);
  await failParts(app, message, step, stored.state, stored.result);
}
