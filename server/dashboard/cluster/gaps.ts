// When nobody listened: since when, for how long, and how much was missed.
// No broker tells how many events it sent to nobody. But every heartbeat of a worker says how many tasks it has begun, and each of them
// had a task-started: by how much the second lags further behind the first after a gap than before it, so many tasks began unseen. That
// holds over a restart of this process too: how far each worker was heard is in the history, and the next process goes on from there.
// Not here: looking up the ends that were missed (backfill.ts); noticing a loss (events/receiver.ts); keeping what is found (event-stream.ts).
// Holds: a gap in which no task began is none; what is counted, what is at least so much, what is a guess and what nobody can tell are
// told apart: unknown is null, never 0. A worker that was there before the gap is never counted from zero, one that began in it always:
// by its pid, its count and, since containers give every process the same pid, by how long it runs (`inspect stats`). Until it has said
// how long, the one who goes on from a lower count with the same pid may be another process: what is counted of it is at least so much.
// Celery 5.6: worker/state.py task_accepted (total_count), worker/heartbeat.py (processed)
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { isOfAnother } from '../../../shared/events/worker-record.ts';
import type { Precision } from '../../../shared/wire/count.ts';
import type { EventGap } from '../../../shared/wire/series.ts';
import type { Heard, HeardWorker } from '../history/contract.ts';

export type GapCause = NonNullable<EventGap['cause']>;

export interface Gap {
  /** @unit seconds since the epoch */
  since: number;
  /** null: nobody listens now. */
  until: number | null;
  /** Tasks that began unseen, by their workers' own counts; null: no worker reported any. */
  tasks: number | null;
  tasks_is: Precision;
  /** About as many task events: tasks times what a task usually tells, or the rate before times the length. null: unknown. */
  events: number | null;
  events_is: Precision;
  cause: GapCause;
}

interface Count {
  pid: number;
  processed: number;
  /** task-started heard. */
  started: number;
  /** `processed` - `started` at the last heartbeats. The least of them: events may wait in the worker when its heart beats. */
  lags: number[];
  /** The lag before the gap; null: it was not there, or its count is not known. */
  before: number | null;
  /** The lag since we listen again. */
  after: number | null;
  /** task-started heard before the gap. */
  startedBefore: number;
  heartbeats: number;
  /** It said goodbye. One that only lost its connection says so, too, and goes on counting when it is back. */
  left: boolean;
  /** Another process of this name took its place in the gap: what the first one did at its end, nobody tells. */
  replaced: boolean;
  /** It has said that it ran before the gap: it is the process that was heard then. */
  confirmed: boolean;
  /** It sends no task events (no -E): none of its tasks is missed. */
  eventsDisabled: boolean;
  /** It was there before the gap and its count was not known: what it began in the gap nobody can tell. */
  uncounted: boolean;
  /** Nobody knew it before the gap. */
  newcomer: boolean;
}

interface OpenGap {
  since: number;
  until: number | null;
  cause: GapCause;
  rate: number;
  /** Every worker there was is known, so that one nobody knows began in the gap. */
  knewAll: boolean;
}

/** Heartbeats whose lags are kept. */
const MAX_LAGS = 3;
/** Heartbeats after a gap until its count is final. */
const HEARTBEATS = 3;
/** No longer than this after its end. @unit seconds */
const MEASURE_FOR = 20;
/** What a task usually tells, before any was heard: received, started, and how it ended. */
const EVENTS_PER_TASK = 3;
const MAX_PAST = 100;
/** Workers remembered, those that left included. */
const MAX_WORKERS = 10_000;
/** After listening for so long every worker that sends heartbeats is known. @unit seconds */
const KNOWS_ALL_AFTER = 120;
/** Workers tell how long they run in whole seconds. @unit seconds */
const UPTIME_SLACK = 2;

export class Gaps {
  /** Newest last; ended and counted. */
  readonly past: Gap[] = [];
  /** Since the start of this process. */
  total = { gaps: 0, events: 0, tasks: 0, seconds: 0 };
  /** When the last event that was heard had been sent, by its sender's clock. @unit seconds since the epoch */
  lastSent: number | null = null;
  readonly #counts = new Map<string, Count>();
  /** Workers of which more was heard since `changed` was last asked. */
  #changed = new Set<string>();
  /** Those of `#counts` that have left: their places go to newcomers. */
  readonly #left = new Set<string>();
  #open: OpenGap | null = null;
  #firstHeard: number | null = null;
  /** The process before this one knew all workers. */
  #knewAllBefore = false;
  #taskEvents = 0;
  #started = 0;

  /** Every event, in the order of arrival. */
  take(e: CeleryEvent): void {
    const { type, hostname } = e;
    if (typeof e.timestamp === 'number') this.lastSent = e.timestamp;
    this.#firstHeard ??= e.local_received ?? null;
    if (hostname === undefined) return;
    if (type.startsWith('task-')) {
      this.#taskEvents++;
      if (type !== 'task-started') return;
      this.#started++;
      const count = this.#counts.get(hostname) ?? this.#newcomer(hostname, Number(e.pid) || 0);
      if (!count) return;
      count.started++;
      this.#changed.add(hostname);
    } else if (type === 'worker-offline') this.#leave(hostname, e);
    else if (typeof e.processed === 'number') this.#beat(hostname, e.processed, Number(e.pid) || 0);
  }

  /** What was missed is not known yet. */
  get isMeasuring(): boolean {
    return this.#open !== null;
  }

  /** The one that is open, or whose end is so near that it is still being counted. */
  get current(): Gap | null {
    return this.#open ? this.#measured(this.#open) : null;
  }

  /** Newest first. That of a restart only once something was counted in it: most restarts miss nothing. */
  list(): Gap[] {
    const current = this.current;
    const isShown =
      current !== null &&
      (current.cause === 'not-running' ? (current.events ?? 0) > 0 : current.until === null || current.events !== 0);
    return [...(isShown ? [current] : []), ...this.past.toReversed()];
  }

  /**
   * @param since seconds  @param rate task events a second before  @param eventsDisabled workers that send no task events
   * @param now when it was noticed, seconds
   */
  open(
    since: number,
    rate: number,
    eventsDisabled: ReadonlySet<string>,
    now = since,
    cause: GapCause = 'broker-away',
  ): void {
    for (const [hostname, count] of this.#counts) {
      // One that begins while the last is still counted goes on with it.
      if (!this.#open) {
        count.eventsDisabled = eventsDisabled.has(hostname);
        const isKnown = !count.eventsDisabled && !count.left && count.lags.length > 0;
        count.before = isKnown ? Math.min(...count.lags) : null;
        count.uncounted = !count.eventsDisabled && !count.left && count.lags.length === 0;
        count.startedBefore = count.started;
        count.replaced = count.newcomer = count.confirmed = false;
      }
      count.after = null;
      count.heartbeats = 0;
    }
    this.#open ??= { since, until: null, cause, rate, knewAll: this.knowsAll(now) };
    this.#open.until = null;
  }

  /** Every worker there is has been heard. @param now seconds */
  knowsAll(now: number): boolean {
    if (this.#open && this.#open.until === null) return this.#open.knewAll;
    return this.#knewAllBefore || (this.#firstHeard !== null && now - this.#firstHeard > KNOWS_ALL_AFTER);
  }

  /** Another process heard events before this one: the gap between is open from the start. */
  resume(heard: Heard): void {
    for (const { hostname, pid, begun, eventsDisabled, left } of heard.workers) {
      if (left) continue;
      this.#counts.set(hostname, {
        ...newCount(pid, begun ?? 0),
        before: begun,
        eventsDisabled,
        uncounted: begun === null && !eventsDisabled,
      });
    }
    this.#knewAllBefore = heard.knewAll;
    this.#open = { since: heard.at, until: null, cause: 'not-running', rate: heard.rate, knewAll: heard.knewAll };
  }

  /** Workers of which more was heard since this was last asked. */
  changed(): ReadonlySet<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** How far these workers are heard, for `resume` of the next process. @param eventsDisabled workers that send no task events */
  heard(hostnames: Iterable<string>, eventsDisabled: ReadonlySet<string>): HeardWorker[] {
    const workers: HeardWorker[] = [];
    for (const hostname of hostnames) {
      const count = this.#counts.get(hostname);
      if (!count) continue;
      const { pid, left } = count;
      const isDisabled = eventsDisabled.has(hostname);
      // What a gap that is still being counted hides is not heard.
      const lag = this.#open ? count.before : count.lags.length > 0 ? Math.min(...count.lags) : null;
      const begun = left || lag === null || isDisabled ? null : lag + count.started;
      workers.push({ hostname, pid, begun, eventsDisabled: isDisabled, left });
    }
    return workers;
  }

  /** The wall clock was set by so much. @param by seconds */
  clockSet(by: number): void {
    // By the sender's clock, which may have been set as well.
    this.lastSent = null;
    if (this.#firstHeard !== null) this.#firstHeard += by;
    if (this.#open === null) return;
    this.#open.since += by;
    if (this.#open.until !== null) this.#open.until += by;
  }

  /** We listen again. */
  close(now: number): void {
    if (this.#open) this.#open.until = now;
  }

  /**
   * A worker says how long it runs. One that began in the gap is another process than the one of its name before, whatever its pid;
   * one that ran before it is no newcomer.
   * @param startedAt by our clock, seconds  @param statedAt seconds
   */
  startedAt(hostname: string, startedAt: number, statedAt: number): void {
    const count = this.#counts.get(hostname);
    const gap = this.#open;
    if (!count || !gap || gap.until === null || statedAt < gap.until) return;
    if (startedAt > gap.since + UPTIME_SLACK) this.#restarted(count);
    else if (startedAt < gap.since - UPTIME_SLACK) {
      count.confirmed = true;
      if (!count.newcomer) return;
      count.before = null;
      count.uncounted = true;
    }
  }

  /** @returns the gap whose count has become final; it is in `past` if anything was missed */
  finalize(now: number): Gap | null {
    if (this.#open === null || this.#open.until === null) return null;
    const waits = [...this.#counts.values()].some(
      (one) => one.before !== null && !one.left && (one.heartbeats < HEARTBEATS || mayBeAnother(one)),
    );
    if (waits && now - this.#open.until < MEASURE_FOR) return null;
    const gap = this.#measured(this.#open);
    this.#open = null;
    for (const [hostname, count] of this.#counts) {
      if (count.after !== null) count.lags = [count.after];
      this.#changed.add(hostname);
    }
    if (gap.events !== 0) {
      this.remember(gap);
      this.total.gaps++;
      this.total.events += gap.events ?? 0;
      this.total.tasks += gap.tasks ?? 0;
      this.total.seconds += gap.until! - gap.since;
    }
    return gap;
  }

  /** Also those that an earlier process knew of. */
  remember(gap: Gap): void {
    this.past.push(gap);
    if (this.past.length > MAX_PAST) this.past.shift();
  }

  #leave(hostname: string, goodbye: CeleryEvent): void {
    const count = this.#counts.get(hostname);
    if (!count || isOfAnother(count.pid, goodbye)) return;
    count.left = true;
    this.#left.add(hostname);
    this.#changed.add(hostname);
  }

  #beat(hostname: string, processed: number, pid: number): void {
    let count = this.#counts.get(hostname) ?? this.#newcomer(hostname, pid);
    if (!count) return;
    // A worker that was started anew counts from zero; so does what is heard of it.
    if ((count.pid !== pid && count.pid !== 0) || processed < count.processed) {
      const { eventsDisabled } = count;
      const isInGap = this.#open !== null && !eventsDisabled;
      count = { ...newCount(pid, processed), before: isInGap ? 0 : null, replaced: isInGap, eventsDisabled };
      this.#counts.set(hostname, count);
    }
    this.#changed.add(hostname);
    count.left = false;
    this.#left.delete(hostname);
    count.pid = pid;
    count.processed = processed;
    const lag = processed - count.started;
    if (this.#open === null) {
      count.lags.push(lag);
      if (count.lags.length > MAX_LAGS) count.lags.shift();
    } else if (this.#open.until !== null) {
      count.heartbeats++;
      count.after = count.after === null ? lag : Math.min(count.after, lag);
    }
  }

  /** One that nobody knew: when it came in the gap, all that it has begun was unseen until it is heard. */
  #newcomer(hostname: string, pid: number): Count | undefined {
    if (this.#counts.size >= MAX_WORKERS && !this.#makePlace()) return undefined;
    const isNew = this.#open?.knewAll ?? false;
    const count = { ...newCount(pid, 0), before: isNew ? 0 : null, newcomer: isNew };
    this.#counts.set(hostname, count);
    return count;
  }

  /** The one that left first is forgotten. */
  #makePlace(): boolean {
    for (const hostname of this.#left) {
      this.#left.delete(hostname);
      return this.#counts.delete(hostname);
    }
    return false;
  }

  /** What was heard before the gap was of another process. */
  #restarted(count: Count): void {
    if (count.eventsDisabled || count.replaced || count.newcomer) return;
    count.before = 0;
    count.replaced = true;
    count.uncounted = false;
    count.started -= count.startedBefore;
    if (count.after !== null) count.after += count.startedBefore;
    count.startedBefore = 0;
    count.lags = [];
  }

  #measured({ since, until, rate, cause }: OpenGap): Gap {
    let tasks: number | null = null;
    let expected = 0;
    let isWhole = true;
    for (const count of this.#counts.values()) {
      const { before, after } = count;
      if (count.uncounted) isWhole = false;
      if (before === null) continue;
      expected++;
      if (after === null) isWhole = false;
      else tasks = (tasks ?? 0) + Math.max(0, after - before);
      if (count.replaced || mayBeAnother(count)) isWhole = false;
    }
    const tasks_is: Precision = isWhole ? 'exact' : 'at_least';
    const gap = { since, until, tasks, tasks_is, cause };
    if (until === null) return { ...gap, events: null, events_is: 'about' };
    if (tasks !== null && (tasks > 0 || isWhole)) {
      const perTask = this.#started >= 20 ? this.#taskEvents / this.#started : EVENTS_PER_TASK;
      return { ...gap, events: Math.round(tasks * perTask), events_is: isWhole ? 'about' : 'at_least' };
    }
    // Of workers that were not heard again nobody knows. A short gap is like the time before it; a long one may be anything.
    const isUnknown = cause === 'not-running' && (expected > 0 || rate > 0);
    return { ...gap, events: isUnknown ? null : Math.round(rate * Math.max(0, until - since)), events_is: 'about' };
  }
}

/** Tasks began unseen, and nothing says that this process began all of them. One whose count is exactly as expected is the same. */
function mayBeAnother({ before, after, confirmed, newcomer, replaced }: Count): boolean {
  return before !== null && after !== null && after > before && !confirmed && !newcomer && !replaced;
}

function newCount(pid: number, processed: number): Count {
  return {
    pid,
    processed,
    started: 0,
    lags: [],
    before: null,
    after: null,
    startedBefore: 0,
    heartbeats: 0,
    left: false,
    replaced: false,
    confirmed: false,
    eventsDisabled: false,
    uncounted: false,
    newcomer: false,
  };
}
