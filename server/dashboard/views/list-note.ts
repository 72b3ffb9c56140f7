// What one should know of a list's answer: that states of a task's own are not told by events.
// Not here: the states of a running task (../live/progress.ts).
import { listing } from '../../../shared/format/text.ts';
import type { QueryTree } from '../../../shared/query/tree.ts';
import { ENDED_STATES, STATES } from '../../../shared/states.ts';

const KNOWN: ReadonlySet<string> = new Set([...STATES, ...ENDED_STATES]);

/** null: there is nothing to say. @param states asked for beside the query  @param counts by state: what was found, events did tell */
export function listNote(
  tree: QueryTree | null,
  states: readonly string[] | null,
  counts: Readonly<Record<string, number>>,
): string | null {
  const own = [...new Set([...(tree === null ? [] : statesOf(tree)), ...(states ?? [])])].filter(
    (state) => !KNOWN.has(state) && !counts[state],
  );
  if (own.length === 0) return null;
  return (
    `Events tell nothing of ${listing(own.slice(0, 3))}: a state that a task stores itself (update_state) is in the result store alone. ` +
    'The page of a running task follows it; here such a task is STARTED.'
  );
}

function* statesOf(tree: QueryTree): Generator<string> {
  switch (tree.op) {
    case 'and':
    case 'or':
      for (const item of tree.items) yield* statesOf(item);
      return;
    case 'not':
      yield* statesOf(tree.item);
      return;
    case 'is':
      if (tree.field === 'state') for (const value of tree.values) yield value.toUpperCase();
      return;
    default:
  }
}
