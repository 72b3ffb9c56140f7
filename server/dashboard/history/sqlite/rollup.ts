// Counts by state and latency sketches by task, queue, worker and time bucket: what the charts read.
// Not here: reading them (series.ts), when they are written (write.ts).
// Holds: an end of a try counts once in each step, under 'all' and under its task, queue and worker; buckets start at multiples of
// their step; a bucket found on disk is added to, never replaced. Of names only so many are kept apart: what is beyond them counts
// under OTHER, so that sums stay true.
import type { EmbeddedDb } from '../../../embedded-db.ts';
import { type Dim, OTHER, pairKey } from '../contract.ts';
import { Sketch } from '../sketch.ts';
import { KnownNames } from './known-names.ts';

export interface Step {
  /** @unit seconds */
  readonly step: number;
  /** How long its buckets are kept. @unit seconds */
  readonly keep: number;
}

const HOUR = 3600;
const DAY = 24 * HOUR;
export const STEPS: readonly Step[] = [
  { step: 10, keep: 90 * 60 },
  { step: 60, keep: 26 * HOUR },
  { step: 300, keep: 3 * DAY },
  { step: HOUR, keep: 35 * DAY },
];
/** Names kept apart at a time. */
const MAX_NAMES: Readonly<Record<Exclude<Dim, 'all'>, number>> = {
  task: 2000,
  queue: 2000,
  worker: 6000,
  pair: 20_000,
};

const FINISH_STATES = ['SUCCESS', 'FAILURE', 'RETRY', 'REVOKED', 'REJECTED'] as const;
export type FinishState = (typeof FINISH_STATES)[number];

interface Bucket {
  step: number;
  dim: Dim;
  key: string;
  start: number;
  counts: number[];
  runtime: Sketch;
  wait: Sketch;
  dirty: boolean;
}

export interface FinishFact {
  state: FinishState;
  at: number;
  task: string;
  queue: string;
  worker: string;
  runtime: number | null;
  wait: number | null;
}

export class Rollup {
  readonly #db: EmbeddedDb;
  readonly #buckets = new Map<string, Bucket>();
  readonly #names = {
    task: new KnownNames(MAX_NAMES.task),
    queue: new KnownNames(MAX_NAMES.queue),
    worker: new KnownNames(MAX_NAMES.worker),
    pair: new KnownNames(MAX_NAMES.pair),
  };

  constructor(db: EmbeddedDb) {
    this.#db = db;
  }

  /** Buckets in memory. */
  get size(): number {
    return this.#buckets.size;
  }

  add(fact: FinishFact): void {
    const { at } = fact;
    const kept = (dim: Exclude<Dim, 'all'>, name: string): string =>
      name === '' || this.#names[dim].has(name, at) ? name : OTHER;
    const task = kept('task', fact.task);
    const queue = kept('queue', fact.queue);
    const worker = kept('worker', fact.worker);
    for (const { step } of STEPS) {
      const start = Math.floor(at / step) * step;
      this.#count(step, start, 'all', '', fact);
      this.#count(step, start, 'task', task, fact);
      if (queue) this.#count(step, start, 'queue', queue, fact);
      if (worker) this.#count(step, start, 'worker', worker, fact);
      if (step === 60 && worker) this.#count(step, start, 'pair', kept('pair', pairKey(task, worker)), fact);
    }
  }

  /** Write what changed. Within the caller's transaction; after it, say `committed` or `discard`. */
  flush(): void {
    for (const b of this.#buckets.values()) {
      if (!b.dirty) continue;
      this.#db.run(
        'INSERT OR REPLACE INTO rollup (step, dim, key, bucket, success, failure, retry, revoked, rejected, runtime, wait) VALUES (?,?,?,?,?,?,?,?,?,?,?)',
        b.step,
        b.dim,
        b.key,
        b.start,
        ...b.counts,
        b.runtime.count > 0 ? b.runtime.encode() : null,
        b.wait.count > 0 ? b.wait.encode() : null,
      );
    }
  }

  /** What was flushed is on disk. Buckets that no longer fill leave memory. */
  committed(now: number): void {
    for (const [id, b] of this.#buckets) {
      b.dirty = false;
      if (b.start + b.step < now - 30) this.#buckets.delete(id);
    }
  }

  /** The transaction failed: what is on disk counts, and is read again. */
  discard(): void {
    this.#buckets.clear();
  }

  #count(step: number, start: number, dim: Dim, key: string, fact: FinishFact): void {
    const b = this.#bucket(step, start, dim, key);
    b.counts[FINISH_STATES.indexOf(fact.state)]!++;
    if (fact.runtime !== null && (fact.state === 'SUCCESS' || fact.state === 'FAILURE')) b.runtime.add(fact.runtime);
    if (fact.wait !== null) b.wait.add(fact.wait);
    b.dirty = true;
  }

  #bucket(step: number, start: number, dim: Dim, key: string): Bucket {
    const id = `${step}|${start}|${dim}|${key}`;
    let b = this.#buckets.get(id);
    if (b) return b;
    const row = this.#db.get<Record<string, number> & { runtime: Uint8Array | null; wait: Uint8Array | null }>(
      'SELECT success, failure, retry, revoked, rejected, runtime, wait FROM rollup WHERE step = ? AND dim = ? AND key = ? AND bucket = ?',
      step,
      dim,
      key,
      start,
    );
    b = {
      step,
      dim,
      key,
      start,
      counts: row ? [row.success!, row.failure!, row.retry!, row.revoked!, row.rejected!] : [0, 0, 0, 0, 0],
      runtime: Sketch.decode(row?.runtime),
      wait: Sketch.decode(row?.wait),
      dirty: false,
    };
    this.#buckets.set(id, b);
    return b;
  }
}
