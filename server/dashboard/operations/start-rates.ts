// How often tasks of a name start on a worker, by its events: over the last minute, and since their rate limit was changed.
// Not here: rates of ends over hours (history/).
// Holds: bounded, and who started nothing for the longest time leaves first; a rate is null where events of the worker were not
// heard for long enough, or its starts may have left, never 0 for that. What an earlier process
// heard since a change goes in by the ends that the history counted, in the minutes in which it listened.
import { BoundedMap } from '../../../shared/bounded-map.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { type HistoryStore, pairKey } from '../history/contract.ts';

/** @unit seconds */
const STEP_S = 10;
const SPAN = 60;
/** Of worker and name. */
const MAX_PAIRS = 5000;
/** How far back the history is asked. @unit seconds */
const REMEMBERED = 3600;
/** Shorter than that, a rate is an accident. @unit seconds */
const MIN_SPAN = 20;

/** Starts within a step. */
interface Step {
  at: number;
  n: number;
}
interface Steps {
  /** Oldest first. */
  readonly all: Step[];
  /** The last start of a pair that had left before this one came: it may have been this one. */
  left: number;
}
/** Starts since a change of the limit. */
interface Since {
  at: number;
  n: number;
  /** Listened to before this process. @unit seconds */
  before: number;
}

export class StartRates {
  readonly #steps = new BoundedMap<string, Steps>(MAX_PAIRS);
  /** The last start of a pair that left for want of room. */
  #left = Number.NEGATIVE_INFINITY;
  readonly #since = new BoundedMap<string, Since>(MAX_PAIRS);
  #begun: number;
  readonly #now: () => number;

  /** @param now seconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
    this.#begun = now();
  }

  take(events: readonly CeleryEvent[], nameOf: (uuid: string) => string | null): void {
    for (const e of events) {
      if (e.type !== 'task-started' || typeof e.hostname !== 'string' || typeof e.uuid !== 'string') continue;
      const name = nameOf(e.uuid);
      if (name === null) continue;
      const pair = key(e.hostname, name);
      const at = Math.floor(this.#now() / STEP_S) * STEP_S;
      const steps = this.#steps.get(pair) ?? { all: [], left: this.#left };
      const last = steps.all.at(-1);
      if (last?.at === at) last.n++;
      else {
        steps.all.push({ at, n: 1 });
        if (steps.all.length > SPAN / STEP_S + 1) steps.all.shift();
        this.#keep(pair, steps);
      }
      const since = this.#since.get(pair);
      if (since) since.n++;
    }
  }

  #keep(pair: string, steps: Steps): void {
    if (this.#steps.size >= MAX_PAIRS && !this.#steps.has(pair)) {
      const leaves = this.#steps.values().next().value?.all.at(-1);
      if (leaves) this.#left = Math.max(this.#left, leaves.at);
    }
    this.#steps.set(pair, steps);
  }

  /** The wall clock was set: what was counted is as old as before. @param by seconds */
  clockSet(by: number): void {
    this.#begun += by;
    this.#left += by;
    for (const steps of this.#steps.values()) {
      steps.left += by;
      for (const step of steps.all) step.at += by;
    }
    for (const since of this.#since.values()) since.at += by;
  }

  /** Its limit was changed now: count anew. */
  changed(hostname: string, name: string): void {
    this.#since.set(key(hostname, name), { at: this.#now(), n: 0, before: 0 });
  }

  /** Limits that were changed before this process began, with what was heard since. */
  async restore(
    limits: Iterable<{ hostname: string; task: string; at: number }>,
    history: Pick<HistoryStore, 'gauge' | 'perMinute'>,
  ): Promise<void> {
    const known = [...limits].filter(({ at }) => at < this.#begun);
    if (known.length === 0) return;
    const from = Math.max(this.#begun - REMEMBERED, Math.min(...known.map(({ at }) => at)));
    const [counts, up] = await Promise.all([
      history.perMinute('pair', from, this.#begun),
      history.gauge('up', from - 60, this.#begun + 60),
    ]);
    // Minutes that were listened to as a whole: not the first and last of a time without a dashboard.
    const heard = new Set(up.map(({ bucket }) => bucket));
    const isWhole = (bucket: number) => [bucket - 60, bucket, bucket + 60].every((one) => heard.has(one));
    for (const { hostname, task, at } of known) {
      if (this.#since.has(key(hostname, task))) continue;
      const counted = (bucket: number) => bucket >= at && bucket + 60 <= this.#begun && isWhole(bucket);
      const pair = pairKey(task, hostname);
      let n = 0;
      for (const count of counts) if (count.key === pair && counted(count.bucket)) n += count.finished;
      this.#since.set(key(hostname, task), { at, n, before: 60 * [...heard].filter(counted).length });
    }
  }

  /** Starts a minute over the last minute; null: not listened for long enough, or more pairs started in it than are kept. */
  perMinute(hostname: string, name: string): number | null {
    const now = this.#now();
    const span = Math.min(SPAN, now - this.#begun);
    if (span < MIN_SPAN) return null;
    const { all, left } = this.#steps.get(key(hostname, name)) ?? { all: [], left: this.#left };
    if (left >= now - SPAN) return null;
    const n = all.reduce((sum, step) => (step.at >= now - SPAN ? sum + step.n : sum), 0);
    return (n / span) * 60;
  }

  /** Starts a minute since its limit was changed, and when that was; null: no change is remembered. */
  since(
    hostname: string,
    name: string,
  ): { readonly at: number; readonly n: number; readonly perMin: number | null } | null {
    const since = this.#since.get(key(hostname, name));
    if (!since) return null;
    const { at, n, before } = since;
    const span = before + this.#now() - Math.max(at, this.#begun);
    return { at, n, perMin: span < MIN_SPAN ? null : (since.n / span) * 60 };
  }
}

const key = (hostname: string, name: string): string => `${hostname}\n${name}`;
