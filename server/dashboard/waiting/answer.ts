// What a question finds, the cause it may end in, and the words and figures that several questions share.
// Not here: the questions themselves (about-task.ts, about-worker.ts, about-broker.ts), their order (reason.ts).
// Holds: pure. Sentences are plain English with figures; no clock times, since the reader's zone is not known here.
import { formatCount, formatRate, plural } from '../../../shared/format/text.ts';
import { formatAge } from '../../../shared/format/time.ts';
import { encodeSegment } from '../../../shared/path-segment.ts';
import type { Count } from '../../../shared/wire/count.ts';
import type { StartEstimate, WaitCause, WaitEvidence, WaitHolder, WaitRemedy } from '../../../shared/wire/wait.ts';
import type { WaitFacts, WorkerFacts } from './facts.ts';

/** How long a task may be on its way into a worker's lists, or out of them and into an event. @unit seconds */
export const SETTLED = 5;
/** An answer older than that says nothing of now. @unit seconds */
export const MAX_ANSWER_AGE = 60;
/** A task that could run and does not for so long is not merely next. @unit seconds */
export const SLOW_START = 30;
const MAX_HOLDERS = 20;

export interface Cause {
  readonly cause: WaitCause;
  readonly sentence: string;
  readonly may_still_run: boolean;
  /** What would happen twice if it were sent again; null: nothing. */
  readonly would_double: string | null;
  readonly place?: Count | null;
  readonly ahead?: Count | null;
  readonly starts_in?: StartEstimate | null;
  readonly until?: number | null;
  readonly holders?: WaitHolder[];
  readonly holders_total?: Count;
  readonly remedy?: WaitRemedy;
}

export interface Answer {
  readonly is: 'yes' | 'no' | 'unknown';
  readonly finding: string;
  readonly source?: WaitEvidence['source'];
  readonly known_at?: number | null;
  readonly cause?: Cause;
}

export type Question = { readonly question: string; readonly look: (facts: WaitFacts) => Answer };

export const RUNS_TWICE = 'It may still run. Sent again, it would run twice.';
export const workerPath = (hostname: string) => `/workers/${encodeSegment(hostname)}`;
export const queuePath = (name: string) => `/queues/${encodeSegment(name)}`;
export const holderOf = ({ workers, holder }: WaitFacts): WorkerFacts | null =>
  workers.find((w) => w.hostname === holder) ?? null;
/** By its event, or by its worker's own list: of one that sends no events there is only that. */
export const hasStarted = (f: WaitFacts): boolean => f.task.state === 'STARTED' || holderOf(f)?.holds === 'active';
export const consumersOf = ({ workers }: WaitFacts): WorkerFacts[] =>
  workers.filter((w) => w.consumes && w.status === 'online');
/** Heard of less lately than it should be: busy, or gone. */
export const lateConsumersOf = ({ workers }: WaitFacts): WorkerFacts[] =>
  workers.filter((w) => w.consumes && w.status === 'late');
/** ': its pool is solo, which says nothing while it runs a task' */
export const silenceWords = (workers: readonly WorkerFacts[]): string =>
  workers.length > 0 && workers.every((w) => w.is_solo)
    ? workers.length === 1
      ? ': its pool is solo, which says nothing while it runs a task'
      : ': their pools are solo, which say nothing while they run a task'
    : '';
/** It was with an earlier process of that name. */
export const isReplaced = (w: WorkerFacts, f: WaitFacts): boolean =>
  w.process_since !== null &&
  f.task.last_event + UPTIME_SLACK < w.process_since &&
  (w.holds === 'none' || w.holds === 'unknown');
/** Uptimes are whole seconds. @unit seconds */
const UPTIME_SLACK = 2;
/** It is with the worker, as far as anybody says; not back in its queue. */
export const isWithWorker = (f: WaitFacts): boolean => f.holder !== null && f.message.found !== 'ready';
/** The same of one that is not to run for a while: what is on its way into a list is there within this. @unit seconds */
export const LISTED = 1;
/** It answered in full, lately, and later than the task could still be on its way into or out of its lists. */
export const saysItHasNot = (w: WorkerFacts, f: WaitFacts): boolean =>
  w.holds === 'none' && w.asked !== null && w.asked >= f.task.last_event + SETTLED && w.asked >= f.now - MAX_ANSWER_AGE;

/** A span within a sentence, never "now". */
export const age = (seconds: number): string => formatAge(Math.max(1, seconds));

/** "3", "at least 3", "about 3". */
export const said = (count: Count): string =>
  count.is === 'exact'
    ? formatCount(count.n)
    : `${count.is === 'about' ? 'about' : 'at least'} ${formatCount(count.n)}`;
export const goBefore = (count: Count | null, noun = 'task'): string => {
  if (count === null) return `how many ${noun}s go before it is unknown`;
  if (count.n === 0) return `no ${noun} ${count.is === 'exact' ? 'goes' : 'is known to go'} before it`;
  return `${said(count)} ${count.n === 1 ? `${noun} goes` : `${noun}s go`} before it`;
};
/** When its turn comes. null: how many go before it, or how fast they do, is unknown; nothing that stands still has an end. */
export function startsIn(ahead: Count | null, perMinute: number | null): StartEstimate | null {
  if (ahead === null || perMinute === null || perMinute <= 0) return null;
  const is = ahead.is === 'exact' ? 'about' : 'at_least';
  return { seconds: ((ahead.n + 1) / perMinute) * 60, is, per_minute: perMinute };
}
/** ' At 4 a minute it starts in about 8 m.' @param unknown what is unknown when there is no estimate */
export const startWords = (estimate: StartEstimate | null, unknown: string): string =>
  estimate === null
    ? ` When it starts is unknown: ${unknown}.`
    : ` At ${rateWords(estimate.per_minute)} it starts in ${estimate.is === 'about' ? 'about' : 'at least'} ${age(estimate.seconds)}.`;
const rateWords = (perMinute: number): string =>
  perMinute >= 1 ? `${formatRate(perMinute)} a minute` : `${formatRate(perMinute * 60)} an hour`;
/** Why there is no estimate. @param of whose pace: a worker or a queue */
export const paceUnknown = (ahead: Count | null, perMinute: number | null, of: string): string =>
  ahead === null
    ? 'its place is not known'
    : perMinute === null
      ? `how many tasks of ${of} end a minute is not known`
      : `no task of ${of} ended in the last minutes`;
export const nth = (ahead: Count | null): Count | null => ahead && { n: ahead.n + 1, is: ahead.is };
export const since = (f: WaitFacts, at: number | null): string => (at === null ? 'an unknown time' : age(f.now - at));
export const names = (workers: readonly WorkerFacts[]): string[] => workers.map((w) => w.hostname);

export function holders(workers: readonly WorkerFacts[]): { holders: WaitHolder[]; holders_total: Count } {
  const all = workers.flatMap((w) => w.active.map((r) => ({ ...r, worker: w.hostname })));
  all.sort((a, b) => (a.started ?? 0) - (b.started ?? 0));
  return { holders: all.slice(0, MAX_HOLDERS), holders_total: { n: all.length, is: 'exact' } };
}

/** All slots of these workers together; null: some worker's are unknown. */
export function slotsOf(workers: readonly WorkerFacts[]): { busy: number; slots: number } | null {
  let busy = 0;
  let slots = 0;
  for (const w of workers) {
    if (w.slots === null) return null;
    busy += w.active.length;
    slots += w.slots;
  }
  return { busy, slots };
}

export function slotWords(workers: readonly WorkerFacts[]): string {
  const whose = workers.length === 1 ? workers[0]!.hostname : plural(workers.length, 'worker');
  const known = slotsOf(workers);
  if (known === null) return `how many slots ${whose} ${workers.length === 1 ? 'has' : 'have'} is unknown`;
  if (known.slots === 0) return `${whose} ${workers.length === 1 ? 'has' : 'have'} no slots`;
  if (known.busy >= known.slots)
    return known.slots === 1 ? `the only slot of ${whose} is busy` : `all ${known.slots} slots of ${whose} are busy`;
  return `${known.busy} of ${known.slots} slots of ${whose} ${known.busy === 1 ? 'is' : 'are'} busy`;
}

/** ' No slot was free for 11 m: ...' where every one of these hangs; else ''. */
export function hungWords(f: WaitFacts, workers: readonly WorkerFacts[]): string {
  const since = hungSince(workers);
  return since === null
    ? ''
    : ` No slot has been free for ${age(f.now - since)}: the tasks in them run far longer than they usually do.`;
}
/** More slots are no remedy any more: they would be another worker's worth. */
const MOST_ADDED = 20;

/** @param ahead those that would take a new slot before it */
export function slotsRemedy(workers: readonly WorkerFacts[], larger: string, ahead: Count | null): WaitRemedy {
  const { hostname, is_solo } = workers[0]!;
  const href = workerPath(hostname);
  if (hungSince(workers) !== null) return { text: `Look at what ${hostname} runs: it may hang.`, href };
  if (is_solo || ahead?.is !== 'exact' || ahead.n >= MOST_ADDED) return { text: larger, href };
  const slots = ahead.n + 1;
  return {
    text: `With ${plural(slots, 'more slot')} ${hostname} starts it at once.`,
    href,
    grow: { worker: hostname, slots },
  };
}
function hungSince(workers: readonly WorkerFacts[]): number | null {
  const since = workers.map((w) => w.hung_since);
  return since.length === 0 || since.includes(null) ? null : Math.max(...(since as number[]));
}

export function nobodyConsumes(f: WaitFacts): boolean {
  return consumersOf(f).length === 0 && lateConsumersOf(f).length === 0 && (f.queue?.consumers ?? 0) === 0;
}

export function consumerRemedy(f: WaitFacts): { text: string; href: string | null } {
  const name = f.queue!.name;
  return { text: `Start a worker with -Q ${name}, or let a running one consume it.`, href: queuePath(name) };
}
