// Alive but not eating: a worker with a free slot and room in its prefetch window, messages in a queue it says it consumes, and no
// progress. Every other sign of it may be well: heartbeats, ping, active_queues (Celery 5.6 whose BRPOP socket was silently cut).
// The one place that concludes it: what needs a person, the liveness probe and why a task waits all read it here, through attention.ts.
// Not here: the facts (facts.ts, gather.ts); who asks (kinds.ts, ../routes/alive.ts, ../waiting/).
// Holds: never said of a worker that is idle, paused (no queues), full of tasks that wait for their time or their rate limit, or that has
// all slots taken, nor in its first time (30 s by default), nor while it may only stand by for a queue that has one active consumer; where the broker can tell who waits for messages, never against its word.
import { formatCount, listing, shortenMiddle } from '../../../shared/format/text.ts';
import { formatAge } from '../../../shared/format/time.ts';
import type { Evidence } from '../../../shared/wire/attention.ts';
import type { Facts, QueueFact, WorkerFact } from './facts.ts';

/** A worker's first time, in which it is let be, as a share of how long it must not have eaten: 30 of 40 s. */
const FIRST_OF_LIFE = 0.75;
/** An answer older than that says nothing of now. @unit seconds */
const ANSWER_FRESH = 60;
/** Looks at who waits, that count. @unit seconds */
const LOOKS_OF = 30;
/** ... and how many of them it needs. */
const LOOKS_NEEDED = 3;

export interface Stall {
  /** @unit seconds since the epoch */
  readonly since: number;
  /** By the broker's own word, not just by what the worker says and does. */
  readonly certain: boolean;
  readonly evidence: readonly Evidence[];
}

/** A queue from which nothing is taken although a worker that reads it has room. */
export interface Standstill {
  /** @unit seconds since the epoch */
  readonly since: number;
  /** Those of its workers that take nothing though they have room. */
  readonly workers: readonly string[];
}

/** What it must have had for how long, before anybody's word is asked. null: nothing points to a stall. @unit seconds */
export function stalledFor(
  w: WorkerFact,
  facts: Facts,
): { seconds: number; queues: { name: string; messages: number }[] } | null {
  const c = w.consumption;
  if (w.status !== 'online' || c === null || c.queues.length === 0) return null;
  if (facts.now - c.queuesAsOf > ANSWER_FRESH) return null;
  if (c.slots === null || c.busy === null || c.busy >= c.slots || c.prefetchFull !== false) return null;
  const young = FIRST_OF_LIFE * facts.stalledAfter;
  if (c.alive < young) return null;
  let waiting = 0;
  const queues: { name: string; messages: number }[] = [];
  for (const q of facts.queues) {
    if (q.waitingSince === null || !c.queues.includes(q.name)) continue;
    if (q.single && mayStandBy(w, q, facts)) continue;
    waiting = Math.max(waiting, facts.now - q.waitingSince);
    queues.push({ name: q.name, messages: q.messages ?? 0 });
  }
  if (queues.length === 0) return null;
  return { seconds: Math.min(waiting, c.room, c.still, c.alive - young + facts.stalledAfter / 2), queues };
}

/** Another consumer may be the one that is given its messages: one that gets on or has no room, or that is not heard of here. */
function mayStandBy(w: WorkerFact, q: QueueFact, facts: Facts): boolean {
  if (q.fallenAt !== null && facts.now - q.fallenAt < facts.stalledAfter) return true;
  if ((q.consumers ?? 0) > q.workers.length) return true;
  return facts.workers.some(
    ({ hostname, consumption: c }) =>
      hostname !== w.hostname &&
      q.workers.includes(hostname) &&
      !(c && Math.min(c.room, c.still) >= facts.stalledAfter),
  );
}

export function stallOf(w: WorkerFact, facts: Facts): Stall | null {
  const found = stalledFor(w, facts);
  if (found === null || found.seconds < facts.stalledAfter) return null;
  const c = w.consumption!;
  const word = brokerEvidence(w, facts);
  if (word === 'eats') return null;
  const waits = found.queues.reduce((sum, q) => sum + q.messages, 0);
  const names = found.queues.slice(0, 3).map((q) => shortenMiddle(q.name, 40));
  const since = facts.now - found.seconds;
  const evidence: Evidence[] = [
    {
      text: `${formatCount(waits)} ${waits === 1 ? 'message waits' : 'messages wait'} in ${listing(names)}, which it says it consumes`,
      at: c.queuesAsOf,
    },
    {
      text: `${c.busy} of ${c.slots} slots taken, room in its prefetch window, and nothing begun for ${formatAge(found.seconds)}`,
      at: facts.now,
    },
    word === null
      ? {
          text: c.isKombu
            ? 'The broker does not tell who waits for messages: this is concluded from what the worker says and does'
            : 'The broker cannot tell who of this kind waits for messages: this is concluded from what the worker says and does',
          at: null,
        }
      : { text: word.text, at: word.at },
  ];
  return { since, certain: word !== null, evidence };
}

/**
 * Of the workers that say they consume and have room, each waits for messages, or has just been given one. When fewer clients wait than
 * that, somebody does not; it is the one whose messages lie there.
 */
function brokerEvidence(w: WorkerFact, facts: Facts): { text: string; at: number } | 'eats' | null {
  if (!w.consumption!.isKombu || facts.waiting === null) return null;
  const looks = facts.waiting.filter((look) => look.at > facts.now - LOOKS_OF);
  if (looks.length < LOOKS_NEEDED) return null;
  const expected = facts.workers.filter(
    (one) =>
      one.status === 'online' &&
      one.consumption?.isKombu === true &&
      one.consumption.queues.length > 0 &&
      one.consumption.prefetchFull === false,
  ).length;
  // Clients wait in turns of a second, and who asks workers waits for their answers: the middle of several looks.
  const middle = looks.map((look) => look.kombu).sort((a, b) => a - b)[looks.length >> 1]!;
  if (middle >= expected) return 'eats';
  return {
    text: `Of ${formatCount(expected)} ${expected === 1 ? 'worker' : 'workers'} that should wait for messages, ${formatCount(middle)} ${middle === 1 ? 'does' : 'do'}, by the broker's list of clients`,
    at: looks.at(-1)!.at,
  };
}

/**
 * Does a queue stand still? One of its workers is stalled, and neither another of them nor anybody else has taken anything from it.
 * @param stall why a worker counts as stalled; null: it does not
 */
export function standstillOf(
  name: string,
  facts: Facts,
  stall: (w: WorkerFact) => Stall | null = (w) => stallOf(w, facts),
): Standstill | null {
  const readers = facts.workers.filter((w) => w.status === 'online' && w.consumption?.queues.includes(name));
  const stalled = readers.flatMap((w) => {
    const found = stall(w);
    return found === null ? [] : [{ hostname: w.hostname, since: found.since }];
  });
  if (stalled.length === 0) return null;
  const taken = readers.map((w) => facts.now - w.consumption!.still);
  const fallen = facts.queues.find((q) => q.name === name)?.fallenAt ?? Number.NEGATIVE_INFINITY;
  const since = Math.max(Math.min(...stalled.map((one) => one.since)), ...taken, fallen);
  if (facts.now - since < facts.stalledAfter) return null;
  return { since, workers: stalled.map(({ hostname }) => hostname) };
}
