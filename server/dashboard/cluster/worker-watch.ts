// What is known of each worker by when we heard it: whether it is there, whether it gets on, and whether it sends its task events.
// Not here: what its events say (shared/events/worker-record.ts), what it answers (inspector.ts), what of this needs a person
// (../attention/).
// Holds: everything goes by the monotonic clock of this process, never by the sender's; while nothing can be heard (the broker is away,
// this process stood still) no worker grows older. Only facts of the same moments are compared: what a worker had processed at two of its
// heartbeats with the task events heard between the same two.
import type { CeleryEvent } from '../../../shared/events/event.ts';
import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import type { Timer } from '../../timer.ts';

export type Liveness = 'online' | 'late' | 'offline';

/** A worker is late when it was not heard for so many of its heartbeats. Celery 5.6: events/state.py HEARTBEAT_EXPIRE_WINDOW */
const BEATS_MISSED = 2;
/** How long a late worker may come back before it counts as offline. @unit seconds */
const GRACE = 60;
/** Whoever announces a heartbeat less often than that is still expected so often. @unit seconds */
const LONGEST_FREQ = 300;
/** So many heartbeats with tasks begun and no event of a task between them: it sends none. */
const UNHEARD_BEATS = 3;
/** ... over at least so long: events wait in a worker for a moment. @unit milliseconds */
const UNHEARD_MS = 10_000;

/** Two processes of one name take turns at least so often. @unit milliseconds */
const SHARED_FOR_MS = 30_000;

interface Watched {
  heardMs: number;
  answeredMs: number | null;
  /** When this life of it began, as far as we know: another process under the same name is another. */
  lifeMs: number;
  pid: number | null;
  /** Of the process that spoke before this one; null: there was none. */
  pidBefore: number | null;
  /** When a process spoke again after another of the same name had spoken; null: none has. */
  sharedMs: number | null;
  /** By its last heartbeat that told. */
  processed: number | null;
  beatMs: number;
  /** Task events heard since that heartbeat. */
  taskEvents: number;
  /** Heartbeats in a row by which it began tasks while no event of a task was heard. */
  unheard: { beats: number; tasks: number; sinceMs: number } | null;
  /** When it last got on: a task was begun, received or ended. */
  progressMs: number;
  /** When it last had no room: every slot taken, or its prefetch window full. null: never seen. */
  fullMs: number | null;
  /** What it holds, by its last answer; a change is progress. */
  holds: string | null;
}

/** Tasks begun of which no event told. @unit sinceMs: monotonic milliseconds */
export interface Unheard {
  readonly beats: number;
  readonly tasks: number;
  readonly sinceMs: number;
}

export interface WatchOptions {
  /** How old an answer may be to count as a sign of life. @unit seconds */
  readonly answersCountFor: number;
}

export class WorkerWatch {
  readonly #timer: Timer;
  readonly #options: WatchOptions;
  readonly #workers = new Map<string, Watched>();
  #pausedMs: number | null = null;

  constructor(timer: Timer, options: WatchOptions) {
    this.#timer = timer;
    this.#options = options;
  }

  /** Now, as far as silence goes: it stands still while nothing can be heard. @unit monotonic milliseconds */
  get #nowMs(): number {
    return this.#pausedMs ?? this.#timer.monotonic();
  }

  get size(): number {
    return this.#workers.size;
  }

  /** A worker that an earlier process knew. @param silent for how long it was not heard, seconds */
  restore(hostname: string, silent: number): void {
    if (this.#workers.has(hostname)) return;
    const at = this.#timer.monotonic() - Math.max(0, silent) * 1000;
    this.#workers.set(hostname, blank(at));
  }

  forget(hostname: string): void {
    this.#workers.delete(hostname);
  }

  /** Every event of a worker that is kept, in the order of arrival. */
  take(e: CeleryEvent): void {
    const { hostname, type } = e;
    if (hostname === undefined || type === 'task-sent') return;
    if (type === 'worker-offline') {
      // One of two has left: the other is alone, until a second one speaks again.
      const left = this.#workers.get(hostname);
      if (left) left.sharedMs = null;
      return;
    }
    const nowMs = this.#timer.monotonic();
    let w = this.#workers.get(hostname);
    if (!w) {
      w = blank(nowMs);
      this.#workers.set(hostname, w);
    }
    w.heardMs = nowMs;
    if (type.startsWith('task-')) {
      w.taskEvents++;
      w.unheard = null;
      w.progressMs = nowMs;
      return;
    }
    const isOther = typeof e.pid === 'number' && w.pid !== null && w.pid !== e.pid;
    if (isOther) {
      if (e.pid === w.pidBefore) w.sharedMs = nowMs;
      w.pidBefore = w.pid;
    }
    const isNew = type === 'worker-online' || isOther;
    if (isNew) Object.assign(w, { lifeMs: nowMs, processed: null, unheard: null, fullMs: null, holds: null });
    if (typeof e.pid === 'number') w.pid = e.pid;
    // A heartbeat sent because somebody asked for one tells nothing of tasks (Celery 5.6, worker/control.py heartbeat).
    if (typeof e.processed === 'number') this.#beat(w, e.processed, nowMs);
  }

  #beat(w: Watched, processed: number, nowMs: number): void {
    const begun =
      w.processed === null || processed < w.processed || this.#pausedMs !== null ? null : processed - w.processed;
    if (begun === null || w.taskEvents > 0) w.unheard = null;
    else if (begun > 0) {
      w.unheard ??= { beats: 0, tasks: 0, sinceMs: w.beatMs };
      w.unheard.beats++;
      w.unheard.tasks += begun;
    }
    if (begun !== null && begun > 0) w.progressMs = nowMs;
    w.processed = processed;
    w.beatMs = nowMs;
    w.taskEvents = 0;
  }

  /** It has answered a question. */
  answered(hostname: string): void {
    const nowMs = this.#timer.monotonic();
    const w = this.#workers.get(hostname);
    if (w) w.answeredMs = nowMs;
    else this.#workers.set(hostname, { ...blank(nowMs), heardMs: Number.NEGATIVE_INFINITY, answeredMs: nowMs });
  }

  /** What it holds by its complete answer, and whether there was room for more. */
  holds(hostname: string, ids: readonly string[], isFull: boolean): void {
    const w = this.#workers.get(hostname);
    if (!w) return;
    const nowMs = this.#timer.monotonic();
    const holds = [...ids].sort().join(' ');
    if (w.holds !== null && w.holds !== holds) w.progressMs = nowMs;
    w.holds = holds;
    if (isFull) w.fullMs = nowMs;
  }

  /** By its heartbeat, all its slots are taken. */
  isBusy(hostname: string): void {
    const w = this.#workers.get(hostname);
    if (w) w.fullMs = this.#timer.monotonic();
  }

  /** It was asked for task events and will send them: what it did before counts for nothing. */
  eventsEnabled(hostname: string): void {
    const w = this.#workers.get(hostname);
    if (w) Object.assign(w, { processed: null, unheard: null });
  }

  /** From now on nothing can be heard. @param agoMs for how long that is so already */
  pause(agoMs = 0): void {
    this.#pausedMs ??= this.#timer.monotonic() - agoMs;
  }

  /** We hear again: workers that were there go on from where they were, and what they began meanwhile is compared with nothing. */
  resume(): void {
    if (this.#pausedMs === null) return;
    const sinceMs = this.#pausedMs;
    const lostMs = this.#timer.monotonic() - sinceMs;
    this.#pausedMs = null;
    for (const w of this.#workers.values()) {
      w.processed = null;
      w.unheard = null;
      w.heardMs = Math.min(w.heardMs + lostMs, this.#timer.monotonic());
      if (w.answeredMs !== null) w.answeredMs = Math.min(w.answeredMs + lostMs, this.#timer.monotonic());
      w.progressMs = this.#timer.monotonic();
    }
  }

  get isPaused(): boolean {
    return this.#pausedMs !== null;
  }

  statusOf(record: WorkerRecord): Liveness {
    if (record.left) return 'offline';
    const w = this.#workers.get(record.hostname);
    if (!w) return 'offline';
    const nowMs = this.#nowMs;
    let expiresMs = w.heardMs + expectedWithin(record) * 1000;
    // An answer is a sign of life of one that sends no heartbeats, and only of that one.
    if (w.answeredMs !== null && w.answeredMs > expiresMs)
      expiresMs = w.answeredMs + this.#options.answersCountFor * 1000;
    if (nowMs < expiresMs) return 'online';
    return nowMs < expiresMs + GRACE * 1000 ? 'late' : 'offline';
  }

  /** For how long it was not heard; null: never was. @unit seconds */
  silence(hostname: string): number | null {
    const w = this.#workers.get(hostname);
    if (!w) return null;
    const at = Math.max(w.heardMs, w.answeredMs ?? Number.NEGATIVE_INFINITY);
    return Number.isFinite(at) ? Math.max(0, this.#nowMs - at) / 1000 : null;
  }

  /** Two processes speak under this name by turns, and which pids they have; null: one does. */
  shared(hostname: string): readonly [number, number] | null {
    const w = this.#workers.get(hostname);
    if (!w || w.sharedMs === null || w.pid === null || w.pidBefore === null) return null;
    if (this.#nowMs - w.sharedMs > SHARED_FOR_MS) return null;
    return w.pid < w.pidBefore ? [w.pid, w.pidBefore] : [w.pidBefore, w.pid];
  }

  /** It goes on with tasks and no event tells of them: somebody has disabled its task events, or never enabled them. */
  unheard(hostname: string): (Unheard & { seconds: number }) | null {
    const unheard = this.#workers.get(hostname)?.unheard ?? null;
    if (unheard === null || unheard.beats < UNHEARD_BEATS) return null;
    const spanMs = this.#nowMs - unheard.sinceMs;
    return spanMs < UNHEARD_MS ? null : { ...unheard, seconds: spanMs / 1000 };
  }

  /** For how long it has been there, had room, and got no further, each on its own. null: not known. @unit seconds */
  rest(hostname: string): { alive: number; room: number; still: number } | null {
    const w = this.#workers.get(hostname);
    if (!w) return null;
    const ago = (ms: number) => Math.max(0, this.#nowMs - ms) / 1000;
    return { alive: ago(w.lifeMs), room: ago(w.fullMs ?? w.lifeMs), still: ago(w.progressMs) };
  }
}

/** How long a worker may be silent before it is late. @unit seconds */
export function expectedWithin(record: WorkerRecord): number {
  const freq = record.freq > 0 ? Math.min(record.freq, LONGEST_FREQ) : 60;
  return freq * BEATS_MISSED;
}

function blank(nowMs: number): Watched {
  return {
    heardMs: nowMs,
    answeredMs: null,
    lifeMs: nowMs,
    pid: null,
    pidBefore: null,
    sharedMs: null,
    processed: null,
    beatMs: nowMs,
    taskEvents: 0,
    unheard: null,
    progressMs: nowMs,
    fullMs: null,
    holds: null,
  };
}
