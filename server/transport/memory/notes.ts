// What a broker in memory keeps for a time beside its messages.
import type { Timer } from '../../timer.ts';
import type { Notes } from '../contract.ts';

interface Kept {
  readonly value: string;
  readonly untilMs: number;
}

export class MemoryNotes implements Notes {
  readonly #timer: Pick<Timer, 'now' | 'monotonic'>;
  readonly #kept = new Map<string, Kept>();
  /** Member to when it was remembered, the oldest first. @unit milliseconds since the epoch */
  readonly #sets = new Map<string, Map<string, number>>();

  constructor(timer: Pick<Timer, 'now' | 'monotonic'>) {
    this.#timer = timer;
  }

  async claim(key: string, value: string, ttlMs: number): Promise<string | null> {
    const nowMs = this.#timer.monotonic();
    for (const [name, { untilMs }] of this.#kept) if (untilMs <= nowMs) this.#kept.delete(name);
    const kept = this.#kept.get(key);
    if (kept) return kept.value;
    this.#kept.set(key, { value, untilMs: nowMs + ttlMs });
    return null;
  }

  async extend(key: string, value: string, ttlMs: number): Promise<void> {
    if (this.#kept.get(key)?.value === value) this.#kept.set(key, { value, untilMs: this.#timer.monotonic() + ttlMs });
  }

  async release(key: string, value: string): Promise<void> {
    if (this.#kept.get(key)?.value === value) this.#kept.delete(key);
  }

  async remember(set: string, members: readonly string[], _ttlMs: number, limit: number): Promise<void> {
    const known = this.#sets.get(set) ?? new Map<string, number>();
    this.#sets.set(set, known);
    for (const member of members) {
      known.delete(member);
      known.set(member, this.#timer.now());
    }
    for (const member of known.keys()) {
      if (known.size <= limit) break;
      known.delete(member);
    }
  }

  async remembered(set: string, ttlMs: number): Promise<Map<string, number>> {
    const known = this.#sets.get(set) ?? new Map<string, number>();
    const beforeMs = this.#timer.now() - ttlMs;
    for (const [member, whenMs] of known) if (whenMs < beforeMs) known.delete(member);
    return new Map(known);
  }
}
