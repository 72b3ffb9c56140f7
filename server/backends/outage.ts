// Says once that a store is away, and once that it is back: results wait meanwhile, and nothing else would say why.
import type { Logger } from '../log.ts';

export class Outage {
  readonly #place: string;
  readonly #log: Logger | undefined;
  #away = false;

  constructor(place: string, log: Logger | undefined) {
    this.#place = place;
    this.#log = log;
  }

  began(error: Error): void {
    if (this.#away) return;
    this.#away = true;
    this.#log?.warning(`The result store ${this.#place} is away (${error.message}): results wait until it is back.`);
  }

  ended(): void {
    if (!this.#away) return;
    this.#away = false;
    this.#log?.info(`The result store ${this.#place} is back.`);
  }
}
