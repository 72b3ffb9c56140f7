// A hung pool: every slot of a worker is taken by a task that has run far longer than tasks of its name do, and others wait for a slot.
// Not here: a worker with free slots that takes nothing (stalled.ts); the facts (facts.ts, gather.ts).
// Holds: never said of a task that is merely long: each task in a slot is compared with the 99th percentile of its own name over seven
// days, and a name that ended less than RUNS times has none, so that its worker is never named; nor is one before which nothing waits.
import { formatCount, formatExact, listing, plural, shortenMiddle, shortId } from '../../../shared/format/text.ts';
import { formatAge, formatDuration } from '../../../shared/format/time.ts';
import type { Evidence } from '../../../shared/wire/attention.ts';
import type { Facts, FullPool, RuntimeBaseline, WorkerFact } from './facts.ts';

/** Ends from which on a name has a usual runtime. */
const RUNS = 30;
/** Far longer than usual: so many times its 99th percentile, and no shorter than a worker must not have eaten to be named. */
const TIMES = 3;
/** An answer older than that says nothing of now. @unit seconds */
const ANSWER_FRESH = 60;
/** Usual runtimes are read when a pool was full for this share of the time after which it may be named. */
const SUSPECT_AFTER = 0.5;
const MAX_NAMED = 3;

export interface Hung {
  /** Since when no slot has been free. @unit seconds since the epoch */
  readonly since: number;
  readonly slots: number;
  readonly evidence: readonly Evidence[];
}

/** Names of tasks whose usual runtime decides whether a pool is hung. */
export function namesInQuestion(facts: Facts): Set<string> {
  const names = new Set<string>();
  for (const w of facts.workers)
    if (fullFor(w, facts) >= SUSPECT_AFTER * facts.stalledAfter) for (const { name } of w.full!.tasks) names.add(name);
  return names;
}

export function hungOf(w: WorkerFact, facts: Facts): Hung | null {
  const seconds = fullFor(w, facts);
  if (seconds < facts.stalledAfter) return null;
  const { full } = w as { full: FullPool };
  const tasks = full.tasks
    .map((t) => ({ ...t, seconds: facts.now - t.started!, baseline: facts.baselines.get(t.name) }))
    .sort((a, b) => b.seconds - a.seconds);
  if (!tasks.every((t) => isFarPast(t.seconds, t.baseline, facts.stalledAfter))) return null;
  const held = tasks.slice(0, MAX_NAMED).map((t) => `${bare(t.name)} ${shortId(t.uuid)} for ${formatAge(t.seconds)}`);
  if (tasks.length > MAX_NAMED) held.push(`${formatCount(tasks.length - MAX_NAMED)} more`);
  const runtimes = [...new Map(tasks.map((t) => [t.name, t.baseline!]))]
    .slice(0, MAX_NAMED)
    .map(([name, { p99, runs }]) => `${formatDuration(p99)} (${bare(name)}, ${formatExact(runs)} runs)`);
  const evidence: Evidence[] = [
    { text: `${full.slots === 1 ? 'Its slot is' : 'Its slots are'} taken by ${listing(held)}`, at: full.asOf },
    {
      text: `99 of 100 runs within seven days took no longer than ${listing(runtimes)}`,
      at: facts.knowledge.history.as_of,
    },
    { text: `${describeWait(w, facts)}, and no slot has been free for ${formatAge(seconds)}`, at: facts.now },
  ];
  return { since: facts.now - seconds, slots: full.slots, evidence };
}

/** For how long it has had no free slot while something waits for one; 0: that is not so, or not known. @unit seconds */
function fullFor(w: WorkerFact, facts: Facts): number {
  const { full } = w;
  if (w.status !== 'online' || full === null || facts.now - full.asOf > ANSWER_FRESH) return 0;
  if (full.reserved === 0 && waitingFor(w, facts).length === 0) return 0;
  let last = 0;
  for (const { started } of full.tasks) {
    if (started === null) return 0;
    last = Math.max(last, started);
  }
  return Math.max(0, facts.now - last);
}

function isFarPast(seconds: number, baseline: RuntimeBaseline | undefined, atLeast: number): boolean {
  if (baseline === undefined || baseline.p99 === null || baseline.runs < RUNS) return false;
  return seconds >= atLeast && seconds >= TIMES * baseline.p99;
}

/** Queues it consumes in which something waits. */
function waitingFor(w: WorkerFact, facts: Facts): { name: string; messages: number }[] {
  const queues = w.consumption?.queues ?? [];
  return facts.queues.flatMap(({ name, waitingSince, messages }) =>
    waitingSince !== null && queues.includes(name) ? [{ name, messages: messages ?? 0 }] : [],
  );
}

function describeWait(w: WorkerFact, facts: Facts): string {
  const queues = waitingFor(w, facts);
  const words: string[] = [];
  const messages = queues.reduce((sum, q) => sum + q.messages, 0);
  if (queues.length > 0)
    words.push(
      `${formatCount(messages)} ${messages === 1 ? 'message waits' : 'messages wait'} in ${listing(queues.slice(0, MAX_NAMED).map((q) => bare(q.name)))}`,
    );
  const { reserved } = w.full!;
  if (reserved > 0)
    words.push(`${plural(reserved, 'task')} it has taken ${reserved === 1 ? 'waits' : 'wait'} for a slot`);
  return listing(words);
}

const bare = (name: string): string => shortenMiddle(name, 40);
