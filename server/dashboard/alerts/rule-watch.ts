// The memory of one rule: since when each of its subjects was found, which of them have held for long enough, and of which somebody was
// told, a channel or the automations.
// Not here: what is found (evaluate.ts), who is told (alerts.ts). ../attention/watch.ts does the like for the overview, by kind.
// Holds: pure but for its memory; what cannot be told is neither found nor over; what began before a restart and was told is known again
// (`restore`), so that nobody is told twice.
import type { Found } from './evaluate.ts';

/** Subjects remembered of one rule. */
const REMEMBERED = 1000;
/** After a restart the picture has so long to become whole, before what was told is over. @unit milliseconds */
const RESTORED_MS = 60_000;

export interface Subject {
  found: Found;
  /** @unit seconds since the epoch */
  since: number;
  /** @unit monotonic milliseconds */
  readonly firstMs: number;
  lastMs: number;
  fires: boolean;
  /** null: no channel was told. @unit seconds since the epoch */
  notified: number | null;
  /** Automations were told. */
  heard: boolean;
}

/** As it is kept over a restart. */
export interface KeptSubject extends Pick<Subject, 'found' | 'since' | 'notified'> {
  /** Not there in older files: they were. */
  readonly heard?: boolean;
}

export class RuleWatch {
  readonly #subjects = new Map<string, Subject>();
  /** Why it could not tell at the last look; null: it could. */
  unknown: string | null = null;

  /**
   * @param holds seconds  @param ends seconds
   * @returns those that are over now
   */
  look(result: readonly Found[] | string, holds: number, ends: number, now: number, nowMs: number): Subject[] {
    this.unknown = typeof result === 'string' ? result : null;
    if (typeof result === 'string') {
      for (const one of this.#subjects.values()) one.lastMs = Math.max(one.lastMs, nowMs);
      return [];
    }
    for (const found of result) {
      const one = this.#subjects.get(found.key);
      if (one) Object.assign(one, { found, lastMs: Math.max(one.lastMs, nowMs) });
      else if (this.#subjects.size < REMEMBERED)
        this.#subjects.set(found.key, {
          found,
          since: found.since ?? now,
          firstMs: nowMs,
          lastMs: nowMs,
          fires: false,
          notified: null,
          heard: false,
        });
    }
    const over: Subject[] = [];
    for (const [key, one] of this.#subjects) {
      const isFound = one.lastMs >= nowMs;
      if (isFound) one.fires ||= nowMs - one.firstMs >= holds * 1000;
      // What has not held for long enough must hold without a break.
      else if (!one.fires || nowMs - one.lastMs >= ends * 1000) {
        this.#subjects.delete(key);
        if (one.fires) over.push(one);
      }
    }
    return over;
  }

  fires(key: string): boolean {
    return this.#subjects.get(key)?.fires === true;
  }

  /** Those that fire. */
  firing(): Subject[] {
    return [...this.#subjects.values()].filter(({ fires }) => fires);
  }

  get isPending(): boolean {
    return this.#subjects.size > 0;
  }

  /** Nothing of it counts any more. @returns those of which somebody was told */
  forget(): Subject[] {
    const notified = [...this.#subjects.values()].filter((one) => one.notified !== null);
    this.#subjects.clear();
    this.unknown = null;
    return notified;
  }

  kept(): KeptSubject[] {
    return this.firing()
      .filter(({ notified, heard }) => notified !== null || heard)
      .map(({ found, since, notified, heard }) => ({ found, since, notified, heard }));
  }

  restore(kept: readonly KeptSubject[], nowMs: number): void {
    for (const one of kept.slice(0, REMEMBERED))
      this.#subjects.set(one.found.key, {
        ...{ heard: true, ...one },
        ...{ firstMs: nowMs, lastMs: nowMs + RESTORED_MS, fires: true },
      });
  }
}
