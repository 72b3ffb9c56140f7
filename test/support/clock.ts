// Time that stands still until a test moves it: a timer with the promises of server/timer.ts, and the clock below a real one.
import { type Clock, JumpDetector, repeat, type Timer, type TimerHandle, TwoClockHeap } from '../../server/timer.ts';

export class ManualTimer implements Timer {
  #monotonic = 0;
  #offset: number;
  readonly #heap = new TwoClockHeap();
  readonly #listeners = new Set<(byMs: number) => void>();
  readonly #jumps: JumpDetector;

  constructor(startMs = Date.parse('2026-01-02T03:04:05.000Z')) {
    this.#offset = startMs;
    this.#jumps = new JumpDetector(this);
  }

  now(): number {
    return this.#monotonic + this.#offset;
  }
  monotonic(): number {
    return this.#monotonic;
  }
  at(whenMs: number, fn: () => void, priority = 0): TimerHandle {
    const entry = this.#heap.deadlines.push(whenMs, priority, fn);
    return { cancel: () => this.#heap.deadlines.cancel(entry) };
  }
  after(delayMs: number, fn: () => void): TimerHandle {
    const entry = this.#heap.delays.push(this.#monotonic + delayMs, 0, fn);
    return { cancel: () => this.#heap.delays.cancel(entry) };
  }
  every(intervalMs: number, fn: () => void): TimerHandle {
    return repeat(this, intervalMs, fn);
  }
  onJump(fn: (byMs: number) => void): TimerHandle {
    this.#listeners.add(fn);
    return { cancel: () => void this.#listeners.delete(fn) };
  }
  clear(): void {
    this.#heap.clear();
    this.#listeners.clear();
  }
  get size(): number {
    return this.#heap.size;
  }

  /** Moves time forward, firing what falls due on the way at its own instant. */
  advance(ms: number): void {
    const target = this.#monotonic + ms;
    for (let next = this.#heap.nextMs(this); next <= target; next = this.#heap.nextMs(this)) {
      this.#monotonic = Math.max(this.#monotonic, next);
      this.#heap.takeDue(this.now(), this.#monotonic)?.();
    }
    this.#monotonic = target;
  }

  /** The process does not run for so long: what fell due meanwhile fires at the next `advance`, late. */
  standStill(ms: number): void {
    this.#monotonic += ms;
  }

  /** Somebody sets the wall clock: deadlines are looked at again at the next `advance`, listeners are told at once. */
  setWallClock(byMs: number): void {
    this.#offset += byMs;
    const seen = this.#jumps.measure();
    if (seen !== 0) for (const listener of [...this.#listeners]) listener(seen);
  }
}

/**
 * This machine's clocks, for `createTimer({ clock })`, which a test may push ahead: what was to hold for ten seconds has held when it
 * says so. All else goes on in real time beside it.
 */
export class PushedClock implements Clock {
  #ahead = 0;
  #set = 0;
  readonly #sleeps = new Set<() => void>();

  now(): number {
    return Date.now() + this.#ahead + this.#set;
  }
  monotonic(): number {
    return performance.now() + this.#ahead;
  }
  sleep(ms: number, fn: () => void, unref: boolean): () => void {
    const wake = () => {
      clearTimeout(handle);
      this.#sleeps.delete(wake);
      fn();
    };
    const handle = setTimeout(wake, ms);
    if (unref) handle.unref();
    this.#sleeps.add(wake);
    return () => {
      clearTimeout(handle);
      this.#sleeps.delete(wake);
    };
  }
  /** Somebody sets the wall clock. */
  setWallClock(byMs: number): void {
    this.#set += byMs;
  }
  /** Who sleeps looks again what has become due. */
  push(ms: number): void {
    this.#ahead += ms;
    for (const wake of [...this.#sleeps]) wake();
  }
}

/** The two clocks of a machine, for `createTimer({ clock })`. */
export class ManualClock implements Clock {
  #monotonic = 0;
  #offset = Date.parse('2026-01-02T03:04:05.000Z');
  readonly #sleeps = new Set<{ readonly untilMs: number; readonly fn: () => void }>();
  /** Times that somebody was woken. */
  wakes = 0;

  now(): number {
    return Math.floor(this.#monotonic + this.#offset);
  }
  monotonic(): number {
    return this.#monotonic;
  }
  sleep(ms: number, fn: () => void): () => void {
    const sleep = { untilMs: this.#monotonic + ms, fn };
    this.#sleeps.add(sleep);
    return () => void this.#sleeps.delete(sleep);
  }
  advance(ms: number): void {
    const target = this.#monotonic + ms;
    for (;;) {
      const next = [...this.#sleeps].sort((a, b) => a.untilMs - b.untilMs)[0];
      if (!next || next.untilMs > target) break;
      this.#sleeps.delete(next);
      this.#monotonic = Math.max(this.#monotonic, next.untilMs);
      this.wakes++;
      next.fn();
    }
    this.#monotonic = target;
  }
  /** Time passes while nothing can run; then what has become due does. */
  stall(ms: number): void {
    this.#monotonic += ms;
    this.advance(0);
  }
  setWallClock(byMs: number): void {
    this.#offset += byMs;
  }
}
