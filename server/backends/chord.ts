// What the parts of a chord amount to once all have come: results in header order, or the part that failed first.
// Counting them is the store's work.
// Celery 5.6: backends/redis.py on_chord_part_return
import { PROPAGATE_STATES } from '../../shared/states.ts';
import type { ChordOutcome, ChordPart } from './contract.ts';
import { membersOf, resultsOf } from './key-value.ts';

/** How long who reported a complete chord has for sending its body, before somebody else does it. @unit milliseconds */
export const CLAIM_MS = 5000;

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
