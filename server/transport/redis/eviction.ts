// Whether the server may delete queues by itself: with a `maxmemory-policy` of all keys it does when its memory is full, and nobody is
// told that work was lost. Queues and records of unacked messages never expire, so that the policies of expiring keys leave them alone.
// Celery's documentation asks for `noeviction` (getting-started/backends-and-brokers/redis); it does not look.

/**
 * @param info the answer to INFO memory
 * @returns null: it deletes no queues, or does not say
 */
export function evictionWarning(info: string, safeUrl: string): string | null {
  const value = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\s*$`, 'm').exec(info)?.[1];
  const policy = value('maxmemory_policy');
  if (!policy?.startsWith('allkeys-') || !(Number(value('maxmemory')) > 0)) return null;
  return (
    `The Redis server at ${safeUrl} deletes queues, with the messages in them, when its memory is full ` +
    `(maxmemory-policy ${policy}): set it to noeviction, or tasks are lost without a word.`
  );
}
