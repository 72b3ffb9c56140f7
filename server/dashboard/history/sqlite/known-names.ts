// Names that are kept apart, out of all that senders may invent: so many at a time, and a place is free again when its name was not
// used for an hour. Names that are in use are never pushed out by new ones.
// Holds: at most `max` names are remembered; the time is that of the events, which may come in any order.

/** @unit seconds */
const FORGET_AFTER = 3600;

export class KnownNames {
  readonly #max: number;
  readonly #last = new Map<string, number>();
  #newest = Number.NEGATIVE_INFINITY;
  #looked = Number.NEGATIVE_INFINITY;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#last.size;
  }

  /** Whether this name has a place; a new one gets one while there is one. @param at seconds since the epoch */
  has(name: string, at: number): boolean {
    if (at > this.#newest) this.#newest = at;
    const last = this.#last.get(name);
    if (last === undefined && this.#last.size >= this.#max && !this.#makePlace()) return false;
    if (last === undefined || at > last) this.#last.set(name, at);
    return true;
  }

  forget(name: string): void {
    this.#last.delete(name);
  }

  #makePlace(): boolean {
    // Looking through all of them is dear: once a minute while nothing is found.
    if (this.#newest < this.#looked + 60) return false;
    this.#looked = this.#newest;
    for (const [name, last] of this.#last) if (last < this.#newest - FORGET_AFTER) this.#last.delete(name);
    return this.#last.size < this.#max;
  }
}
