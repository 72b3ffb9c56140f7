// How often tasks of a name start on a worker, by its events: over the last minute, and since their rate limit was changed.
// Not here: rates of ends over hours (history/).
// Holds: bounded; a rate is null where events of the worker were not heard for long enough, never 0 for that. What an earlier process
// heard since a change goes in by the ends that the history counted, in the minutes in which it listened.
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { type HistoryStore, pairKey } from '../history/contract.ts';

/** @unit seconds */
const STEP_S = 10;
const SPAN = 60;
const MAX_PAIRS = 5000;
/** How far back the history is asked. @unit seconds */
const REMEMBERED = 3600;
/** Shorter than that, a rate is an accident. @unit seconds */
const MIN_SPAN = 20;

interface Pair {
  /** Starts by step, oldest first. */
  steps: { at: number; n: number }[];
  /** Since a change of its limit. */
  since: { at: number; n: number /** Listened to before this process, seconds. */; before: number } | null;
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
      const step = Math.floor(this.#now() / STEP_S) * STEP_S;
      const last = pair.steps.at(-1);
      if (last?.at === step) last.n++;
      else {
        pair.steps.push({ at: step, n: 1 });
        if (pair.steps.length > SPAN / STEP_S + 1) pair.steps.shift();
      }
      if (pair.since) pair.since.n++;
    }
  }

  /** Its limit was changed now: count anew. */
  changed(hostname: string, name: string): void {
    const pair = this.#pair(hostname, name);
    if (pair) pair.since = { at: this.#now(), n: 0, before: 0 };
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
      const pair = this.#pair(hostname, task);
      if (!pair || pair.since) continue;
      const counted = (bucket: number) => bucket >= at && bucket + 60 <= this.#begun && isWhole(bucket);
      const key = pairKey(task, hostname);
      let n = 0;
      for (const count of counts) if (count.key === key && counted(count.bucket)) n += count.finished;
      pair.since = { at, n, before: 60 * [...heard].filter(counted).length };
    }
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

  /** Starts a minute since its limit was changed, and when that was; null: no change is remembered. */
  since(
    hostname: string,
    name: string,
  ): { readonly at: number; readonly n: number; readonly perMin: number | null } | null {
    const since = this.#pairs.get(key(hostname, name))?.since;
    if (!since) return null;
    const { at, n, before } = since;
    const span = before + this.#now() - Math.max(at, this.#begun);
    return { at, n, perMin: span < MIN_SPAN ? null : (since.n / span) * 60 };
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
