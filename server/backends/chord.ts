// What the parts of a chord amount to once all have come: results in header order, or the part that failed first.
// Counting them is the store's work.
// Celery 5.6: backends/redis.py on_chord_part_return
import { PROPAGATE_STATES } from '../../shared/states.ts';
import type { BackendContext, ChordOutcome, ChordPart, ChordPlan } from './contract.ts';
import { membersOf, resultsOf } from './key-value.ts';

/** How long who reported a complete chord has for sending its body, before somebody else does it. @unit milliseconds */
export const CLAIM_MS = 5000;

/** How old a chord is when it is checked for the first time. @unit milliseconds */
export const CHECK_AFTER_MS = 10_000;

/**
 * How long the counted parts of a forgotten chord stay: a Python worker that saw the last one at the same time reads them once more, and
 * would call the body with an empty list. @unit milliseconds
 */
export const PARTS_STAY_MS = 10_000;

/** How long after a check a chord is due again: the older it is, the rarer. */
export function nextCheckMs(ageMs: number): number {
  return Math.max(CHECK_AFTER_MS, ageMs / 2);
}

/** null: there is none, or it cannot be written; whoever sends the header is told why, and of which task. */
export function encodedPlan(context: BackendContext, plan: ChordPlan | undefined) {
  try {
    return plan ? context.encode(plan) : null;
  } catch {
    return null;
  }
}

/**
 * @param parts in the order they came
 * @param group the saved group of the chord's id, when there is one: a header with groups in it gives its results in its shape
 */
export function chordOutcome(
  parts: readonly Pick<ChordPart, 'index' | 'taskId' | 'state' | 'result'>[],
  group: unknown = null,
): ChordOutcome {
  const failed = parts.find((part) => PROPAGATE_STATES.has(part.state));
  const last = Number.POSITIVE_INFINITY;
  // Parts without an index come last, in the order they came (Celery scores them +inf).
  const ordered = [...parts].sort((a, b) => (a.index ?? last) - (b.index ?? last) || 0);
  const members = membersOf(group);
  return {
    results: members
      ? resultsOf(members, new Map(parts.map((part) => [part.taskId, part])))
      : ordered.map((part) => part.result),
    failure: failed ? { taskId: failed.taskId, result: failed.result } : null,
  };
}

export interface StoredPart {
  readonly value: Buffer;
  readonly taskId: string;
  readonly state: string;
  readonly result: unknown;
}

/** A header task that was delivered again may have ended twice, in different ways: a SUCCESS counts, else the first that stands there. */
export function onePerTask(all: readonly StoredPart[]): { readonly parts: StoredPart[]; readonly extra: Buffer[] } {
  const kept = new Map<string, StoredPart>();
  for (const part of all) {
    const known = kept.get(part.taskId);
    if (!known || (part.state === 'SUCCESS' && known.state !== 'SUCCESS')) kept.set(part.taskId, part);
  }
  const counts = (part: StoredPart): boolean => kept.get(part.taskId) === part;
  return { parts: all.filter(counts), extra: all.filter((part) => !counts(part)).map(({ value }) => value) };
}
