// When something last happened: remembered by the clock that nobody sets, told by the wall clock as it stands now. After the wall clock
// was set, what is an hour old is still an hour old, and what is fresh does not stay so for as long as the clock went back.
// Not here: what is old (knowledge.ts).
import type { Timer } from '../../timer.ts';

/** Less than this between the two clocks is rounding or slewing; told times do not jitter by it. @unit milliseconds */
const SET_MS = 500;

export class LastTime {
  readonly #timer: Pick<Timer, 'now' | 'monotonic'>;
  #wallMs: number | null = null;
  #monotonicMs = 0;

  constructor(timer: Pick<Timer, 'now' | 'monotonic'>) {
    this.#timer = timer;
  }

  /** It happens now. */
  mark(): void {
    this.#wallMs = this.#timer.now();
    this.#monotonicMs = this.#timer.monotonic();
  }

  forget(): void {
    this.#wallMs = null;
  }

  /** @unit seconds since the epoch; null: never */
  get at(): number | null {
    if (this.#wallMs === null) return null;
    const whenMs = this.#timer.now() - (this.#timer.monotonic() - this.#monotonicMs);
    if (Math.abs(whenMs - this.#wallMs) >= SET_MS) this.#wallMs = whenMs;
    return this.#wallMs / 1000;
  }
}
