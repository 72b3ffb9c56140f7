// An argument of a periodic task that is worked out each time the task is sent.
// Celery 5.6: beat.py BeatLazyFunc

/** `args: [new BeatLazyFunc(() => new Date())]` */
export class BeatLazyFunc {
  readonly #fn: (...args: never[]) => unknown;
  readonly #args: readonly unknown[];

  constructor(fn: (...args: never[]) => unknown, ...args: readonly unknown[]) {
    this.#fn = fn;
    this.#args = args;
  }

  evaluate(): unknown {
    return this.#fn(...(this.#args as never[]));
  }
}
