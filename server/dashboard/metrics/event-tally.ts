// Events counted by worker, type and task for /metrics, from the start on, cheap to keep: they become metrics when somebody reads them.
// Not here: the metrics (metrics.ts).
// Holds: a bounded number of label sets: further names count under 'other', so that sums stay true; what was not seen for a day gives
// its place to something new; what belongs to a worker goes with it.
import type { CeleryEvent } from '../../../shared/events/event.ts';

/** Pairs of worker and task kept apart. */
const MAX_PAIRS = 10_000;
/** Types of events that are not Celery's, kept apart for all workers together. */
const MAX_TYPES = 50;
/** @unit seconds */
const IDLE = 86_400;
/** Runtimes kept until they are read. */
const MAX_RUNTIMES = 200_000;
/** A label is a name, not a text. @unit characters */
const MAX_LABEL = 200;
const OTHER_LABEL = 'other';

const CELERY_TYPES: ReadonlySet<string> = new Set(
  'sent received started succeeded failed retried revoked rejected'.split(' ').map((subject) => `task-${subject}`),
);

interface Pair {
  readonly types: Map<string, number>;
  last: number;
}

export class EventTally {
  /** worker > task > type > count */
  readonly #counts = new Map<string, Map<string, Pair>>();
  readonly #types = new Set<string>();
  #pairs = 0;
  #looked = Number.NEGATIVE_INFINITY;
  readonly runtimes: { worker: string; task: string; runtime: number }[] = [];
  /** Label sets that went since the last reading. */
  readonly gone: { worker: string; task: string }[] = [];
  /** Events counted under 'other' for want of a place, and runtimes that could not be kept. */
  leftOut = 0;

  get pairs(): number {
    return this.#pairs;
  }

  add(events: readonly CeleryEvent[], nameOf: (uuid: string) => string | null): void {
    for (const e of events) {
      if (e.uuid === undefined || !e.type.startsWith('task-')) continue;
      const name = (typeof e.name === 'string' ? e.name : nameOf(e.uuid)) ?? '';
      const now = e.local_received ?? e.timestamp ?? 0;
      const { worker, task, pair } = this.#pair(label(e.hostname ?? ''), label(name), now);
      const type = this.#type(e.type);
      pair.types.set(type, (pair.types.get(type) ?? 0) + 1);
      if (typeof e.runtime === 'number' && e.runtime > 0) {
        if (this.runtimes.length < MAX_RUNTIMES) this.runtimes.push({ worker, task, runtime: e.runtime });
        else this.leftOut++;
      }
    }
  }

  *[Symbol.iterator](): Iterator<{ worker: string; type: string; task: string; count: number }> {
    for (const [worker, tasks] of this.#counts)
      for (const [task, { types }] of tasks) for (const [type, count] of types) yield { worker, type, task, count };
  }

  forgetWorker(hostname: string): void {
    const worker = label(hostname);
    const tasks = this.#counts.get(worker);
    if (!tasks) return;
    for (const task of tasks.keys()) this.#left(worker, task);
    this.#counts.delete(worker);
  }

  #pair(worker: string, task: string, now: number): { worker: string; task: string; pair: Pair } {
    let pair = this.#counts.get(worker)?.get(task);
    if (!pair && this.#pairs >= MAX_PAIRS && !this.#makePlace(now)) {
      this.leftOut++;
      // Its worker is still told, when it is known.
      const known = this.#counts.has(worker) ? worker : OTHER_LABEL;
      pair = this.#counts.get(known)?.get(OTHER_LABEL);
      return { worker: known, task: OTHER_LABEL, pair: pair ?? this.#newPair(known, OTHER_LABEL) };
    }
    pair ??= this.#newPair(worker, task);
    if (now > pair.last) pair.last = now;
    return { worker, task, pair };
  }

  #newPair(worker: string, task: string): Pair {
    let tasks = this.#counts.get(worker);
    if (!tasks) {
      tasks = new Map();
      this.#counts.set(worker, tasks);
    }
    const pair: Pair = { types: new Map(), last: 0 };
    tasks.set(task, pair);
    this.#pairs++;
    return pair;
  }

  #type(type: string): string {
    if (CELERY_TYPES.has(type) || this.#types.has(type)) return type;
    if (this.#types.size >= MAX_TYPES) {
      this.leftOut++;
      return OTHER_LABEL;
    }
    this.#types.add(type);
    return type;
  }

  #makePlace(now: number): boolean {
    if (now < this.#looked + 60) return false;
    this.#looked = now;
    for (const [worker, tasks] of this.#counts) {
      for (const [task, { last }] of tasks) {
        if (last > now - IDLE || task === OTHER_LABEL) continue;
        tasks.delete(task);
        this.#left(worker, task);
      }
      if (tasks.size === 0) this.#counts.delete(worker);
    }
    return this.#pairs < MAX_PAIRS;
  }

  #left(worker: string, task: string): void {
    this.#pairs--;
    this.gone.push({ worker, task });
  }
}

function label(name: string): string {
  return name.length <= MAX_LABEL ? name : `${name.slice(0, MAX_LABEL)}...`;
}
