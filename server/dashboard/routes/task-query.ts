// What routes of tasks and of their events are asked with: the query, narrowed to its reader, and lists of words.
// Not here: the language itself (shared/query), what a reader sees (../access/sight.ts).
import { parseQuery } from '../../../shared/query/parser.ts';
import { allOf, type QueryTree } from '../../../shared/query/tree.ts';
import { asksValues, type Sight } from '../access/sight.ts';
import { ProblemError } from './context.ts';

/** A question narrowed to what its reader may see. @throws ProblemError 403 where it looks into values that are hidden */
export function within(sight: Sight, tree: QueryTree | null): QueryTree | null {
  refuseHidden(sight, tree);
  return allOf([tree, sight.tree]);
}

/** @throws ProblemError 403 where a question looks into values that are hidden from its reader */
export function refuseHidden(sight: Sight, tree: QueryTree | null): void {
  if (!sight.values && asksValues(tree)) throw hiddenValues();
}

export const hiddenValues = (): ProblemError =>
  new ProblemError(
    403,
    'Forbidden',
    'Arguments, results and exceptions are hidden from you: ask by name:, state:, worker:, queue: or uuid:, not by text.',
  );

/** @throws ProblemError 400 with the position */
export function readQuery(text: string | undefined, now: number): QueryTree | null {
  if (text === undefined || text.trim() === '') return null;
  const parsed = parseQuery(text, { nowS: now });
  if (!parsed.ok) throw new ProblemError(400, 'Bad query', parsed.message, { position: parsed.position });
  return parsed.tree;
}

/** Words between commas; null: none were given. @throws ProblemError 400 for an empty one */
export function listOf(name: string, text: string | undefined): string[] | null {
  if (!text) return null;
  const words = text.split(',').map((word) => word.trim());
  if (words.includes('')) throw new ProblemError(400, 'Bad request', `'${name}' has an empty name between its commas.`);
  return words;
}
