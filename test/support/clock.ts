// A timer whose time stands still until a test moves it. Same promises as server/timer.ts.
import { EntryHeap, repeat, type Timer, type TimerHandle } from '../../server/timer.ts';

export class ManualTimer implements Timer {
  #now: number;
  readonly #heap = new EntryHeap();

  constructor(startMs = Date.parse('2026-01-02T03:04:05.000Z')) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }
  at(whenMs: number, fn: () => void, priority = 0): TimerHandle {
    const entry = this.#heap.push(whenMs, priority, fn);
    return { cancel: () => this.#heap.cancel(entry) };
  }
  after(delayMs: number, fn: () => void): TimerHandle {
    return this.at(this.#now + delayMs, fn);
  }
  every(intervalMs: number, fn: () => void): TimerHandle {
    return repeat(this, intervalMs, fn);
  }
  clear(): void {
    this.#heap.clear();
  }
  get size(): number {
    return this.#heap.size;
  }

  /** Moves time forward, firing what falls due on the way at its own instant. */
  advance(ms: number): void {
    const target = this.#now + ms;
    for (let next = this.#heap.peek(); next && next.whenMs <= target; next = this.#heap.peek()) {
      this.#now = Math.max(this.#now, next.whenMs);
      this.#heap.takeDue(this.#now)?.();
    }
    this.#now = target;
  }
}
