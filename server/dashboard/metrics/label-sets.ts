// The label sets of one metric family that have series of their own: as many as fit into so many bytes of the answer.
// Not here: what is counted under them (event-tally.ts, metrics.ts), what becomes of those without a place: they count under 'other'.
// Holds: what has a place keeps it while it is seen, so that a counter goes on; when there is no room, what was not seen for a day gives
// its place to something new. Names are anybody's invention, so that the bound is in bytes and not in names.

export const OTHER_LABEL = 'other';
/** @unit seconds */
const IDLE = 86_400;
/** Looking for idle ones among all takes a moment. @unit seconds */
const LOOK_EVERY = 60;

export interface LabelSet {
  readonly labels: readonly string[];
  readonly bytes: number;
  /** When it was last seen. @unit seconds since the epoch */
  last: number;
  /** What is counted under it. */
  value: number;
}

export interface LabelSetsOptions {
  /** What all of them may take of the answer. @unit bytes */
  readonly maxBytes: number;
  /** Lines of the answer for each: a histogram has one for each bucket. */
  readonly lines?: number;
  /** Of a line besides the values of its labels: names, quotes, the number. @unit bytes */
  readonly lineBytes: number;
}

export class LabelSets {
  readonly #sets = new Map<string, LabelSet>();
  readonly #options: LabelSetsOptions;
  readonly #onGone: (labels: readonly string[]) => void;
  #bytes = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param onGone it gave its place to another, or was forgotten */
  constructor(options: LabelSetsOptions, onGone: (labels: readonly string[]) => void = () => {}) {
    this.#options = options;
    this.#onGone = onGone;
  }

  get size(): number {
    return this.#sets.size;
  }
  [Symbol.iterator](): IterableIterator<Readonly<LabelSet>> {
    return this.#sets.values();
  }

  /** The set of these labels, with a place from now on if it had none; null: there is no room. @param now seconds since the epoch */
  take(labels: readonly string[], now: number): LabelSet | null {
    const key = labels.join('\0');
    const known = this.#sets.get(key);
    if (known) {
      if (now > known.last) known.last = now;
      return known;
    }
    const { lines = 1, lineBytes, maxBytes } = this.#options;
    const bytes = lines * labels.reduce((sum, label) => sum + sizeOf(label), lineBytes);
    if (this.#bytes + bytes > maxBytes) {
      if (now >= this.#lookedAt + LOOK_EVERY) {
        this.#lookedAt = now;
        this.forget(({ last }) => last <= now - IDLE);
      }
      if (this.#bytes + bytes > maxBytes) return null;
    }
    const set: LabelSet = { labels, bytes, last: now, value: 0 };
    this.#sets.set(key, set);
    this.#bytes += bytes;
    return set;
  }

  forget(isGone: (set: Readonly<LabelSet>) => boolean): void {
    for (const [key, set] of this.#sets) {
      if (!isGone(set)) continue;
      this.#sets.delete(key);
      this.#bytes -= set.bytes;
      this.#onGone(set.labels);
    }
  }
}

/** As it is written: with quotes, backslashes and line ends escaped. */
function sizeOf(label: string): number {
  return Buffer.byteLength(label) + (label.match(/[\\"\n]/g)?.length ?? 0);
}
