// Things to do at a time: two heaps, one operating-system timer for all of it. Who waits for a time waits here; how long a run took is measured where it runs.
// Delays (`after`, `every`) run on the monotonic clock: setting the wall clock neither stops nor hurries them. Deadlines on the wall
// clock (`at`: an ETA, a crontab) are looked at again within a second when that clock is set, forwards or back.
// Not here: what is to be done. Tests use ManualTimer (test/support/clock.ts), which keeps the same promises.
// Holds: entries fire in order of (time, priority, insertion); never before their time; a cancelled entry never fires; what a
// callback throws does not stop the others (it surfaces as an uncaught error of its own).
// Celery: kombu/asynchronous/timer.py, whose clock is time.monotonic

export interface TimerHandle {
  cancel(): void;
}

export interface Timer {
  /** The wall clock, which an administrator or NTP may set at any moment: for instants. @unit milliseconds since the epoch */
  now(): number;
  /** A clock that only ever goes forward: for durations. @unit milliseconds since some instant of this process */
  monotonic(): number;
  /**
   * When the wall clock shows that time. Lower priorities go first among entries of one instant (Celery's ETA tasks have 6).
   * @param whenMs milliseconds since the epoch
   */
  at(whenMs: number, fn: () => void, priority?: number): TimerHandle;
  after(delayMs: number, fn: () => void): TimerHandle;
  /** First after one interval. A late firing is not made up for. */
  every(intervalMs: number, fn: () => void): TimerHandle;
  /** The wall clock was set: by how many milliseconds, negative when back. Within a second of it, and before anything then due. */
  onJump(fn: (byMs: number) => void): TimerHandle;
  /** Entries and listeners. */
  clear(): void;
  /** Entries that wait. */
  readonly size: number;
}

/** What a timer reads and sleeps on; handed in by tests. */
export interface Clock {
  /** @unit milliseconds since the epoch */
  now(): number;
  /** @unit milliseconds */
  monotonic(): number;
  /** Call `fn` after so many milliseconds of the monotonic clock. `unref`: the process need not stay for it. */
  sleep(ms: number, fn: () => void, unref: boolean): () => void;
}

export interface TimerOptions {
  /** True: pending entries do not keep the process alive. Default false. */
  readonly unref?: boolean;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/** setTimeout cannot wait longer; longer waits are split. @unit milliseconds */
const LONGEST_MS = 2 ** 31 - 1;
/** How often it is checked whether the wall clock was set, while somebody depends on it. @unit milliseconds */
const CHECK_MS = 1000;
/** A smaller step than this is a clock that is being slewed, not set. @unit milliseconds */
const JUMP_MS = 500;

const machineClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, fn, unref) {
    const handle = setTimeout(fn, ms);
    if (unref) handle.unref();
    return () => clearTimeout(handle);
  },
};

/** Notices that the wall clock was set: its distance from the monotonic one changed at once. */
export class JumpDetector {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  #offsetMs: number;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
    this.#offsetMs = clock.now() - clock.monotonic();
  }

  /** By how much it was set since the last look; 0: it was not. */
  measure(): number {
    const offsetMs = this.#clock.now() - this.#clock.monotonic();
    const byMs = offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    return Math.abs(byMs) >= JUMP_MS ? Math.round(byMs) : 0;
  }
}

export interface Entry {
  whenMs: number;
  readonly priority: number;
  readonly seq: number;
  fn: (() => void) | null;
}

let inserted = 0;

/** Entries by (time, priority, insertion). Cancelled ones stay until they come up, or until they outnumber the living. */
class EntryHeap {
  #entries: Entry[] = [];
  #live = 0;

  get size(): number {
    return this.#live;
  }

  push(whenMs: number, priority: number, fn: () => void): Entry {
    const entry: Entry = { whenMs, priority, seq: inserted++, fn };
    this.#entries.push(entry);
    this.#up(this.#entries.length - 1);
    this.#live++;
    return entry;
  }

  cancel(entry: Entry): void {
    if (entry.fn === null) return;
    entry.fn = null;
    this.#live--;
    if (this.#entries.length > 64 && this.#live * 2 < this.#entries.length) this.#compact();
  }

  peek(): Entry | undefined {
    while (this.#entries.length > 0 && this.#entries[0]!.fn === null) this.#removeFirst();
    return this.#entries[0];
  }

  /** The first entry, taken out, if it is due. */
  takeDue(nowMs: number): (() => void) | undefined {
    const first = this.peek();
    if (!first || first.whenMs > nowMs) return undefined;
    this.#removeFirst();
    this.#live--;
    const fn = first.fn!;
    first.fn = null;
    return fn;
  }

  clear(): void {
    for (const entry of this.#entries) entry.fn = null;
    this.#entries = [];
    this.#live = 0;
  }

  #compact(): void {
    this.#entries = this.#entries.filter((e) => e.fn !== null).sort(compare);
  }

  #removeFirst(): void {
    const last = this.#entries.pop()!;
    if (this.#entries.length === 0) return;
    this.#entries[0] = last;
    this.#down(0);
  }

  #up(i: number): void {
    const entries = this.#entries;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (compare(entries[i]!, entries[parent]!) >= 0) return;
      [entries[i], entries[parent]] = [entries[parent]!, entries[i]!];
      i = parent;
    }
  }

  #down(i: number): void {
    const entries = this.#entries;
    for (;;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < entries.length && compare(entries[child]!, entries[least]!) < 0) least = child;
      }
      if (least === i) return;
      [entries[i], entries[least]] = [entries[least]!, entries[i]!];
      i = least;
    }
  }
}

function compare(a: Entry, b: Entry): number {
  return a.whenMs - b.whenMs || a.priority - b.priority || a.seq - b.seq;
}

/** Entries of both clocks as one row. */
export class TwoClockHeap {
  readonly delays = new EntryHeap();
  readonly deadlines = new EntryHeap();

  get size(): number {
    return this.delays.size + this.deadlines.size;
  }

  /** When the next entry is due by the monotonic clock, as the wall clock stands now. */
  nextMs(clock: Pick<Clock, 'now' | 'monotonic'>): number {
    const delay = this.delays.peek()?.whenMs ?? Number.POSITIVE_INFINITY;
    const deadline = this.deadlines.peek()?.whenMs ?? Number.POSITIVE_INFINITY;
    return Math.min(delay, deadline - clock.now() + clock.monotonic());
  }

  takeDue(nowMs: number, monotonicMs: number): (() => void) | undefined {
    const delay = this.delays.peek();
    const deadline = this.deadlines.peek();
    if (!deadline) return this.delays.takeDue(monotonicMs);
    if (!delay) return this.deadlines.takeDue(nowMs);
    const whenMs = deadline.whenMs - nowMs + monotonicMs;
    const first = compare({ ...deadline, whenMs }, delay) < 0 ? this.deadlines : this.delays;
    return first.takeDue(first === this.deadlines ? nowMs : monotonicMs);
  }

  clear(): void {
    this.delays.clear();
    this.deadlines.clear();
  }
}

export function createTimer(options: TimerOptions = {}): Timer {
  const clock = options.clock ?? machineClock;
  const heap = new TwoClockHeap();
  const jumps = new JumpDetector(clock);
  const listeners = new Set<(byMs: number) => void>();
  let sleep: { readonly untilMs: number; readonly unref: boolean; readonly cancel: () => void } | null = null;

  const unref = options.unref === true;
  const wakeAt = (): number => {
    const nextMs = heap.nextMs(clock);
    const watched = heap.deadlines.size > 0 || listeners.size > 0;
    return watched ? Math.min(nextMs, clock.monotonic() + CHECK_MS) : nextMs;
  };

  function schedule(): void {
    const untilMs = wakeAt();
    // Whoever merely listens for the clock to be set does not keep the process alive.
    const idle = unref || heap.size === 0;
    if (sleep && sleep.unref === idle && sleep.untilMs <= untilMs && untilMs !== Number.POSITIVE_INFINITY) return;
    sleep?.cancel();
    sleep = null;
    if (untilMs === Number.POSITIVE_INFINITY) return;
    const ms = Math.min(Math.max(0, Math.ceil(untilMs - clock.monotonic())), LONGEST_MS);
    sleep = { untilMs, unref: idle, cancel: clock.sleep(ms, fire, idle) };
  }

  function fire(): void {
    sleep = null;
    try {
      const byMs = jumps.measure();
      if (byMs !== 0) for (const listener of [...listeners]) listener(byMs);
      const nowMs = clock.now();
      const monotonicMs = clock.monotonic();
      for (let fn = heap.takeDue(nowMs, monotonicMs); fn; fn = heap.takeDue(nowMs, monotonicMs)) fn();
    } finally {
      schedule();
    }
  }

  function add(on: EntryHeap, whenMs: number, fn: () => void, priority = 0): TimerHandle {
    const entry = on.push(whenMs, priority, fn);
    schedule();
    return {
      cancel() {
        on.cancel(entry);
        if (heap.size === 0) schedule();
      },
    };
  }

  const after = (delayMs: number, fn: () => void) => add(heap.delays, clock.monotonic() + delayMs, fn);
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    at: (whenMs, fn, priority) => add(heap.deadlines, whenMs, fn, priority),
    after,
    every: (intervalMs, fn) => repeat({ after }, intervalMs, fn),
    onJump(fn) {
      // What happened before nobody listened is not told.
      if (listeners.size === 0 && heap.deadlines.size === 0) jumps.measure();
      listeners.add(fn);
      schedule();
      return {
        cancel() {
          listeners.delete(fn);
          schedule();
        },
      };
    },
    clear() {
      heap.clear();
      listeners.clear();
      schedule();
    },
    get size() {
      return heap.size;
    },
  };
}

/** `every` in terms of `after`, for each kind of timer. */
export function repeat(timer: Pick<Timer, 'after'>, intervalMs: number, fn: () => void): TimerHandle {
  let handle: TimerHandle;
  let stopped = false;
  const schedule = () => {
    handle = timer.after(intervalMs, () => {
      try {
        fn();
      } finally {
        if (!stopped) schedule();
      }
    });
  };
  schedule();
  return {
    cancel() {
      stopped = true;
      handle.cancel();
    },
  };
}

/** A limit that comes so much too late says that this process stood still. @unit milliseconds */
const STOOD_STILL_MS = 1000;

/**
 * What comes of it within so long, else null; it goes on meanwhile. Rejects as the work does. When this process stood still meanwhile, what
 * came then is still to be read: it is waited for once more.
 */
export async function within<T>(
  timer: Pick<Timer, 'after' | 'monotonic'>,
  limitMs: number,
  work: Promise<T>,
): Promise<T | null> {
  let late: TimerHandle | undefined;
  const dueMs = timer.monotonic() + limitMs;
  const limit = new Promise<null>((resolve) => {
    const isOver = () => resolve(null);
    late = timer.after(limitMs, () => {
      if (timer.monotonic() - dueMs < STOOD_STILL_MS) isOver();
      else late = timer.after(limitMs, isOver);
    });
  });
  return Promise.race([work, limit]).finally(() => late?.cancel());
}
