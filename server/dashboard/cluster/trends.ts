// The last hour by the minute, kept at hand: what sparklines, worker rows and queue rows show. Read from the history once a second.
// Not here: charts with a range (history/sqlite/series.ts).
// Holds: it is at most a second or two behind; where nobody listened there is null, not zero; setting the clock makes no rate too low or
// too high.
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import type { HistoryStore } from '../history/contract.ts';
import { afterClockSet, lived, type Stretch } from './lived.ts';

const MINUTES = 60;

export interface Trends {
  /** Start of the first of 60 minutes. */
  begin: number;
  /** What this process lived through, where the clock was set; empty: it was not. */
  stretches: readonly Stretch[];
  finished: (number | null)[];
  failed: (number | null)[];
  waiting: (number | null)[];
  busy: (number | null)[];
  byWorker: Map<string, number[]>;
  failedByWorker: Map<string, number>;
  byQueue: Map<string, number[]>;
  depth: Map<string, (number | null)[]>;
  /** What the broker says of all of it. @unit messages, bytes, connections */
  unacked: (number | null)[];
  memory: (number | null)[];
  clients: (number | null)[];
  traffic: (number | null)[];
  /** Over the last five minutes, or as long as we have listened; null: not for ten seconds yet. */
  finishedPerMin: number | null;
  failedPercent: number | null;
  baselineFinishedPerMin: number | null;
  baselineFailedPercent: number | null;
}

export const NO_TRENDS: Trends = {
  begin: 0,
  stretches: [],
  finished: Array(MINUTES).fill(null),
  failed: Array(MINUTES).fill(null),
  waiting: Array(MINUTES).fill(null),
  busy: Array(MINUTES).fill(null),
  byWorker: new Map(),
  failedByWorker: new Map(),
  byQueue: new Map(),
  depth: new Map(),
  unacked: Array(MINUTES).fill(null),
  memory: Array(MINUTES).fill(null),
  clients: Array(MINUTES).fill(null),
  traffic: Array(MINUTES).fill(null),
  finishedPerMin: null,
  failedPercent: null,
  baselineFinishedPerMin: null,
  baselineFailedPercent: null,
};

/** @param since when this process began to listen, seconds */
async function readTrends(
  history: HistoryStore,
  timer: Timer,
  since: number,
  stretches: readonly Stretch[],
  baseline: Baseline,
): Promise<Trends> {
  const now = timer.now() / 1000;
  const minute = Math.floor(now / 60) * 60;
  const begin = minute - (MINUTES - 1) * 60;
  const end = minute + 60;
  const [all, workers, queues, gauges, lately] = await Promise.all([
    history.perMinute('all', begin, end),
    history.perMinute('worker', begin, end),
    history.perMinute('queue', begin, end),
    history.gauges('', begin),
    history.sums(10, now - 300, now + 10),
  ]);
  const at = (bucket: number): number => Math.round((bucket - begin) / 60);
  const blank = (): (number | null)[] => Array<number | null>(MINUTES).fill(null);
  const trends: Trends = {
    ...NO_TRENDS,
    begin,
    stretches,
    finished: blank(),
    failed: blank(),
    waiting: blank(),
    busy: blank(),
    unacked: blank(),
    memory: blank(),
    clients: blank(),
    traffic: blank(),
    byWorker: new Map(),
    failedByWorker: new Map(),
    byQueue: new Map(),
    depth: new Map(),
  };
  const lines = new Map([
    ['waiting', trends.waiting],
    ['busy', trends.busy],
    ['unacked', trends.unacked],
    ['broker-memory', trends.memory],
    ['broker-clients', trends.clients],
    ['broker-traffic', trends.traffic],
  ]);
  for (const g of gauges) {
    const i = at(g.bucket);
    if (i < 0 || i >= MINUTES) continue;
    if (g.name === 'up') {
      trends.finished[i] ??= 0;
      trends.failed[i] ??= 0;
    } else if (lines.has(g.name)) lines.get(g.name)![i] = g.value;
    else if (g.name.startsWith('depth:')) {
      const name = g.name.slice(6);
      let line = trends.depth.get(name);
      if (!line) {
        line = blank();
        trends.depth.set(name, line);
      }
      line[i] = g.value;
    }
  }
  for (const c of all) {
    const i = at(c.bucket);
    trends.finished[i] = c.finished;
    trends.failed[i] = c.failed;
  }
  const fill = (into: Map<string, number[]>, rows: typeof workers): void => {
    for (const c of rows) {
      let line = into.get(c.key);
      if (!line) {
        line = Array<number>(MINUTES).fill(0);
        into.set(c.key, line);
      }
      line[at(c.bucket)] = c.finished;
    }
  };
  fill(trends.byWorker, workers);
  for (const c of workers) trends.failedByWorker.set(c.key, (trends.failedByWorker.get(c.key) ?? 0) + c.failed);
  fill(trends.byQueue, queues);
  const own = stretches.length > 0 ? lived(stretches, now - 300, now + 10, now) : Math.min(300, now - since);
  // What an earlier run of this dashboard has heard counts as well.
  const watched = Math.max(own, (lately.buckets - 1) * 10);
  trends.finishedPerMin = watched < 10 ? null : round((lately.finished / watched) * 60);
  trends.failedPercent = lately.finished > 0 ? round((lately.failed / lately.finished) * 100) : null;
  const u = await baseline.read(history, timer);
  trends.baselineFinishedPerMin = u.finishedPerMin;
  trends.baselineFailedPercent = u.failedPercent;
  return trends;
}

/** Before an hour of it there is nothing one could compare with. @unit buckets of five minutes */
const BASELINE_BUCKETS = 12;

/** Figures over 24 hours change slowly: read once a minute. */
class Baseline {
  #readMs = Number.NEGATIVE_INFINITY;
  #value: { finishedPerMin: number | null; failedPercent: number | null } = {
    finishedPerMin: null,
    failedPercent: null,
  };

  async read(
    history: HistoryStore,
    timer: Timer,
  ): Promise<{ finishedPerMin: number | null; failedPercent: number | null }> {
    if (timer.monotonic() - this.#readMs < 60_000) return this.#value;
    this.#readMs = timer.monotonic();
    const now = timer.now() / 1000;
    const day = await history.sums(300, now - 86_400, now);
    this.#value = {
      finishedPerMin: day.buckets >= BASELINE_BUCKETS ? round(day.finished / (day.buckets * 5)) : null,
      failedPercent:
        day.buckets >= BASELINE_BUCKETS && day.finished > 0 ? round((day.failed / day.finished) * 100) : null,
    };
    return this.#value;
  }
}

/** The last hour at hand, read again whenever somebody says so. */
export class LastHour {
  trends: Trends = NO_TRENDS;
  readonly #history: HistoryStore;
  readonly #timer: Timer;
  readonly #log: Logger;
  readonly #startedAt: () => number;
  readonly #baseline = new Baseline();
  #stretches: readonly Stretch[] = [];
  #reading = false;
  #stopped = false;

  /** @param startedAt when this process began to listen, seconds */
  constructor(history: HistoryStore, timer: Timer, startedAt: () => number, log: Logger) {
    this.#history = history;
    this.#timer = timer;
    this.#startedAt = startedAt;
    this.#log = log;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** The wall clock was set. @param by seconds */
  clockSet(by: number): void {
    this.#stretches = afterClockSet(this.#stretches, by, this.#timer.now() / 1000, this.#startedAt());
  }

  /** Never rejects; while it is being read, not again. */
  async refresh(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      this.trends = await readTrends(this.#history, this.#timer, this.#startedAt(), this.#stretches, this.#baseline);
    } catch (error) {
      if (!this.#stopped) this.#log.warning(`The history does not answer: ${toError(error).message}`);
    } finally {
      this.#reading = false;
    }
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/**
 * Mean of the last five full minutes in which we listened; of the running one, scaled, when there is no full one yet.
 * Who has no line finished nothing. Null when nobody listened.
 */
export function recentPerMinute(trends: Trends, line: readonly number[] | undefined, now: number): number | null {
  const heard = trends.finished.flatMap((n, i) => (n === null || i === MINUTES - 1 ? [] : [i]));
  const recent = heard.filter((i) => i >= MINUTES - 6);
  // We began to listen somewhere within the first minute: it would make the mean too low.
  if (recent.length > 1 && recent.length === heard.length) recent.shift();
  const sum = recent.reduce((all, i) => all + (line?.[i] ?? 0), 0);
  const span = recent.reduce((all, i) => all + livedIn(trends, i, now), 0);
  if (span >= 10) return round((sum / span) * 60);
  const isOld = now - (trends.begin + (MINUTES - 1) * 60) > 120;
  const running = livedIn(trends, MINUTES - 1, now);
  if ((trends.finished[MINUTES - 1] ?? null) === null || running < 10 || isOld) return null;
  return round(((line?.[MINUTES - 1] ?? 0) / running) * 60);
}

/** How much of a minute, from a moment on, was lived through by now; where it was heard by an earlier process only, all of it. @unit seconds */
function livedIn(trends: Trends, i: number, now: number, since = 0): number {
  const start = trends.begin + i * 60;
  const from = Math.max(start, since);
  const until = start + 60;
  return lived(trends.stretches, from, until, now) || Math.max(0, Math.min(until, now) - from);
}

/** Shorter than that, a rate is an accident. @unit seconds */
const MIN_SPAN = 20;

/**
 * The mean since a moment, of five minutes at most: how fast work gets on while there is work. Null when that is too short, or when nobody
 * listened. @param since seconds since the epoch
 */
export function perMinuteSince(
  trends: Trends,
  line: readonly number[] | undefined,
  now: number,
  since: number,
): number | null {
  const wanted = Math.max(since, now - 300);
  const minute = (wanted - trends.begin) / 60;
  // The minute in which it began has ends from before; of a short span it is the best there is.
  const first = now - wanted >= 120 ? Math.ceil(minute) : Math.floor(minute);
  let n = 0;
  let span = 0;
  for (let i = Math.max(0, first); i < MINUTES; i++) {
    if ((trends.finished[i] ?? null) === null) continue;
    span += livedIn(trends, i, now, wanted);
    n += line?.[i] ?? 0;
  }
  return span < MIN_SPAN ? null : round((n / span) * 60);
}

/**
 * How long of the last hour was listened to: what a count over it is a rate of. @unit seconds; null: too short for a rate
 * @param startedAt when this process began to listen  @param since nothing before it counts, as the start of a worker
 * @param first the first of the 60 minutes that counts
 */
export function heardFor(trends: Trends, now: number, startedAt: number, since = 0, first = 0): number | null {
  let span = 0;
  trends.finished.forEach((heard, i) => {
    if (heard === null || i < first) return;
    const from = trends.begin + i * 60;
    // In the minute in which one began to listen, only from then on.
    const began = startedAt < from + 60 && (trends.finished[i - 1] ?? null) === null ? Math.max(from, startedAt) : from;
    span += livedIn(trends, i, now, Math.max(began, since));
  });
  return span < MIN_SPAN ? null : span;
}

/**
 * What a worker finished per minute, over the last five or for as long as it runs and is heard. Null when that is too short.
 * @param start of the worker, seconds; 0: unknown
 */
export function workerPerMinute(
  trends: Trends,
  line: readonly number[] | undefined,
  now: number,
  startedAt: number,
  start: number,
): number | null {
  const first = MINUTES - 6;
  // One of its name worked before: then it is this name's rate.
  const since = line?.some((n, i) => n > 0 && trends.begin + (i + 1) * 60 <= start) ? 0 : start;
  const span = heardFor(trends, now, startedAt, since, first);
  return span === null ? null : round(((line ?? []).slice(first).reduce((sum, n) => sum + n, 0) / span) * 60);
}
