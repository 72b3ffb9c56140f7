// How often tasks of a name start on a worker, by its events: over the last minute, and since their rate limit was changed.
// Not here: rates of ends over hours (history/).
// Holds: bounded; a rate is null where events of the worker were not heard for long enough, never 0 for that.
import type { CeleryEvent } from '../../../shared/events/event.ts';

/** @unit seconds */
const STEP = 10;
const SPAN = 60;
const MAX_PAIRS = 5000;
/** Shorter than that, a rate is an accident. @unit seconds */
const MIN_SPAN = 20;

interface Pair {
  /** Starts by step, oldest first. */
  steps: { at: number; n: number }[];
  /** Since a change of its limit. */
  since: { at: number; n: number } | null;
}

export class StartRates {
  readonly #pairs = new Map<string, Pair>();
  readonly #begun: number;
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
      const pair = name === null ? null : this.#pair(e.hostname, name);
      if (!pair) continue;
      const step = Math.floor(this.#now() / STEP) * STEP;
      const last = pair.steps.at(-1);
      if (last?.at === step) last.n++;
      else {
        pair.steps.push({ at: step, n: 1 });
        if (pair.steps.length > SPAN / STEP + 1) pair.steps.shift();
      }
      if (pair.since) pair.since.n++;
    }
  }

  /** Its limit was changed now: count anew. */
  changed(hostname: string, name: string): void {
    const pair = this.#pair(hostname, name);
    if (pair) pair.since = { at: this.#now(), n: 0 };
  }

  /** Starts a minute over the last minute; null: not listened for long enough. */
  perMinute(hostname: string, name: string): number | null {
    const now = this.#now();
    const span = Math.min(SPAN, now - this.#begun);
    if (span < MIN_SPAN) return null;
    const steps = this.#pairs.get(key(hostname, name))?.steps ?? [];
    const n = steps.reduce((sum, step) => (step.at >= now - SPAN ? sum + step.n : sum), 0);
    return (n / span) * 60;
  }

  /** Starts a minute since its limit was changed, and when that was; null: not changed since this server began. */
  since(
    hostname: string,
    name: string,
  ): { readonly at: number; readonly n: number; readonly perMin: number | null } | null {
    const since = this.#pairs.get(key(hostname, name))?.since;
    if (!since) return null;
    const span = this.#now() - since.at;
    return { ...since, perMin: span < MIN_SPAN ? null : (since.n / span) * 60 };
  }

  #pair(hostname: string, name: string): Pair | null {
    let pair = this.#pairs.get(key(hostname, name));
    if (!pair) {
      if (this.#pairs.size >= MAX_PAIRS) return null;
      pair = { steps: [], since: null };
      this.#pairs.set(key(hostname, name), pair);
    }
    return pair;
  }
}

const key = (hostname: string, name: string): string => `${hostname}\n${name}`;
