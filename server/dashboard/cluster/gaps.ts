// When nobody listened: since when, for how long, and how much was missed.
// No broker tells how many events it sent to nobody. But every heartbeat of a worker says how many tasks it has begun, and each of them
// had a task-started: by how much the first runs ahead of the second from before a gap to after it, so many tasks began unseen. That
// holds over a restart of this process too: how far each worker was heard is in the history, and the next process goes on from there.
// Not here: mending the picture afterwards (mend.ts); noticing a loss (events/receiver.ts); keeping what is found (listening.ts).
// Holds: a gap in which no task began is none; what is counted, what is at least so much, what is a guess and what nobody can tell are
// told apart: unknown is null, never 0.
// Celery 5.6: worker/state.py task_accepted (total_count), worker/heartbeat.py (processed)
import type { CeleryEvent } from '../../../shared/events/event.ts';
import type { Precision } from '../../../shared/wire/count.ts';
import type { EventGap } from '../../../shared/wire/http.ts';
import type { Heard, HeardWorker } from '../history/contract.ts';

export type GapCause = NonNullable<EventGap['cause']>;

export interface Gap {
  /** @unit seconds since the epoch */
  since: number;
  /** null: nobody listens now. */
  until: number | null;
  /** Tasks that began unseen, by their workers' own counts; null: no worker told. */
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
  leads: number[];
  /** Before the gap; null: it was not there, or tells nothing. */
  before: number | null;
  /** Since we listen again. */
  after: number | null;
  beats: number;
  /** It said goodbye. One that only lost its connection says so, too, and goes on counting when it is back. */
  left: boolean;
  /** Another process of this name took its place in the gap: what the first one did at its end, nobody tells. */
  replaced: boolean;
}

interface OpenGap {
  since: number;
  until: number | null;
  cause: GapCause;
  rate: number;
  /** Every worker there was is known, so that one nobody knows began in the gap. */
  knewAll: boolean;
}

const LEADS = 3;
/** Heartbeats after a gap until its count is final. */
const BEATS = 3;
/** No longer than this after its end. @unit seconds */
const SETTLE = 20;
/** What a task usually tells, before any was heard: received, started, and how it ended. */
const USUAL = 3;
const KEPT = 100;
/** Workers remembered, those that left included. */
const MOST = 10_000;
/** After listening for so long every worker that sends heartbeats is known. @unit seconds */
const KNOWS_ALL_AFTER = 120;

export class Gaps {
  /** Newest last; ended and counted. */
  readonly past: Gap[] = [];
  /** Since the start of this process. */
  total = { gaps: 0, events: 0, tasks: 0, seconds: 0 };
  /** When the last event that was heard had been sent, by its sender's clock. @unit seconds since the epoch */
  lastSent: number | null = null;
  readonly #counts = new Map<string, Count>();
  #now: OpenGap | null = null;
  #firstHeard: number | null = null;
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
      if (count) count.started++;
    } else if (type === 'worker-offline') this.#leave(hostname);
    else if (typeof e.processed === 'number') this.#beat(hostname, e.processed, Number(e.pid) || 0);
  }

  /** What was missed is not known yet. */
  get isCounting(): boolean {
    return this.#now !== null;
  }

  /** The one that is open, or whose end is so near that it is still being counted. */
  get current(): Gap | null {
    return this.#now ? this.#counted(this.#now) : null;
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
   * @param since seconds  @param rate task events a second before  @param mute workers whose tasks are told by nobody
   * @param now when it was noticed, seconds
   */
  open(since: number, rate: number, mute: ReadonlySet<string>, now = since, cause: GapCause = 'broker-away'): void {
    for (const [hostname, count] of this.#counts) {
      // One that begins while the last is still counted goes on with it.
      if (!this.#now) {
        const isTold = !mute.has(hostname) && !count.left && count.leads.length > 0;
        count.before = isTold ? Math.min(...count.leads) : null;
        count.replaced = false;
      }
      count.after = null;
      count.beats = 0;
    }
    const knewAll = this.#firstHeard !== null && now - this.#firstHeard > KNOWS_ALL_AFTER;
    this.#now ??= { since, until: null, cause, rate, knewAll };
    this.#now.until = null;
  }

  /** Another process heard events before this one: the gap between is open from the start. */
  resume(heard: Heard): void {
    for (const { hostname, pid, begun } of heard.workers) {
      if (begun === null) continue;
      this.#counts.set(hostname, { ...newCount(pid, begun), before: begun });
    }
    this.#now = { since: heard.at, until: null, cause: 'not-running', rate: heard.rate, knewAll: true };
  }

  /** How far these workers are heard, for `resume` of the next process. @param mute workers whose tasks are told by nobody */
  heard(hostnames: Iterable<string>, mute: ReadonlySet<string>): HeardWorker[] {
    const workers: HeardWorker[] = [];
    for (const hostname of hostnames) {
      const count = this.#counts.get(hostname);
      if (!count) continue;
      // What a gap that is still being counted hides is not heard.
      const lead = this.#now ? count.before : count.leads.length > 0 ? Math.min(...count.leads) : null;
      const begun = count.left || lead === null || mute.has(hostname) ? null : lead + count.started;
      workers.push({ hostname, pid: count.pid, begun });
    }
    return workers;
  }

  /** We listen again. */
  close(now: number): void {
    if (this.#now) this.#now.until = now;
  }

  /** @returns the gap whose count has become final; it is in `past` if anything was missed */
  settle(now: number): Gap | null {
    if (this.#now === null || this.#now.until === null) return null;
    const waits = [...this.#counts.values()].some((one) => one.before !== null && !one.left && one.beats < BEATS);
    if (waits && now - this.#now.until < SETTLE) return null;
    const gap = this.#counted(this.#now);
    this.#now = null;
    for (const count of this.#counts.values()) if (count.after !== null) count.leads = [count.after];
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
    if (this.past.length > KEPT) this.past.shift();
  }

  #leave(hostname: string): void {
    const count = this.#counts.get(hostname);
    if (count) count.left = true;
    if (this.#counts.size <= MOST) return;
    for (const [name, { left }] of this.#counts) if (left) this.#counts.delete(name);
  }

  #beat(hostname: string, processed: number, pid: number): void {
    let count = this.#counts.get(hostname) ?? this.#newcomer(hostname, pid);
    if (!count || (count.pid !== pid && count.pid !== 0) || processed < count.processed) {
      // A worker that was started anew counts from zero; so does what is heard of it.
      const before = count && this.#now ? 0 : null;
      count = { ...newCount(pid, processed), before, replaced: before === 0 };
      this.#counts.set(hostname, count);
    }
    count.left = false;
    count.pid = pid;
    count.processed = processed;
    const lead = processed - count.started;
    if (this.#now === null) {
      count.leads.push(lead);
      if (count.leads.length > LEADS) count.leads.shift();
    } else if (this.#now.until !== null) {
      count.beats++;
      count.after = count.after === null ? lead : Math.min(count.after, lead);
    }
  }

  /** A worker that came in the gap: all that it has begun was unseen until it is heard. */
  #newcomer(hostname: string, pid: number): Count | undefined {
    if (!this.#now?.knewAll || this.#counts.size >= MOST) return undefined;
    const count = { ...newCount(pid, 0), before: 0 };
    this.#counts.set(hostname, count);
    return count;
  }

  #counted({ since, until, rate, cause }: OpenGap): Gap {
    let tasks: number | null = null;
    let expected = 0;
    let isWhole = true;
    for (const { before, after, replaced } of this.#counts.values()) {
      if (before === null) continue;
      expected++;
      if (after === null) isWhole = false;
      else tasks = (tasks ?? 0) + Math.max(0, after - before);
      if (replaced) isWhole = false;
    }
    const tasks_is: Precision = isWhole ? 'exact' : 'at_least';
    const gap = { since, until, tasks, tasks_is, cause };
    if (until === null) return { ...gap, events: null, events_is: 'about' };
    if (tasks !== null && (tasks > 0 || isWhole)) {
      const perTask = this.#started >= 20 ? this.#taskEvents / this.#started : USUAL;
      return { ...gap, events: Math.round(tasks * perTask), events_is: isWhole ? 'about' : 'at_least' };
    }
    // Of workers that were not heard again nobody knows. A short gap is like the time before it; a long one may be anything.
    const isUnknown = cause === 'not-running' && (expected > 0 || rate > 0);
    return { ...gap, events: isUnknown ? null : Math.round(rate * Math.max(0, until - since)), events_is: 'about' };
  }
}

function newCount(pid: number, processed: number): Count {
  return {
    pid,
    processed,
    started: 0,
    leads: [],
    before: null,
    after: null,
    beats: 0,
    left: false,
    replaced: false,
  };
}
