// What was revoked: ids (bounded, expiring) and stamps.
// Not here: what a revoke does to a request (request.ts), who asks for it (panel/manage.ts), the file of a restart (state-db.ts).
// Holds: at most `limit` ids, the oldest forgotten first; expired ones count until they are purged, as in Celery. One more id costs the
// same whether there are a hundred or fifty thousand. Ages go by the monotonic clock: setting the wall clock makes none of them old.
// Celery 5.6: worker/state.py, utils/collections.py LimitedSet.
import type { Timer } from '../timer.ts';

/** Below it a time is one since a machine was started, above it one since 1970. @unit seconds */
const LONGEST_UPTIME = 1_000_000_000;
/** CELERY_WORKER_REVOKES_MAX, CELERY_WORKER_REVOKE_EXPIRES */
const LIMIT = 50_000;
/** @unit seconds */
const EXPIRES = 10_800;

interface Revoked {
  readonly id: string;
  /** By the monotonic clock, before its zero for what was revoked before this process began. @unit milliseconds */
  readonly whenMs: number;
}

export class RevokedSet {
  readonly limit: number;
  readonly expiresMs: number;
  readonly #clock: Pick<Timer, 'now' | 'monotonic'>;
  readonly #ids = new Map<string, Revoked>();
  /**
   * The same, oldest first, from #first on; one that was revoked again stands here twice, and counts where it is the one in #ids. A row
   * of its own, since finding the first entry of a Map passes over all that were deleted before it.
   */
  #order: Revoked[] = [];
  #first = 0;
  /** Stamp name -> value -> when it was revoked, as `whenMs`. Bounded, unlike in Celery. */
  readonly stamps = new Map<string, Map<string, number>>();
  /** Called after each change. */
  onChange: (() => void) | null = null;

  constructor(clock: Pick<Timer, 'now' | 'monotonic'>, env: NodeJS.ProcessEnv = process.env) {
    this.#clock = clock;
    this.limit = positive(env.CELERY_WORKER_REVOKES_MAX) ?? LIMIT;
    this.expiresMs = (positive(env.CELERY_WORKER_REVOKE_EXPIRES) ?? EXPIRES) * 1000;
  }

  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    // Mostly there is none: spares hashing the id of every task.
    return this.#ids.size > 0 && this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.delete(id);
    this.#append({ id, whenMs: this.#clock.monotonic() });
    if (this.#ids.size > this.limit) this.purge();
    // Of those that were revoked again and again.
    if (this.#order.length > 2 * this.limit + 1024) this.#compact([...this.#ids.values()]);
    this.onChange?.();
  }

  /**
   * Ids from another worker or the file: id -> unix time in seconds. Python sends the seconds since its machine was started, which
   * say nothing here: such an id counts as revoked now.
   */
  merge(ids: Readonly<Record<string, unknown>>): void {
    const all = [...this.#ids.values()];
    const nowMs = this.#clock.monotonic();
    const sinceEpochMs = this.#clock.now() - nowMs;
    for (const [id, when] of Object.entries(ids)) {
      // Celery sends LimitedSet._data: id -> [time, id] in its older form, id -> time in the newer one.
      const seconds = Array.isArray(when) ? when[0] : when;
      const known = typeof seconds === 'number' && seconds > LONGEST_UPTIME;
      if (!this.#ids.has(id)) all.push({ id, whenMs: known ? seconds * 1000 - sinceEpochMs : nowMs });
    }
    // They may be older than what is here; equal times stay in the order they came.
    all.sort((a, b) => a.whenMs - b.whenMs);
    this.#ids.clear();
    this.#compact([]);
    for (const one of all) this.#append(one);
    this.purge();
    this.onChange?.();
  }

  /** Forget what has expired, then the oldest beyond the limit. */
  purge(): void {
    const before = this.#clock.monotonic() - this.expiresMs;
    for (; this.#first < this.#order.length; this.#first++) {
      const oldest = this.#order[this.#first]!;
      if (this.#ids.get(oldest.id) !== oldest) continue;
      if (oldest.whenMs >= before && this.#ids.size <= this.limit) break;
      this.#ids.delete(oldest.id);
    }
    if (this.#first > 1024 && this.#first * 2 > this.#order.length) this.#compact(this.#order.slice(this.#first));
  }

  #compact(order: Revoked[]): void {
    this.#order = order;
    this.#first = 0;
  }

  #append(one: Revoked): void {
    this.#ids.set(one.id, one);
    this.#order.push(one);
  }

  ids(): string[] {
    return [...this.#ids.keys()];
  }

  /** id -> unix time in seconds, as `hello` sends it. Never a whole number: Python takes floats, and 1.0 is written 1. */
  toRecord(): Record<string, number> {
    const sinceEpochMs = this.#clock.now() - this.#clock.monotonic();
    const seconds = (whenMs: number): number => (Math.floor(whenMs + sinceEpochMs) + 0.5) / 1000;
    return Object.fromEntries([...this.#ids.values()].map(({ id, whenMs }) => [id, seconds(whenMs)]));
  }

  addStamps(headers: Readonly<Record<string, readonly string[]>>): void {
    const nowMs = this.#clock.monotonic();
    for (const [name, values] of Object.entries(headers)) {
      const known = this.stamps.get(name) ?? new Map<string, number>();
      for (const value of values) known.set(value, nowMs);
      // The last named is the last to be forgotten.
      this.stamps.delete(name);
      this.stamps.set(name, known);
    }
    this.#boundStamps();
    this.onChange?.();
  }

  /** Those of the file, as `stampsRecord` wrote them: what is older than an id may be is forgotten. */
  mergeStamps(stamps: Readonly<Record<string, Readonly<Record<string, number>>>>): void {
    const sinceEpochMs = this.#clock.now() - this.#clock.monotonic();
    const beforeMs = this.#clock.monotonic() - this.expiresMs;
    for (const [name, values] of Object.entries(stamps)) {
      const known = this.stamps.get(name) ?? new Map<string, number>();
      for (const [value, seconds] of Object.entries(values)) {
        const whenMs = seconds * 1000 - sinceEpochMs;
        if (whenMs >= beforeMs && !known.has(value)) known.set(value, whenMs);
      }
      if (known.size > 0) this.stamps.set(name, known);
    }
    this.#boundStamps();
  }

  /** Stamp name -> value -> unix time in seconds. */
  stampsRecord(): Record<string, Record<string, number>> {
    const sinceEpochMs = this.#clock.now() - this.#clock.monotonic();
    const record = [...this.stamps].map(([name, values]) => {
      const times = [...values].map(([value, whenMs]) => [value, (whenMs + sinceEpochMs) / 1000] as const);
      return [name, Object.fromEntries(times)] as const;
    });
    return Object.fromEntries(record);
  }

  /** As many values as ids. A tenth goes at once: finding the first entry of a Set passes over all that were deleted before it. */
  #boundStamps(): void {
    let count = 0;
    for (const values of this.stamps.values()) count += values.size;
    if (count <= this.limit) return;
    let excess = count - Math.floor(this.limit * 0.9);
    for (const [name, values] of this.stamps) {
      for (const value of values.keys()) {
        if (excess === 0) return;
        values.delete(value);
        excess--;
      }
      this.stamps.delete(name);
    }
  }

  /** Does a task with these stamps fall under a revoke by stamps? */
  hasStamp(stampedHeaders: readonly string[] | null, stamps: Readonly<Record<string, unknown>>): boolean {
    if (this.stamps.size === 0) return false;
    return stampMatches(this.stamps, stampedHeaders, stamps);
  }
}

/** One equal value of one stamp is enough. A stamp's value is a text or a list of texts. */
export function stampMatches(
  wanted: ReadonlyMap<string, { has(value: string): boolean }>,
  stampedHeaders: readonly string[] | null,
  stamps: Readonly<Record<string, unknown>>,
): boolean {
  for (const name of stampedHeaders ?? Object.keys(stamps)) {
    const values = wanted.get(name);
    const own = stamps[name];
    if (!values || own === undefined || own === null) continue;
    // A stamp may be anything that its sender wrote: also an object whose `toString` is none.
    const given: readonly unknown[] = Array.isArray(own) ? own : [own];
    if (given.some((value) => typeof value !== 'object' && values.has(String(value)))) return true;
  }
  return false;
}

function positive(text: string | undefined): number | null {
  const value = Number(text);
  return text && Number.isFinite(value) && value > 0 ? value : null;
}
