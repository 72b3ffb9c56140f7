// Whether events are heard: the line that breaks and comes back, how many arrive, what was missed meanwhile.
// Not here: counting what was missed (gaps.ts), looking up ends that were missed (backfill.ts), capturing (events/receiver.ts).
// Holds: every gap in which something was missed is in the log and in the history; a gap is told to `counted` when its count is final.
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { plural } from '../../../shared/format/text.ts';
import type { Precision } from '../../../shared/wire/count.ts';
import type { EventReceiver } from '../../events/receiver.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import type { Heard, HistoryStore } from '../history/contract.ts';
import { gapGauges, readGaps } from '../history/gap-gauges.ts';
import { type Gap, Gaps } from './gaps.ts';
import { EMPTY } from './repair.ts';

const DAY = 86_400;
/** A tick of a second that comes so late says that this process did not run. @unit milliseconds */
const STOOD_STILL_MS = 5000;
/** A loss is noticed no later than this: twice the interval of health checks, and some. @unit seconds */
const NOTICED_WITHIN = 60;

export interface EventStreamParts {
  readonly receiver: EventReceiver;
  readonly history: HistoryStore;
  readonly timer: Timer;
  readonly log: Logger;
  /** Events are heard again. @param now seconds */
  readonly resumed: (now: number) => void;
  /** The count of a gap in which something was missed is final. */
  readonly counted: (gap: Gap) => void;
}

export class EventStream {
  readonly gaps = new Gaps();
  /** Workers that send no task events, as of the last second in which this process ran. */
  eventsDisabled: ReadonlySet<string> = new Set();
  /** @unit seconds since the epoch */
  lastEvent: number | null = null;
  /** Nothing was listened to yet, since this process began. */
  neverHeard = true;
  /** Events a second, smoothed. */
  perSecond = 0;
  readonly #parts: EventStreamParts;
  #lastEventMs: number;
  #count = 0;
  #countedMs = 0;
  /** By the clock that nobody sets. */
  #lastTickMs: number | null = null;
  /** Events a second, second by second: a silence is noticed late, and the rate to go by is the one before it. */
  readonly #rates: { at: number; rate: number }[] = [];
  /** Not one event of this process was heard yet, and another one heard some before. */
  #isResuming = false;
  /** This process did not run (a stopped container, a suspended machine): since when, and until when. */
  #stoodStill = { since: 0, until: 0 };

  constructor(parts: EventStreamParts) {
    this.#parts = parts;
    this.#lastEventMs = parts.timer.monotonic();
  }

  get #now(): number {
    return this.#parts.timer.now() / 1000;
  }

  /** The line is open. */
  get connected(): boolean {
    return this.#parts.receiver.connected;
  }

  /** Messages that were no events. */
  get malformed(): number {
    return this.#parts.receiver.malformed;
  }

  /** Events of kinds that are not Celery's, while there were too many of those. */
  get leftOut(): number {
    return this.#parts.receiver.leftOut;
  }

  /** For how long not a single event was heard. @unit seconds */
  get quiet(): number {
    return (this.#parts.timer.monotonic() - this.#lastEventMs) / 1000;
  }

  /** Brings back the gaps of before. */
  async start(): Promise<void> {
    const { history, receiver } = this.#parts;
    const now = this.#now;
    receiver.onLost(() => this.#lost());
    receiver.onGap(() => this.#back());
    for (const gap of readGaps(await history.gauges('gap:', now - 31 * DAY))) this.gaps.remember(gap);
    const heard = await history.heard();
    if (heard === null) return;
    this.gaps.resume({ ...heard, at: Math.min(heard.at, now) });
    this.#isResuming = true;
  }

  /** What was heard, after it was merged. */
  take(events: readonly CeleryEvent[]): void {
    this.lastEvent = events[0]?.local_received ?? this.lastEvent;
    this.#lastEventMs = this.#parts.timer.monotonic();
    this.#count += events.length;
  }

  /** What was missed in the last 24 hours; `n` null: something was, and nobody can tell how much. */
  get lost(): { n: number | null; is: Precision } {
    const now = this.#now;
    let n = 0;
    let unknown = false;
    let is: Precision = 'about';
    const { current, past } = this.gaps;
    for (const gap of current ? [current, ...past] : past) {
      if ((gap.until ?? now) <= now - DAY) continue;
      n += gap.events ?? 0;
      if (gap.events === null) unknown = true;
      if (gap.events === null || gap.events_is === 'at_least') is = 'at_least';
    }
    return { n: unknown && n === 0 ? null : n, is };
  }

  /**
   * How far events are heard now, to be kept in one write with what they told: also what came last before the line was closed.
   * null: no event was heard yet.
   */
  heard(): Heard | null {
    if (this.neverHeard || this.#isResuming) return null;
    const { gaps } = this;
    const now = this.#now;
    const at = gaps.current?.since ?? now;
    const workers = gaps.heard(gaps.changed(), this.eventsDisabled);
    return { at, rate: this.perSecond, knewAll: gaps.knowsAll(now), workers };
  }

  /** Called every second, before anything is concluded from it. @returns false: this process stood still since the last time */
  tick(now: number): boolean {
    const ran = this.#tick(now);
    const nowMs = this.#parts.timer.monotonic();
    if (ran && this.#countedMs > 0) {
      const perSecond = this.#count / Math.max(0.2, (nowMs - this.#countedMs) / 1000);
      this.perSecond = Math.round((this.perSecond * 0.5 + perSecond * 0.5) * 10) / 10;
    }
    this.#countedMs = nowMs;
    this.#count = 0;
    return ran;
  }

  #tick(now: number): boolean {
    const nowMs = this.#parts.timer.monotonic();
    const lateMs = this.#lastTickMs === null ? 0 : nowMs - this.#lastTickMs;
    this.#lastTickMs = nowMs;
    if (this.#isResuming && this.connected) {
      this.#isResuming = false;
      this.gaps.close(now);
    }
    if (lateMs < STOOD_STILL_MS) {
      this.#rates.push({ at: now, rate: this.perSecond });
      if (this.#rates.length > NOTICED_WITHIN) this.#rates.shift();
      return true;
    }
    this.#stoodStill = { since: now - lateMs / 1000, until: now };
    return false;
  }

  /** The wall clock was set by so much: what is being measured goes on by the new time. */
  clockSet(byMs: number): void {
    const by = byMs / 1000;
    this.gaps.clockSet(by);
    for (const one of this.#rates) one.at += by;
    this.#stoodStill.since += by;
    this.#stoodStill.until += by;
  }

  #lost(): void {
    const now = this.#now;
    // Sent long before it was heard: this process stood still, or was slow, and the rest never came.
    const heard = Math.min(this.lastEvent ?? now, this.gaps.lastSent ?? now, now);
    // The closed line may be read before the tick that would have told of it.
    if (this.#lastTickMs !== null && this.#parts.timer.monotonic() - this.#lastTickMs >= STOOD_STILL_MS)
      this.#tick(now);
    const still = this.#stoodStill;
    this.#stoodStill = { since: 0, until: 0 };
    // What waited on the line was read right after it stood still.
    const slept = now - still.until < NOTICED_WITHIN && heard - still.until < STOOD_STILL_MS / 1000;
    const since = slept ? still.since : Math.max(heard, now - NOTICED_WITHIN);
    const rate = this.#rates.findLast(({ at }) => at <= since + 1)?.rate ?? 0;
    if (this.#isResuming) return;
    this.gaps.open(since, rate, this.eventsDisabled, now, slept ? 'stood-still' : 'broker-away');
    this.#parts.log.warning('No events are heard: the broker is away, or has closed the line');
  }

  #back(): void {
    const now = this.#now;
    this.gaps.close(now);
    this.#parts.resumed(now);
  }

  /** Tells what was missed once it is counted. */
  finalizeGap(now: number): void {
    const gap = this.gaps.finalize(now);
    if (!gap) return;
    if (gap.events !== 0) this.#keep(gap);
    // What was counted in this gap must not be counted in the next one.
    const heard = this.heard();
    if (heard) this.#parts.history.write(EMPTY, now, heard);
    if (gap.events !== 0) this.#parts.counted(gap);
  }

  /** One that was found otherwise than by listening. */
  add(gap: Gap): void {
    this.gaps.remember(gap);
    this.#keep(gap);
  }

  /** Says it, and writes it down. */
  #keep(gap: Gap): void {
    const { since, until, tasks, events } = gap;
    const many =
      events === null
        ? 'An unknown number of events were'
        : `${gap.events_is === 'at_least' ? 'At least' : 'About'} ${plural(events, 'event was', 'events were')}`;
    const ran =
      tasks === null ? '' : ` (${gap.tasks_is === 'at_least' ? 'at least ' : ''}${plural(tasks, 'task')} began unseen)`;
    const why = gap.cause === 'not-running' ? ' in which no dashboard ran' : '';
    this.#parts.log.warning(`${many} missed in ${Math.round(until! - since)} s${why}${ran}`);
    const { values, bucket } = gapGauges(gap);
    this.#parts.history.saveGauges(values, bucket);
  }
}
