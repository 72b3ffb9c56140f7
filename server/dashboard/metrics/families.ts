// Families of metrics whose values are computed when they are read, within their share of the answer.
// Not here: which there are (gauges.ts), what counts by itself (metrics.ts).
// Holds: what finds no room is told together under 'other'.
import { Counter, Gauge, type Registry } from 'prom-client';
import { LabelSets, OTHER_LABEL } from './label-sets.ts';

/** `_bucket{le="0.005",worker="",task=""} 1234` and its end, besides the name of the family. @unit bytes */
export const LINE_BYTES = 45;

export type Collect = (set: (labels: readonly string[], value: number) => void) => void;

export class Families {
  readonly #registers: Registry[];
  readonly #maxBytes: number;

  /** @param maxBytes of each family */
  constructor(registry: Registry, maxBytes: number) {
    this.#registers = [registry];
    this.#maxBytes = maxBytes;
  }

  /** @param together the value under 'other', of those that find no room: their sum, or the greatest of them */
  gauge(
    name: string,
    help: string,
    labelNames: string[],
    collect: Collect,
    together: (one: number, other: number) => number = sum,
  ): void {
    const maxBytes = this.#maxBytes;
    new Gauge({
      name,
      help,
      labelNames,
      registers: this.#registers,
      collect() {
        this.reset();
        const sets = new LabelSets({ maxBytes, lineBytes: name.length + LINE_BYTES });
        let rest: number | null = null;
        collect((labels, value) => {
          if (sets.take(labels, 0)) this.set(named(labelNames, labels), value);
          else rest = rest === null ? value : together(rest, value);
        });
        if (rest !== null) this.set(Object.fromEntries(labelNames.map((one) => [one, OTHER_LABEL])), rest);
      },
    });
  }

  /** A gauge without labels. */
  single(name: string, help: string, value: () => number): void {
    this.gauge(name, help, [], (set) => set([], value()));
  }

  /** @param value since the start */
  counter(name: string, help: string, value: () => number): void {
    new Counter({
      name,
      help,
      registers: this.#registers,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  }
}

const sum = (one: number, other: number): number => one + other;

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [name, values[i]!]));
}
