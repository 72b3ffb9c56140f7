// The entries of a beat and when each is next due. Says what to send now and when to ask again; sends nothing, stores nothing.
// Not here: what an entry may be (entry.ts), sending and waiting (beat.ts), where entries are kept and the rules themselves (schedules/).
// Holds: an entry that was due several times while nobody looked is due once; an interval does not drift by the lateness of its
// runs; a clock that is set, forwards or back, neither silences an entry nor makes it run twice; every change is told to `dirty`.
// Celery 5.6: beat.py Scheduler, ScheduleEntry

import { ClockedSchedule } from '../schedules/clocked.ts';
import type { EntryRuns } from '../schedules/contract.ts';
import type { Schedule } from '../schedules/schedule.ts';
import { resolveZone } from '../schedules/zone.ts';
import { DueHeap } from './due-heap.ts';
import { checkEntry, type EntryOptions, readSchedule } from './entry.ts';

export type { EntryOptions } from './entry.ts';

export class ScheduleEntry {
  readonly name: string;
  readonly task: string;
  readonly schedule: Schedule;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly enabled: boolean;
  /** Sent once, and never again. */
  readonly isOneOff: boolean;
  /** By whose clock its schedule is read: a name of the IANA. */
  readonly zone: string;
  /** Not sent before. @unit milliseconds since the epoch */
  readonly startTime: number | null;
  /** @unit milliseconds since the epoch */
  lastRunAt: number;
  totalRunCount: number;
  /** When it is next looked at. @unit milliseconds since the epoch */
  dueAt = 0;
  /** Being sent right now. */
  sending = false;

  constructor(name: string, options: EntryOptions, runs: EntryRuns | null, nowMs: number, zone: string) {
    this.name = name;
    this.task = options.task;
    this.schedule = readSchedule(name, options, nowMs);
    this.args = options.args ?? [];
    this.kwargs = options.kwargs ?? {};
    this.options = options.options ?? {};
    this.enabled = options.enabled ?? true;
    this.isOneOff = (options.one_off ?? false) || this.schedule.kind === 'clocked';
    this.zone = options.timezone === undefined ? zone : resolveZone(options.timezone);
    this.startTime = options.start_time === undefined ? null : Number(options.start_time);
    // A new one begins now; an instant that has passed is not one that has run.
    const begins = this.schedule instanceof ClockedSchedule ? Math.min(nowMs, this.schedule.at - 1) : nowMs;
    this.lastRunAt = runs?.lastRunAt ?? begins;
    this.totalRunCount = runs?.totalRunCount ?? 0;
  }

  /** It has run for the only time. */
  get isOver(): boolean {
    if (this.schedule instanceof ClockedSchedule) return this.lastRunAt >= this.schedule.at;
    return this.isOneOff && this.totalRunCount > 0;
  }

  /** It is to be sent when its time comes. */
  get isOn(): boolean {
    return this.enabled && !this.isOver;
  }
}

export interface SchedulerOptions {
  /** By whose clock the schedules of entries are read that name no zone: an IANA name. */
  readonly zone: string;
  /** @unit seconds */
  readonly startingDeadline?: number | null;
  /** Runs that must outlive the process have changed. @param names of whom; absent: of any */
  readonly dirty?: (names?: readonly string[]) => void;
}

/** What is remembered of an entry. */
export interface Remembered extends EntryRuns {
  /** False: it was kept and not sent, so that nothing was missed. Default true. */
  readonly enabled?: boolean;
}

/** What an entry was before it was taken for sending. */
export interface DueEntry {
  readonly entry: ScheduleEntry;
  readonly before: EntryRuns;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #entries = new Map<string, ScheduleEntry>();
  /** An entry that was merged anew while it was sent is not one of ours any more. */
  readonly #due = new DueHeap<ScheduleEntry>(
    (entry) => entry.isOn && !entry.sending && this.#entries.get(entry.name) === entry,
  );

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  get entries(): ReadonlyMap<string, ScheduleEntry> {
    return this.#entries;
  }

  /** Take over the configured entries. Known ones keep their latest run, those no longer configured are dropped, new ones and those that are enabled again begin now. */
  merge(
    configured: Readonly<Record<string, EntryOptions>>,
    stored: ReadonlyMap<string, Remembered>,
    nowMs: number,
  ): void {
    const read = Object.entries(configured).map(([name, options]) => {
      const known = later(this.#entries.get(name), stored.get(name)) ?? null;
      const wasOff = known?.enabled === false && options.enabled !== false;
      const runs = wasOff ? { ...known, lastRunAt: Math.max(known.lastRunAt, nowMs) } : known;
      return new ScheduleEntry(name, checkEntry(name, options, nowMs), runs, nowMs, this.#options.zone);
    });
    this.#entries.clear();
    for (const entry of read) this.#entries.set(entry.name, entry);
    this.review(nowMs);
    this.#options.dirty?.();
  }

  /** The entries that are due, the longest overdue first, each marked as run. Call `putBack` when one could not be sent. */
  takeDue(nowMs: number): DueEntry[] {
    const due: DueEntry[] = [];
    const seen = new Set<ScheduleEntry>();
    for (let entry = this.#due.take(nowMs); entry; entry = this.#due.take(nowMs)) {
      if (seen.has(entry)) continue;
      seen.add(entry);
      const before = { lastRunAt: entry.lastRunAt, totalRunCount: entry.totalRunCount };
      if (!this.#updateDue(entry, nowMs)) continue;
      due.push({ entry, before });
      entry.lastRunAt = this.#runInstant(entry, nowMs);
      entry.totalRunCount++;
      this.#updateDue(entry, nowMs);
    }
    // What is due at once again is for the next look.
    for (const entry of seen) this.#due.push(entry);
    if (due.length > 0) this.#options.dirty?.(due.map(({ entry }) => entry.name));
    return due;
  }

  /** As if it had not been taken; it is looked at again at `retryAtMs`. */
  putBack({ entry, before }: DueEntry, retryAtMs: number): void {
    entry.lastRunAt = before.lastRunAt;
    entry.totalRunCount = before.totalRunCount;
    entry.dueAt = retryAtMs;
    this.#due.push(entry);
    this.#options.dirty?.([entry.name]);
  }

  /** It was being sent, and is not any more. */
  release(entry: ScheduleEntry): void {
    entry.sending = false;
    this.#due.push(entry);
  }

  /** When the next entry wants to be looked at; infinity without entries. */
  nextAt(): number {
    return this.#due.next();
  }

  /**
   * The wall clock was set by so much. An interval goes on as if nothing had happened. A time of day follows the new clock: what was
   * skipped is due once, what has run does not run again when its time comes a second time.
   */
  clockSet(byMs: number, nowMs: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.schedule.kind === 'interval') entry.lastRunAt += byMs;
    }
    this.review(nowMs);
    this.#options.dirty?.();
  }

  /** Ask every entry anew, after the clock or the zone may have changed. */
  review(nowMs: number): void {
    for (const entry of this.#entries.values()) this.#updateDue(entry, nowMs);
    this.#due.rebuild(this.#entries.values());
  }

  /** @param names of whom; default: of all */
  runs(names: Iterable<string> = this.#entries.keys()): Map<string, EntryRuns> {
    const runs = new Map<string, EntryRuns>();
    for (const name of names) {
      const entry = this.#entries.get(name);
      if (entry) runs.set(name, { lastRunAt: entry.lastRunAt, totalRunCount: entry.totalRunCount });
    }
    return runs;
  }

  /** Is it due? Sets when it is to be looked at next. */
  #updateDue(entry: ScheduleEntry, nowMs: number): boolean {
    if (entry.isOver) {
      entry.dueAt = Number.POSITIVE_INFINITY;
      return false;
    }
    if (entry.startTime !== null && nowMs < entry.startTime) {
      entry.dueAt = entry.startTime;
      return false;
    }
    const { startingDeadline = null } = this.#options;
    const { zone } = entry;
    // Run for an instant that lies ahead, since the clock was set back: that stands, but for no longer than one run to the next.
    const aheadMs = entry.lastRunAt - nowMs;
    if (aheadMs > 0 && (entry.schedule.kind === 'interval' || aheadMs > this.#spacingMs(entry)))
      entry.lastRunAt = nowMs;
    const { isDue, next } = entry.schedule.isDue(entry.lastRunAt, { nowMs, zone, startingDeadline });
    entry.dueAt = isDue ? nowMs : nowMs + Math.max(next * 1000, 1);
    return isDue;
  }

  #spacingMs({ schedule, lastRunAt, zone }: ScheduleEntry): number {
    return schedule.remaining(lastRunAt, { nowMs: lastRunAt, zone }) * 1000;
  }

  /** Celery takes the moment of sending, so that each run adds its lateness; here an interval keeps its beat while it keeps up. */
  #runInstant(entry: ScheduleEntry, nowMs: number): number {
    if (entry.schedule.kind !== 'interval') return nowMs;
    const { zone } = entry;
    const remaining = entry.schedule.remaining(entry.lastRunAt, { nowMs, zone }) * 1000;
    const due = Math.round(nowMs + remaining);
    const following = entry.schedule.remaining(due, { nowMs, zone });
    return due > entry.lastRunAt && following > 0 ? due : nowMs;
  }
}

/** Another beat may have run it since: it had the lease meanwhile. */
function later(own: Remembered | undefined, stored: Remembered | undefined): Remembered | undefined {
  return own && stored && stored.lastRunAt >= own.lastRunAt ? stored : (own ?? stored);
}
