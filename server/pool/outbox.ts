// What is said in one turn of the event loop to another process, in one write: each write wakes its reader.
// Used by both ends of the line between a worker and a child (links.ts, child-port.ts).
// Holds: in the order said; what cannot be copied holds nothing else up.

export class Outbox<T> {
  readonly #write: (said: T | readonly T[]) => void;
  readonly #unsent: (message: T, error: unknown) => void;
  #said: T[] = [];

  /** @param unsent one that `write` has thrown for */
  constructor(write: (said: T | readonly T[]) => void, unsent: (message: T, error: unknown) => void) {
    this.#write = write;
    this.#unsent = unsent;
  }

  /** Before the next turn. */
  say(message: T): void {
    if (this.#said.push(message) === 1) process.nextTick(() => this.flush());
  }

  /** Now. */
  flush(): void {
    const said = this.#said;
    if (said.length === 0) return;
    this.#said = [];
    if (said.length > 1) {
      try {
        this.#write(said);
        return;
      } catch {
        // One of them cannot be copied.
      }
    }
    for (const message of said) {
      try {
        this.#write(message);
      } catch (error) {
        this.#unsent(message, error);
      }
    }
  }
}

/** At the other end. */
export function hearEach<T>(said: T | readonly T[], hear: (message: T) => void): void {
  if (Array.isArray(said)) for (const message of said) hear(message);
  else hear(said as T);
}
