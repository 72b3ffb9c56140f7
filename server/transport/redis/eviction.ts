// What the server may delete by itself when its memory is full (`maxmemory`, `maxmemory-policy`), of which nobody is told: queues with a
// policy of all keys; results and the counting of chords, which expire, with any policy but noeviction. Queues and records of unacked
// messages never expire, so that the policies of expiring keys leave them alone. Who asks: transport.ts, ../../backends/redis.ts.
// Celery's documentation asks for `noeviction` (getting-started/backends-and-brokers/redis); it does not look.

/**
 * @param info the answer to INFO memory
 * @returns null: it deletes no queues, or does not say
 */
export function evictionWarning(info: string, safeUrl: string): string | null {
  const policy = evictionPolicy(info);
  if (!policy?.startsWith('allkeys-')) return null;
  return (
    `The Redis server at ${safeUrl} deletes queues, with the messages in them, when its memory is full ` +
    `(maxmemory-policy ${policy}): set it to noeviction, or tasks are lost without a word.`
  );
}

/**
 * @param info the answer to INFO memory
 * @returns null: it deletes nothing of a chord before its time, or does not say
 */
export function chordEvictionWarning(info: string, safeUrl: string): string | null {
  const policy = evictionPolicy(info);
  if (!policy) return null;
  return (
    `The result store ${safeUrl} deletes results, and the counting of chords under way, when its memory is full ` +
    `(maxmemory-policy ${policy}): set it to noeviction, or such a chord never calls its body and stays PENDING.`
  );
}

/** null: nothing is evicted, or it is not said. */
function evictionPolicy(info: string): string | null {
  const value = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\s*$`, 'm').exec(info)?.[1];
  const policy = value('maxmemory_policy');
  return policy && policy !== 'noeviction' && Number(value('maxmemory')) > 0 ? policy : null;
}
