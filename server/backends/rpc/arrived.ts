// Results that came by message, until somebody asks: the latest record of each task, within bounds.
// Holds: a SUCCESS is the last record of its task; what expired is not given; over the bounds the oldest go first; what cannot be read is
// thrown to who asks for it, and to nobody else.
// Celery 5.6: backends/asynchronous.py (MESSAGE_BUFFER_MAX)
import type { ResultMeta } from '../../protocol/result-meta.ts';

/** Results of tasks nobody waits for are kept, too: a program may ask late, or never. */
const MAX_RESULTS = 10_000;
/** @unit bytes, of bodies as they came */
const MAX_BYTES = 64 * 1024 * 1024;

interface Arrived {
  readonly bytes: number;
  /** @unit milliseconds; null = never */
  readonly expiresAt: number | null;
  readonly read: () => ResultMeta;
}

export class ArrivedResults {
  readonly #now: () => number;
  readonly #expiresMs: number | null;
  readonly #byId = new Map<string, Arrived>();
  #bytes = 0;

  constructor(options: { readonly now: () => number; readonly expiresMs: number | null }) {
    this.#now = options.now;
    this.#expiresMs = options.expiresMs;
  }

  /** @param read makes the record, as often as it is asked @returns false: its task has succeeded before */
  add(taskId: string, bytes: number, read: () => ResultMeta): boolean {
    const before = this.#alive(taskId);
    if (before && statusOf(before) === 'SUCCESS') return false;
    this.delete(taskId);
    const expiresAt = this.#expiresMs === null ? null : this.#now() + this.#expiresMs;
    this.#byId.set(taskId, { bytes, expiresAt, read });
    this.#bytes += bytes;
    for (const [id, { expiresAt: ends }] of this.#byId) {
      const isOver = this.#byId.size > MAX_RESULTS || (this.#bytes > MAX_BYTES && this.#byId.size > 1);
      if (!isOver && (ends === null || ends > this.#now())) break;
      this.delete(id);
    }
    return true;
  }

  get(taskId: string): ResultMeta | null {
    return this.#alive(taskId)?.read() ?? null;
  }

  delete(taskId: string): void {
    const found = this.#byId.get(taskId);
    if (!found) return;
    this.#byId.delete(taskId);
    this.#bytes -= found.bytes;
  }

  clear(): void {
    this.#byId.clear();
    this.#bytes = 0;
  }

  #alive(taskId: string): Arrived | undefined {
    const found = this.#byId.get(taskId);
    if (!found || found.expiresAt === null || found.expiresAt > this.#now()) return found;
    this.delete(taskId);
    return undefined;
  }
}

function statusOf(arrived: Arrived): string | null {
  try {
    return arrived.read().status;
  } catch {
    return null;
  }
}
