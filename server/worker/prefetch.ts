// How many messages to hold: multiplier x concurrency, more while tasks wait for their ETA or for a rate limit (rate-limited.ts), less
// after a lost connection.
// Nobody else speaks of counts to the broker.
// Holds: at most one change a turn reaches the broker; 0 means unlimited, and above 65535 becomes that.
// Celery 5.6: worker/consumer/tasks.py, kombu/common.py QoS

import { RateLimited } from './rate-limited.ts';

/** What AMQP can say in basic.qos. */
const MAX_PREFETCH = 65_535;
/** Nothing for now (Channel.qos). */
const NONE = -1;

export interface PrefetchOptions {
  /** `worker_prefetch_multiplier`; 0 = unlimited. */
  readonly multiplier: number;
  readonly concurrency: number;
  /** `worker_eta_task_limit`: the count rises to this at most. */
  readonly etaTaskLimit: number | null;
  /** `worker_disable_prefetch`: hold no more than can run. */
  readonly disabled: boolean;
}

export class Prefetch {
  readonly #options: PrefetchOptions;
  #concurrency: number;
  /** Tasks waiting for their ETA. */
  #waiting = 0;
  /** Tasks waiting for a token of a rate limit. */
  readonly rateLimited = new RateLimited(() => this.#changed());
  /** What a reconnect took off; given back one settled message at a time. */
  #reduced = 0;
  /** Tasks that run and were acknowledged as they began: with `disabled` they count. */
  #running = 0;
  #sent: number | null = null;
  #apply: ((count: number) => void) | null = null;
  #pending = false;

  constructor(options: PrefetchOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency;
  }

  /** What without ETA tasks would be held. */
  get initial(): number {
    if (this.#options.disabled) return this.#concurrency;
    return this.#concurrency * this.#options.multiplier;
  }

  get count(): number {
    if (this.initial === 0) return 0;
    if (this.#options.disabled) {
      const count = this.initial - this.#running + this.#waiting + this.rateLimited.places;
      return count > MAX_PREFETCH ? 0 : count > 0 ? count : NONE;
    }
    const base = Math.max(1, this.initial - this.#reduced);
    const wanted = base + this.#waiting;
    const limit = this.#options.etaTaskLimit;
    const count = (limit ? Math.max(base, Math.min(wanted, limit)) : wanted) + this.rateLimited.places;
    return count > MAX_PREFETCH ? 0 : count;
  }

  /** For people: how many messages it may hold. With `worker_disable_prefetch` those that run are among them. */
  get shown(): number {
    return this.#options.disabled ? this.initial : this.count;
  }

  /** A task waits for its ETA: make room for another. */
  etaHeld(): void {
    this.#waiting++;
    this.#changed();
  }

  etaReleased(): void {
    this.#waiting = Math.max(0, this.#waiting - 1);
    this.#changed();
  }

  /**
   * A task whose message is acknowledged as it begins does begin, or ends: it holds a place in the pool and none in the window. Counts only
   * with `worker_disable_prefetch`. Said before the acknowledgement, and at once: else that would let the next message in.
   */
  running(change: 1 | -1): void {
    if (!this.#options.disabled) return;
    this.#running = Math.max(0, this.#running + change);
    if (change === 1) this.#send();
    else this.#changed();
  }

  resize(concurrency: number): void {
    this.#concurrency = Math.max(1, concurrency);
    this.#changed();
  }

  /** After a reconnect with tasks still running: start low (worker_enable_prefetch_count_reduction). */
  reduce(active: number): void {
    const { multiplier } = this.#options;
    const start = Math.max(multiplier, this.initial - active * multiplier);
    this.#reduced = this.initial === 0 ? 0 : Math.max(0, this.initial - start);
  }

  /** A message was settled. */
  settled(): void {
    if (this.#reduced === 0) return;
    this.#reduced--;
    this.#changed();
  }

  /** From now on changes go to this channel; the present count is handed over at once by the caller. */
  attach(apply: (count: number) => void): void {
    this.#apply = apply;
    this.#sent = this.count;
  }

  /** The channel is gone, and with it what waited. */
  detach(): void {
    this.#apply = null;
    this.#waiting = 0;
    this.rateLimited.detach();
  }

  #changed(): void {
    if (this.#pending || !this.#apply) return;
    this.#pending = true;
    queueMicrotask(() => {
      this.#pending = false;
      this.#send();
    });
  }

  #send(): void {
    const count = this.count;
    if (count === this.#sent || !this.#apply) return;
    this.#sent = count;
    this.#apply(count);
  }
}
