// A schedule that no other process sees and nothing outlives: for tests, and for short intervals.
import { hostname } from 'node:os';
import { createTimer, type Timer } from '../timer.ts';
import { AnotherBeat, type LeaseHolder, type ScheduleLease, type ScheduleStore, type StoredEntry } from './contract.ts';
import { withRuns } from './stored-entry.ts';

export class MemoryScheduleStore implements ScheduleStore {
  readonly description = 'memory';
  #entries: ReadonlyMap<string, StoredEntry> = new Map();
  #lease: ScheduleLease | null = null;
  #since = 0;
  readonly #clock: Pick<Timer, 'now'>;

  constructor(options: { readonly timer?: Pick<Timer, 'now'> } = {}) {
    this.#clock = options.timer ?? createTimer({ unref: true });
  }

  async load(): Promise<Map<string, StoredEntry>> {
    return new Map(this.#entries);
  }

  async holder(): Promise<LeaseHolder | null> {
    return this.#lease === null ? null : { pid: process.pid, host: hostname(), since: this.#since };
  }

  async claim(): Promise<ScheduleLease> {
    if (this.#lease !== null)
      throw new AnotherBeat(
        `Another beat of this process uses this schedule (process ${process.pid} on ${hostname()}).`,
      );
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
    this.#since = this.#clock.now();
    return lease;
  }

  async close(): Promise<void> {
    this.#lease = null;
  }
}
