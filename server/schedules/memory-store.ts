// A schedule that no other process sees and nothing outlives: for tests, and for short intervals.
import { ImproperlyConfigured } from '../errors.ts';
import type { ScheduleLease, ScheduleStore, StoredEntry } from './contract.ts';
import { withRuns } from './stored-entry.ts';

export class MemoryScheduleStore implements ScheduleStore {
  readonly description = 'memory';
  #entries: ReadonlyMap<string, StoredEntry> = new Map();
  #lease: ScheduleLease | null = null;

  async load(): Promise<Map<string, StoredEntry>> {
    return new Map(this.#entries);
  }

  async claim(): Promise<ScheduleLease> {
    if (this.#lease !== null) throw new ImproperlyConfigured('Another beat of this process uses this schedule.');
    const mayWrite = (): void => {
      if (this.#lease !== lease) throw new Error('The lease of this schedule was released.');
    };
    const lease: ScheduleLease = {
      entries: new Map(this.#entries),
      replace: async (entries) => {
        mayWrite();
        this.#entries = new Map(entries);
      },
      saveRuns: async (runs) => {
        mayWrite();
        this.#entries = withRuns(this.#entries, runs);
      },
      onLost() {},
      release: async () => {
        if (this.#lease === lease) this.#lease = null;
      },
    };
    this.#lease = lease;
    return lease;
  }

  async close(): Promise<void> {
    this.#lease = null;
  }
}
