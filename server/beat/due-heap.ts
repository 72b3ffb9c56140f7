// What is due next, among many: a heap by time, so that a look costs the same with ten thousand entries as with ten.
// An item whose time changes is put in again; what it left behind is passed over when it comes up.
// Holds: what is taken is live and due by its time of now; `rebuild` puts all in order anew and forgets what was left behind.

interface Item {
  /** @unit milliseconds since the epoch */
  readonly dueAt: number;
}

interface Place<T> {
  readonly at: number;
  readonly item: T;
}

export class DueHeap<T extends Item> {
  readonly #isLive: (item: T) => boolean;
  #places: Place<T>[] = [];

  /** @param isLive others are passed over, and have to be put in again when they are live again */
  constructor(isLive: (item: T) => boolean) {
    this.#isLive = isLive;
  }

  rebuild(items: Iterable<T>): void {
    this.#places = [...items].map((item) => ({ at: item.dueAt, item })).sort((a, b) => a.at - b.at);
  }

  push(item: T): void {
    const places = this.#places;
    const place = { at: item.dueAt, item };
    let i = places.push(place) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && places[parent]!.at > place.at; parent = (i - 1) >> 1) {
      places[i] = places[parent]!;
      i = parent;
    }
    places[i] = place;
  }

  /** When the first is due; infinity: none is. */
  next(): number {
    return this.#first()?.at ?? Number.POSITIVE_INFINITY;
  }

  /** The first that is due, taken out. */
  take(nowMs: number): T | null {
    const first = this.#first();
    if (!first || first.at > nowMs) return null;
    this.#removeFirst();
    return first.item;
  }

  #first(): Place<T> | null {
    for (let first = this.#places[0]; first; first = this.#places[0]) {
      if (first.at === first.item.dueAt && this.#isLive(first.item)) return first;
      this.#removeFirst();
    }
    return null;
  }

  #removeFirst(): void {
    const places = this.#places;
    const place = places.pop()!;
    if (places.length === 0) return;
    let i = 0;
    for (let child = 1; child < places.length; child = 2 * i + 1) {
      if (child + 1 < places.length && places[child + 1]!.at < places[child]!.at) child++;
      if (places[child]!.at >= place.at) break;
      places[i] = places[child]!;
      i = child;
    }
    places[i] = place;
  }
}
