// Events counted by worker, type and task for /metrics, from the start on, cheap to keep: they become metrics when somebody reads them.
// Not here: the metrics (metrics.ts), how many label sets there are (label-sets.ts).
// Holds: every event counts somewhere, so that sums stay true: what has no place counts under 'other', with its worker when there is
// room for that; what belongs to a worker goes with it, and what is of a type that nobody sends any more gives its place up.
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { type LabelSet, LabelSets, OTHER_LABEL } from './label-sets.ts';

/** Types of events that are not Celery's, kept apart for all workers together. */
const MAX_TYPES = 50;
/** A type not heard for so long gives its place to a new one. @unit seconds */
const IDLE_TYPE = 86_400;
/** Runtimes kept until they are read. */
const MAX_RUNTIMES = 200_000;
/** A label is a name, not a text. @unit characters */
const MAX_LABEL = 200;
/** Of the bytes, for what workers tell of tasks without a place. */
const REST_SHARE = 0.1;
/** `flower_events_total{worker="",type="",task=""} 12345678` and its end. @unit bytes */
const LINE_BYTES = 60;

const CELERY_TYPES: ReadonlySet<string> = new Set(
  'sent received started succeeded failed retried revoked rejected'.split(' ').map((subject) => `task-${subject}`),
);

export interface Runtime {
  readonly worker: string;
  readonly task: string;
  /** @unit seconds */
  readonly runtime: number;
  /** When it was told. @unit seconds since the epoch */
  readonly at: number;
}

export class EventTally {
  readonly #sets: LabelSets;
  /** Of workers whose tasks have no place. */
  readonly #rests: LabelSets;
  /** By type, of workers that have none either. */
  readonly #others = new Map<string, number>();
  /** Those that are not Celery's, with when each was last heard. */
  readonly #types = new Map<string, number>();
  /** Where each type counted last: in a burst most events are of the same worker and task as the one before. */
  readonly #last = new Map<string, { readonly worker: string; readonly task: string; readonly set: LabelSet }>();
  runtimes: Runtime[] = [];
  /** Events counted under 'other' for want of a place, and runtimes that could not be kept. */
  leftOut = 0;

  /** @param maxBytes of the answer */
  constructor(maxBytes: number) {
    this.#sets = new LabelSets({ maxBytes: maxBytes * (1 - REST_SHARE), lineBytes: LINE_BYTES }, () =>
      this.#last.clear(),
    );
    this.#rests = new LabelSets({ maxBytes: maxBytes * REST_SHARE, lineBytes: LINE_BYTES });
  }

  add(events: readonly CeleryEvent[], nameOf: (uuid: string) => string | null): void {
    for (const e of events) {
      if (e.uuid === undefined || !e.type.startsWith('task-')) continue;
      const at = e.local_received ?? e.timestamp ?? 0;
      const worker = label(e.hostname ?? '');
      const task = label((typeof e.name === 'string' ? e.name : nameOf(e.uuid)) ?? '');
      this.#count(worker, this.#type(e.type, at), task, at);
      if (typeof e.runtime === 'number' && e.runtime > 0) {
        if (this.runtimes.length < MAX_RUNTIMES) this.runtimes.push({ worker, task, runtime: e.runtime, at });
        else this.leftOut++;
      }
    }
  }

  *[Symbol.iterator](): Iterator<{ worker: string; type: string; task: string; count: number }> {
    for (const sets of [this.#sets, this.#rests])
      for (const { labels, value } of sets) {
        const [worker, type, task] = labels as [string, string, string];
        yield { worker, type, task, count: value };
      }
    for (const [type, count] of this.#others) yield { worker: OTHER_LABEL, type, task: OTHER_LABEL, count };
  }

  forgetWorkers(hostnames: readonly string[]): void {
    if (hostnames.length === 0) return;
    const gone = new Set(hostnames.map(label));
    for (const sets of [this.#sets, this.#rests]) sets.forget(({ labels }) => gone.has(labels[0]!));
    this.runtimes = this.runtimes.filter(({ worker }) => !gone.has(worker));
  }

  #count(worker: string, type: string, task: string, at: number): void {
    const last = this.#last.get(type);
    if (last !== undefined && last.worker === worker && last.task === task) {
      if (at > last.set.last) last.set.last = at;
      last.set.value++;
      return;
    }
    const set = this.#sets.take([worker, type, task], at);
    if (set) {
      set.value++;
      this.#last.set(type, { worker, task, set });
      return;
    }
    this.leftOut++;
    const rest = this.#rests.take([worker, type, OTHER_LABEL], at);
    if (rest) rest.value++;
    else this.#others.set(type, (this.#others.get(type) ?? 0) + 1);
  }

  #type(type: string, at: number): string {
    if (CELERY_TYPES.has(type)) return type;
    if (!this.#types.has(type) && this.#types.size >= MAX_TYPES) this.#forgetTypes(at - IDLE_TYPE);
    if (!this.#types.has(type) && this.#types.size >= MAX_TYPES) {
      this.leftOut++;
      return OTHER_LABEL;
    }
    this.#types.set(type, Math.max(at, this.#types.get(type) ?? 0));
    return type;
  }

  /** With what they counted: their series end, as those of a worker that has gone. */
  #forgetTypes(unheardSince: number): void {
    const gone = new Set<string>();
    for (const [type, last] of this.#types) if (last <= unheardSince) gone.add(type);
    if (gone.size === 0) return;
    for (const type of gone) {
      this.#types.delete(type);
      this.#others.delete(type);
      this.#last.delete(type);
    }
    for (const sets of [this.#sets, this.#rests]) sets.forget(({ labels }) => gone.has(labels[1]!));
  }
}

export function label(name: string): string {
  return name.length <= MAX_LABEL ? name : `${name.slice(0, MAX_LABEL)}...`;
}
