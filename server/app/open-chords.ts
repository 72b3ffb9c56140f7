// Chords whose counting went wrong: a part's result is stored and its part was never counted (its worker lost its line between the two;
// Python's does not try again); it was counted twice, as a success and a failure, and Python's workers compare for equality; or all are
// counted and who was to send the body died, its message acknowledged. They are completed here, in the place of whoever should have.
// Not here: counting (backends/), sending the body (chord-part.ts), when to look (worker/open-chords.ts).
// Holds: a part is counted for another only when it is still missing GRACE_MS after its result was seen; the body keeps its one id, and
// one that is known to have begun is not sent again. A message lost before it was run leaves no result: then there is nothing to do.
// Celery has nothing of the kind.
import { READY_STATES } from '../../shared/states.ts';
import { type CountingBackend, countsChords, type OpenChord } from '../backends/contract.ts';
import type { ResultMeta } from '../protocol/result-meta.ts';
import { buildTaskMessage, readTaskMessage, type TaskMessage, type WireSignature } from '../protocol/task-message.ts';
import type { Message } from '../transport/message.ts';
import { completeChordPart } from './chord-part.ts';
import type { AppHost } from './host.ts';

/** How many chords one check looks at; the rest is due at the next. */
const MAX_CHORDS = 20;

/** A log line is read by people. */
const MAX_NAMED = 10;

/** Between the two looks at one chord: whoever stores a result counts it at once, or never. @unit milliseconds */
export const GRACE_MS = 2000;

export interface OpenChordsCheck {
  /** How many chords were completed, or came nearer to it. */
  readonly completed: number;
  /** False: there is none that a check could be due for. */
  readonly anyOpen: boolean;
}

export async function checkOpenChords(app: AppHost): Promise<OpenChordsCheck> {
  // A worker that has stored nothing yet need not connect for this.
  const backend = app.openBackend;
  if (!backend?.enabled || !countsChords(backend)) return { completed: 0, anyOpen: true };
  const open = await backend.openChords(MAX_CHORDS);
  if (open.length === 0) return { completed: 0, anyOpen: await backend.hasOpenChords() };
  const suspects = await Promise.all(open.map(async (chord) => ((await uncounted(backend, chord)) ? chord : null)));
  if (suspects.every((chord) => chord === null)) return { completed: 0, anyOpen: true };
  await new Promise<void>((resolve) => app.timer.after(GRACE_MS, resolve));
  let completed = 0;
  for (const chord of suspects) {
    const parts = chord && (await uncounted(backend, chord));
    if (!parts) continue;
    completed++;
    const names = parts.slice(0, MAX_NAMED).map((part) => part.task_id);
    if (parts.length > names.length) names.push(`${parts.length - names.length} more`);
    app.log.warning(`The chord ${chord.groupId} was left unfinished; counted now: ${names.join(', ')}`);
    for (const part of parts) await completeChordPart(app, messageOf(chord, part.task_id), part.status, part.result);
  }
  return { completed, anyOpen: true };
}

/** What has ended and is not counted; one part, to tell of again, when all are counted. null: it ended, or waits for parts that run. */
async function uncounted(backend: CountingBackend, { groupId, plan }: OpenChord): Promise<ResultMeta[] | null> {
  const counted = await backend.countedParts(groupId);
  if (!counted) return null;
  const missing = plan.parts.filter((id) => !counted.has(id));
  const metas = await backend.getMany(missing.length > 0 ? missing : plan.parts.slice(-1));
  const ended = [...metas.values()].filter((meta) => READY_STATES.has(meta.status));
  return ended.length > 0 ? ended : null;
}

/** The message that part had, as far as counting it needs. */
function messageOf({ groupId, plan }: OpenChord, id: string): TaskMessage {
  const { headers, properties, payload } = buildTaskMessage({
    id,
    task: 'celery.chord',
    group: groupId,
    group_index: plan.parts.indexOf(id),
    embed: { chord: plan.body as WireSignature },
  });
  return readTaskMessage({ headers, properties } as unknown as Message, payload);
}
