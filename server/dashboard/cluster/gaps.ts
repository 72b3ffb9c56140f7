// When nobody listened: since when, for how long, and how much was missed.
// No broker tells how many events it sent to nobody. But every heartbeat of a worker says how many tasks it has begun, and each of them
// had a task-started: by how much the first runs ahead of the second from before a gap to after it, so many tasks began unseen.
// Not here: mending the picture afterwards (mend.ts); noticing a loss (events/receiver.ts).
// Holds: a gap in which no task began is none; what is a guess (no heartbeats to go by) is told from what was counted.
// Celery 5.6: worker/state.py task_accepted (total_count), worker/heartbeat.py (processed)
import type { CeleryEvent } from '../../../shared/events/event.ts';

export interface Gap {
  /** @unit seconds since the epoch */
  since: number;
  /** null: nobody listens now. */
  until: number | null;
  /** Tasks that began unseen, by their workers' own counts; null: no worker told. */
  tasks: number | null;
  /** About as many task events: tasks times what a task usually tells, or the rate before times the length. */
  events: number;
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

export class Gaps {
  /** Newest last; ended and counted. */
  readonly past: Gap[] = [];
  /** Since the start of this process. */
  total = { gaps: 0, events: 0, tasks: 0, seconds: 0 };
  /** When the last event that was heard had been sent, by its sender's clock. @unit seconds since the epoch */
  lastSent: number | null = null;
  readonly #counts = new Map<string, Count>();
  #now: (Gap & { rate: number }) | null = null;
  #taskEvents = 0;
  #started = 0;

  /** Every event, in the order of arrival. */
  take(e: CeleryEvent): void {
    const { type, hostname } = e;
    if (typeof e.timestamp === 'number') this.lastSent = e.timestamp;
    if (hostname === undefined) return;
    if (type.startsWith('task-')) {
      this.#taskEvents++;
      if (type !== 'task-started') return;
      this.#started++;
      const count = this.#counts.get(hostname);
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

  /** Newest first. */
  list(): Gap[] {
    const current = this.current;
    return [...(current && (current.until === null || current.events > 0) ? [current] : []), ...this.past.toReversed()];
  }

  /** @param since seconds  @param rate task events a second before  @param mute workers whose tasks are told by nobody */
  open(since: number, rate: number, mute: ReadonlySet<string>): void {
    for (const [hostname, count] of this.#counts) {
      // One that begins while the last is still counted goes on with it.
      if (!this.#now) count.before = mute.has(hostname) || count.leads.length === 0 ? null : Math.min(...count.leads);
      count.after = null;
      count.beats = 0;
    }
    this.#now ??= { since, until: null, tasks: null, events: 0, rate };
    this.#now.until = null;
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
    if (gap.events > 0) {
      this.remember(gap);
      this.total.gaps++;
      this.total.events += gap.events;
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
    let count = this.#counts.get(hostname);
    if (!count || count.pid !== pid || processed < count.processed) {
      // A worker that was started anew counts from zero; so does what is heard of it.
      const before = count && this.#now ? 0 : null;
      count = { pid, processed, started: 0, leads: [], before, after: null, beats: 0, left: false };
      this.#counts.set(hostname, count);
    }
    count.left = false;
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

  #counted({ since, until, rate }: Gap & { rate: number }): Gap {
    let tasks: number | null = null;
    for (const { before, after } of this.#counts.values()) {
      if (before !== null && after !== null) tasks = (tasks ?? 0) + Math.max(0, after - before);
    }
    const perTask = this.#started >= 20 ? this.#taskEvents / this.#started : USUAL;
    const events = Math.round(tasks === null ? rate * Math.max(0, (until ?? since) - since) : tasks * perTask);
    return { since, until, tasks, events };
  }
}
