// Which task a task was sent again in place of: where that began, and how often automations have sent it again since.
// Holds: bounded, the oldest leave first; brought back from what automations did, so that a restart begins no count anew.
import { BoundedMap } from '../../../shared/bounded-map.ts';

interface Line {
  /** The first of them. */
  readonly origin: string;
  /** Times it was sent again. */
  readonly retries: number;
  /** When last; null: it was not. @unit seconds since the epoch */
  readonly last: number | null;
}

const MAX_LINES = 20_000;

export class Lineage {
  readonly #lines = new BoundedMap<string, Line>(MAX_LINES);
  readonly #origins = new BoundedMap<string, string>(MAX_LINES);

  of(id: string): Line {
    const origin = this.#origins.get(id) ?? id;
    return this.#lines.get(origin) ?? { origin, retries: 0, last: null };
  }

  /** @param old what it was sent again in place of */
  belongs(id: string, old: string): void {
    this.#origins.set(id, this.of(old).origin);
  }

  sentAgain(id: string, at: number): void {
    const { origin, retries } = this.of(id);
    this.#lines.set(origin, { origin, retries: retries + 1, last: at });
  }
}
