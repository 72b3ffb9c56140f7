// Whether events are heard: the line that breaks and comes back, what was missed meanwhile, and the picture completed afterwards.
// Not here: counting (gaps.ts), looking up (backfill.ts), capturing (events/receiver.ts).
// Holds: every gap in which something was missed is in the log and in the history; asked twice for the ends that were missed: at once, and
// when its count is final.

import type { TaskRecord } from '../../../shared/events/task-record.ts';
import type { Precision } from '../../../shared/wire/count.ts';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Heard } from '../history/contract.ts';
import { gapGauges, readGaps } from '../history/gap-gauges.ts';
import { backfill } from './backfill.ts';
import type { Cluster } from './cluster.ts';
import { type Gap, Gaps } from './gaps.ts';
import { EMPTY } from './repair.ts';

const DAY = 86_400;
/** A tick of a second that comes so late says that this process did not run. @unit milliseconds */
const STOOD_STILL_MS = 5000;
/** A loss is noticed no later than this: twice the interval of health checks, and some. @unit seconds */
const NOTICED_WITHIN = 60;

export class Listening {
  readonly gaps = new Gaps();
  /** Workers that send no task events, as of the last second in which this process ran. */
  eventsDisabled: ReadonlySet<string> = new Set();
  readonly #cluster: Cluster;
  readonly #log: Logger;
  /** By the clock that nobody sets. */
  #lastTickMs: number | null = null;
  /** Events a second, second by second: a silence is noticed late, and the rate to go by is the one before it. */
  readonly #rates: { at: number; rate: number }[] = [];
  /** Not one event of this process was heard yet, and another one heard some before. */
  #isResuming = false;
  /** This process did not run (a stopped container, a suspended machine): since when, and until when. */
  #stoodStill = { since: 0, until: 0 };

  constructor(cluster: Cluster, log: Logger) {
    this.#cluster = cluster;
    this.#log = log;
  }

  /** Brings back the gaps of before. */
  async start(): Promise<void> {
    const { history, receiver, now } = this.#cluster;
    receiver.onLost(() => this.#lost());
    receiver.onGap(() => this.#back());
    for (const gap of readGaps(await history.gauges('gap:', now - 31 * DAY))) this.gaps.remember(gap);
    const heard = await history.heard();
    if (heard === null) return;
    this.gaps.resume({ ...heard, at: Math.min(heard.at, now) });
    this.#isResuming = true;
  }

  /** What was missed in the last 24 hours; `n` null: something was, and nobody can tell how much. */
  get lost(): { n: number | null; is: Precision } {
    const { now } = this.#cluster;
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
    const { now, eventsPerSecond, neverHeard } = this.#cluster;
    if (neverHeard || this.#isResuming) return null;
    const { gaps } = this;
    const at = gaps.current?.since ?? now;
    const workers = gaps.heard(gaps.changed(), this.eventsDisabled);
    return { at, rate: eventsPerSecond, knewAll: gaps.knowsAll(now), workers };
  }

  /** Called every second, before anything is concluded from it. @returns false: this process stood still since the last time */
  tick(now: number): boolean {
    const { monotonicMs } = this.#cluster;
    const lateMs = this.#lastTickMs === null ? 0 : monotonicMs - this.#lastTickMs;
    this.#lastTickMs = monotonicMs;
    if (this.#isResuming && this.#cluster.receiver.connected) {
      this.#isResuming = false;
      this.gaps.close(now);
    }
    if (lateMs < STOOD_STILL_MS) {
      this.#rates.push({ at: now, rate: this.#cluster.eventsPerSecond });
      if (this.#rates.length > NOTICED_WITHIN) this.#rates.shift();
      return true;
    }
    this.#stoodStill = { since: now - lateMs / 1000, until: now };
    return false;
  }

  /** The wall clock was set by so much: what is being measured goes on by the new time. */
  clockSet(byMs: number): void {
    const by = byMs / 1000;
    this.#cluster.retention.clockSet(byMs);
    this.gaps.clockSet(by);
    for (const one of this.#rates) one.at += by;
    this.#stoodStill.since += by;
    this.#stoodStill.until += by;
  }

  #lost(): void {
    const { now, lastEvent, monotonicMs } = this.#cluster;
    // Sent long before it was heard: this process stood still, or was slow, and the rest never came.
    const heard = Math.min(lastEvent ?? now, this.gaps.lastSent ?? now, now);
    // The closed line may be read before the tick that would have told of it.
    if (this.#lastTickMs !== null && monotonicMs - this.#lastTickMs >= STOOD_STILL_MS) this.tick(now);
    const still = this.#stoodStill;
    this.#stoodStill = { since: 0, until: 0 };
    // What waited on the line was read right after it stood still.
    const slept = now - still.until < NOTICED_WITHIN && heard - still.until < STOOD_STILL_MS / 1000;
    const since = slept ? still.since : Math.max(heard, now - NOTICED_WITHIN);
    const rate = this.#rates.findLast(({ at }) => at <= since + 1)?.rate ?? 0;
    if (this.#isResuming) return;
    this.gaps.open(since, rate, this.eventsDisabled, now, slept ? 'stood-still' : 'broker-away');
    this.#log.warning('No events are heard: the broker is away, or has closed the line');
  }

  #back(): void {
    const { now } = this.#cluster;
    this.gaps.close(now);
    void this.#cluster.announce().then(() => this.backfill(now));
  }

  /** Tells what was missed once it is counted. */
  finalizeGap(now: number): void {
    const gap = this.gaps.finalize(now);
    if (!gap) return;
    if (gap.events !== 0) this.keep(gap);
    // What was counted in this gap must not be counted in the next one.
    const heard = this.heard();
    if (heard) this.#cluster.history.write(EMPTY, now, heard);
    if (gap.events === 0) return;
    void this.backfill(gap.until!);
  }

  /** Looks up how one task ended, and gives its record the event that was missed. Never rejects. */
  async backfillTask(task: TaskRecord): Promise<void> {
    const { link, now, state } = this.#cluster;
    const found = await backfill({
      tasks: [task],
      before: Number.POSITIVE_INFINITY,
      now,
      ask: async (ids) => (await link.askBackend((backend) => backend.getMany(ids)))?.value ?? new Map(),
    }).catch(() => []);
    for (const event of found) state.apply(event);
  }

  /** One that was found otherwise than by listening. */
  add(gap: Gap): void {
    this.gaps.remember(gap);
    this.keep(gap);
  }

  /** Says it, and writes it down. */
  keep(gap: Gap): void {
    const { since, until, tasks, events } = gap;
    const many =
      events === null
        ? 'An unknown number of'
        : gap.events_is === 'at_least'
          ? `At least ${events}`
          : `About ${events}`;
    const ran = tasks === null ? '' : ` (${gap.tasks_is === 'at_least' ? 'at least ' : ''}${tasks} tasks began unseen)`;
    const why = gap.cause === 'not-running' ? ' in which no dashboard ran' : '';
    this.#log.warning(`${many} events were missed in ${Math.round(until! - since)} s${why}${ran}`);
    const { values, bucket } = gapGauges(gap);
    this.#cluster.history.saveGauges(values, bucket);
  }

  /** Looks up how tasks ended that were heard of last before. @unit seconds */
  async backfill(before: number): Promise<void> {
    const cluster = this.#cluster;
    if (cluster.stopped) return;
    try {
      const found = await backfill({
        tasks: cluster.state.tasks.values(),
        before,
        now: cluster.now,
        ask: async (ids) => (await cluster.link.askBackend((backend) => backend.getMany(ids)))?.value ?? new Map(),
      });
      if (cluster.stopped || found.length === 0) return;
      for (const event of found) cluster.state.apply(event);
      this.#log.info(`The end of ${found.length} tasks was missed, and is known from their results`);
    } catch (error) {
      this.#log.warning(`Tasks whose end was missed could not be looked up: ${toError(error).message}`);
    }
  }
}
