// A histogram whose label sets take no more than so many bytes of the answer: what finds no room is observed under 'other'.
// Not here: what is observed (metrics.ts), how room is given (label-sets.ts).
import { Histogram, type Registry } from 'prom-client';
import { LINE_BYTES } from './families.ts';
import { type LabelSet, LabelSets, OTHER_LABEL } from './label-sets.ts';

export interface BoundedHistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
  readonly maxBytes: number;
}

export class BoundedHistogram {
  readonly #histogram: Histogram;
  readonly #sets: LabelSets;
  readonly #other: Record<string, string>;
  readonly #names: readonly string[];
  /** Observations under 'other'. */
  leftOut = 0;

  constructor(registry: Registry, { name, help, labelNames, buckets, maxBytes }: BoundedHistogramOptions) {
    const histogram = new Histogram({
      ...{ name, help, labelNames: [...labelNames], buckets: [...buckets] },
      registers: [registry],
    });
    this.#histogram = histogram;
    this.#names = labelNames;
    this.#other = Object.fromEntries(labelNames.map((label) => [label, OTHER_LABEL]));
    // Beside its buckets it has one without a bound, a sum and a count.
    const lines = buckets.length + 3;
    this.#sets = new LabelSets({ maxBytes, lines, lineBytes: name.length + LINE_BYTES }, (labels) =>
      histogram.remove(...labels),
    );
  }

  /** @param at when it was so. @unit seconds since the epoch */
  observe(labels: readonly string[], value: number, at: number): void {
    if (this.#sets.take(labels, at)) {
      this.#histogram.observe(Object.fromEntries(this.#names.map((name, i) => [name, labels[i]!])), value);
      return;
    }
    this.leftOut++;
    this.#histogram.observe(this.#other, value);
  }

  forget(isGone: (set: Readonly<LabelSet>) => boolean): void {
    this.#sets.forget(isGone);
  }
}
