// Revokes that the broker remembers: a worker that starts later, when nobody is there who heard, reads them.
// Not here: what a worker holds as revoked (worker/revoked.ts). RabbitMQ remembers none (transport/contract.ts, Notes); a Python worker
// asks other workers only.
// Holds: as many, and for as long, as a worker of Celery keeps them; what names workers is theirs alone and is not remembered.
import type { Notes } from '../transport/contract.ts';

/** Workers that hear one another share it. */
const setOf = (namespace: string) => `${namespace}.revoked`;
const LIMIT = 50_000;
const AGE_MS = 10_800_000;

/** The ids that a command revokes for every worker, now and later. */
export function revokedBy(command: string, args: Readonly<Record<string, unknown>> | undefined): string[] {
  if (command !== 'revoke' && command !== 'terminate') return [];
  const given = args?.['task_id'];
  return (Array.isArray(given) ? given : [given]).filter((id): id is string => typeof id === 'string');
}

export async function rememberRevokes(
  notes: Notes | undefined,
  namespace: string,
  ids: readonly string[],
): Promise<void> {
  if (notes && ids.length > 0) await notes.remember(setOf(namespace), ids, AGE_MS, LIMIT);
}

/** id -> unix time in seconds, as workers tell one another. */
export async function rememberedRevokes(notes: Notes | undefined, namespace: string): Promise<Record<string, number>> {
  const known = (await notes?.remembered(setOf(namespace), AGE_MS)) ?? new Map<string, number>();
  return Object.fromEntries([...known].map(([id, whenMs]) => [id, whenMs / 1000]));
}
