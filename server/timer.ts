// Things to do at a time: one heap, one operating-system timer for all of it. The only user of Date.now and setTimeout.
// Not here: what is to be done. Tests use ManualTimer (test/support/clock.ts), which keeps the same promises.
// Holds: entries fire in order of (time, priority, insertion); never before their time; a cancelled entry never fires; what a
// callback throws does not stop the others (it surfaces as an uncaught error of its own).
// Celery: kombu/asynchronous/timer.py

export interface TimerHandle {
  cancel(): void;
}

export interface Timer {
  /** @unit milliseconds since the epoch */
  now(): number;
  /** Lower priorities go first among entries of one instant (Celery's ETA tasks have 6). */
  at(whenMs: number, fn: () => void, priority?: number): TimerHandle;
  after(delayMs: number, fn: () => void): TimerHandle;
  /** First after one interval. A late firing is not made up for. */
  every(intervalMs: number, fn: () => void): TimerHandle;
  clear(): void;
  readonly size: number;
}

export interface TimerOptions {
  /** True: pending entries do not keep the process alive. Default false. */
  readonly unref?: boolean;
}

/** setTimeout cannot wait longer; longer waits are split. @unit milliseconds */
const LONGEST_MS = 2 ** 31 - 1;

export interface Entry {
  whenMs: number;
  readonly priority: number;
  readonly seq: number;
  fn: (() => void) | null;
}

/** Entries by (time, priority, insertion). Cancelled ones stay until they come up, or until they outnumber the living. */
export class EntryHeap {
  #entries: Entry[] = [];
  #seq = 0;
  #live = 0;

  get size(): number {
    return this.#live;
  }

  push(whenMs: number, priority: number, fn: () => void): Entry {
    const entry: Entry = { whenMs, priority, seq: this.#seq++, fn };
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

export function createTimer(options: TimerOptions = {}): Timer {
  const heap = new EntryHeap();
  let handle: NodeJS.Timeout | undefined;
  let armedFor = Number.POSITIVE_INFINITY;

  function arm(): void {
    const first = heap.peek();
    if (!first) {
      if (handle) clearTimeout(handle);
      handle = undefined;
      armedFor = Number.POSITIVE_INFINITY;
      return;
    }
    if (handle && armedFor === first.whenMs) return;
    if (handle) clearTimeout(handle);
    armedFor = first.whenMs;
    handle = setTimeout(fire, Math.min(Math.max(0, Math.ceil(first.whenMs - Date.now())), LONGEST_MS));
    if (options.unref) handle.unref();
  }

  function fire(): void {
    handle = undefined;
    armedFor = Number.POSITIVE_INFINITY;
    const now = Date.now();
    try {
      for (let fn = heap.takeDue(now); fn; fn = heap.takeDue(now)) fn();
    } finally {
      arm();
    }
  }

  function at(whenMs: number, fn: () => void, priority = 0): TimerHandle {
    const entry = heap.push(whenMs, priority, fn);
    if (whenMs < armedFor) arm();
    return {
      cancel() {
        heap.cancel(entry);
        if (heap.size === 0) arm();
      },
    };
  }

  return {
    now: () => Date.now(),
    at,
    after: (delayMs, fn) => at(Date.now() + delayMs, fn),
    every: (intervalMs, fn) => repeat({ at, now: () => Date.now() }, intervalMs, fn),
    clear() {
      heap.clear();
      arm();
    },
    get size() {
      return heap.size;
    },
  };
}

/** `every` in terms of `at`, for each kind of timer. */
export function repeat(timer: Pick<Timer, 'at' | 'now'>, intervalMs: number, fn: () => void): TimerHandle {
  let handle: TimerHandle;
  let stopped = false;
  const schedule = () => {
    handle = timer.at(timer.now() + intervalMs, () => {
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
