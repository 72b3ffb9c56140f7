// Grows and shrinks the pool with what there is to do, between two bounds: --autoscale max,min.
// Not here: the pool's own ways to do so (pool/). What is prefetched follows the upper bound, whatever the pool's size (worker.ts).
// Holds: it grows at once, and shrinks only when it has not grown for AUTOSCALE_KEEPALIVE seconds (30).
// Celery 5.6: worker/autoscale.py
import type { Logger } from '../log.ts';
import type { Pool } from '../pool/contract.ts';
import type { Timer, TimerHandle } from '../timer.ts';
import { Bootstep } from './blueprint.ts';
import type { Bounds } from './options.ts';
import type { Prefetch } from './prefetch.ts';
import type { WorkerState } from './state.ts';
import type { Worker } from './worker.ts';

const EVERY_MS = 1000;

export interface AutoscalerParts {
  readonly pool: Pool;
  readonly bounds: Bounds;
  readonly state: WorkerState;
  readonly prefetch: Prefetch;
  readonly timer: Timer;
  readonly log: Logger;
  /** @unit milliseconds */
  readonly keepaliveMs: number;
}

export class Autoscaler {
  readonly #parts: AutoscalerParts;
  #max: number;
  #min: number;
  #grownMs: number | null = null;
  #tick: TimerHandle | null = null;
  #isAsked = false;

  constructor(parts: AutoscalerParts) {
    this.#parts = parts;
    this.#max = parts.bounds.max;
    this.#min = parts.bounds.min;
  }

  start(): void {
    this.#tick = this.#parts.timer.every(EVERY_MS, () => this.maybeScale());
    // Many that come together are looked at once.
    this.#parts.state.onReserved = () => {
      if (this.#isAsked) return;
      this.#isAsked = true;
      setImmediate(() => {
        this.#isAsked = false;
        if (this.#tick) this.maybeScale();
      });
    };
  }

  stop(): void {
    this.#tick?.cancel();
    this.#tick = null;
    this.#parts.state.onReserved = null;
  }

  maybeScale(): void {
    const { pool, timer, log } = this.#parts;
    const perUnit = pool.limit / pool.size;
    const wanted = Math.ceil(this.#quantity / perUnit);
    const up = Math.min(wanted, this.#max) - pool.size;
    if (up > 0) {
      this.#grownMs = timer.monotonic();
      log.info(`Scaling up ${up} processes.`);
      pool.grow(up);
      return;
    }
    const down = pool.size - Math.max(wanted, this.#min, 1);
    if (down <= 0 || this.#grownMs === null || timer.monotonic() - this.#grownMs <= this.#parts.keepaliveMs) return;
    log.info(`Scaling down ${down} processes.`);
    pool.shrink(down);
  }

  /** Other bounds, at once. undefined: as it was. */
  update(max: number | undefined, min: number | undefined): Bounds {
    const { pool, prefetch } = this.#parts;
    const perUnit = pool.limit / pool.size;
    if (max !== undefined) {
      if (max < pool.size) pool.shrink(pool.size - max);
      this.#max = max;
      prefetch.resize(max * perUnit);
    }
    if (min !== undefined) {
      if (min > pool.size) pool.grow(min - pool.size);
      this.#min = min;
    }
    return { max: this.#max, min: this.#min };
  }

  /** As `inspect stats` shows it. */
  info(): Record<string, number> {
    return { max: this.#max, min: this.#min, current: this.#parts.pool.size, qty: this.#quantity };
  }

  /** Tasks that run or wait in the pool. */
  get #quantity(): number {
    let count = 0;
    for (const _ of this.#parts.state.inPhase('reserved', 'active')) count++;
    return count;
  }
}

/** Step: only with `autoscale`. */
export class AutoscalerStep extends Bootstep<Worker> {
  static override label = 'Autoscaler';
  static override requires = ['Pool'];

  constructor(worker: Worker, options: Readonly<Record<string, unknown>>) {
    super(worker, options);
    this.enabled = worker.options.autoscale !== undefined;
  }

  override start(worker: Worker): void {
    const { pool, state, prefetch, timer, log, options } = worker;
    const keepalive = Number(process.env['AUTOSCALE_KEEPALIVE']);
    const keepaliveMs = (keepalive > 0 ? keepalive : 30) * 1000;
    worker.autoscaler = new Autoscaler({ pool, bounds: options.autoscale!, state, prefetch, timer, log, keepaliveMs });
    worker.autoscaler.start();
  }

  override stop(worker: Worker): void {
    worker.autoscaler?.stop();
  }
}
