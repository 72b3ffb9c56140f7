// What the clock of the Redis server shows: records of unacked messages are dated by it, since the processes that share them may disagree.
// Not here: what the dates are for (restore.ts).
// Holds: between two looks it goes on by the monotonic clock, so that setting the wall clock of this machine changes nothing. When the
// server's own clock was set, whoever must know is told, at the next look.
// Kombu dates by the wall clock of each worker (transport/redis.py QoS.append).
import type { Timer } from '../../timer.ts';
import type { Batch } from './batch.ts';

/** The answer may have travelled for a while. @unit milliseconds */
const SET_MS = 2000;

export class ServerClock {
  readonly #timer: Pick<Timer, 'now' | 'monotonic'>;
  readonly #batch: Pick<Batch, 'command'>;
  #offsetMs: number | null = null;

  constructor(timer: Pick<Timer, 'now' | 'monotonic'>, batch: Pick<Batch, 'command'>) {
    this.#timer = timer;
    this.#batch = batch;
  }

  /** @unit milliseconds since the epoch */
  now(): number {
    return this.#offsetMs === null ? this.#timer.now() : this.#timer.monotonic() + this.#offsetMs;
  }

  /** Ask it. @returns by how much it was set since the last time, in milliseconds; 0: it was not */
  async refresh(): Promise<number> {
    const beganMs = this.#timer.monotonic();
    // Not every account may ask; then this machine's clock has to do, as in kombu.
    const answer = await this.#batch.command('TIME').catch(() => null);
    const atMs = (beganMs + this.#timer.monotonic()) / 2;
    const serverMs = Array.isArray(answer) ? Number(answer[0]) * 1000 + Number(answer[1]) / 1000 : this.#timer.now();
    const before = this.#offsetMs;
    this.#offsetMs = serverMs - atMs;
    if (before === null) return 0;
    const byMs = this.#offsetMs - before;
    return Math.abs(byMs) >= SET_MS ? byMs : 0;
  }
}
