// A mergeable picture of many durations: quantiles within 1 % of the true value, in a few hundred bytes.
// Not here: which durations are kept for what and how long (rollup.ts).
// Holds: merging two sketches equals sketching both inputs; a quantile is off by at most ACCURACY of its value, between a
// microsecond and eleven days.
// The idea is DDSketch's: logarithmic buckets of equal relative width.

const ACCURACY = 0.01;
const GAMMA = (1 + ACCURACY) / (1 - ACCURACY);
const LOG_GAMMA = Math.log(GAMMA);
const SMALLEST = 1e-6;
const LARGEST = 1e6;

export class Sketch {
  readonly #counts = new Map<number, number>();
  #total = 0;

  get count(): number {
    return this.#total;
  }

  /** @param seconds negative and not finite values are left out */
  add(seconds: number, times = 1): void {
    if (!(seconds >= 0) || seconds === Number.POSITIVE_INFINITY) return;
    const index = Math.ceil(Math.log(Math.min(LARGEST, Math.max(SMALLEST, seconds))) / LOG_GAMMA);
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + times);
    this.#total += times;
  }

  merge(other: Sketch): void {
    for (const [index, count] of other.#counts) this.#counts.set(index, (this.#counts.get(index) ?? 0) + count);
    this.#total += other.#total;
  }

  /** null when empty. @param q 0 to 1 */
  quantile(q: number): number | null {
    return this.quantiles([q])[0]!;
  }

  /** @param qs ascending */
  quantiles(qs: readonly number[]): (number | null)[] {
    if (this.#total === 0) return qs.map(() => null);
    const ordered = [...this.#counts].sort((a, b) => a[0] - b[0]);
    const values: number[] = [];
    let i = 0;
    let seen = ordered[0]![1];
    for (const q of qs) {
      const rank = q * (this.#total - 1);
      while (seen <= rank && i < ordered.length - 1) seen += ordered[++i]![1];
      values.push((2 * GAMMA ** ordered[i]![0]) / (GAMMA + 1));
    }
    return values;
  }

  encode(): Uint8Array {
    const pairs = new Int32Array(this.#counts.size * 2);
    let i = 0;
    for (const [index, count] of this.#counts) {
      pairs[i++] = index;
      pairs[i++] = count;
    }
    return new Uint8Array(pairs.buffer);
  }

  static decode(bytes: Uint8Array | null | undefined): Sketch {
    const sketch = new Sketch();
    if (bytes) sketch.mergeEncoded(bytes);
    return sketch;
  }

  mergeEncoded(bytes: Uint8Array): void {
    // A fresh copy: the bytes of a blob may start anywhere, an Int32Array may not.
    const pairs = new Int32Array(bytes.slice().buffer, 0, bytes.byteLength >> 2);
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      this.#counts.set(pairs[i]!, (this.#counts.get(pairs[i]!) ?? 0) + pairs[i + 1]!);
      this.#total += pairs[i + 1]!;
    }
  }
}
