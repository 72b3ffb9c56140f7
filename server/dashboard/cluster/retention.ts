// Deleting what is too old, too many or too large, and giving its room back to the disk; by which time: the wall clock, but one that was set
// forward, or is later at the start than what was last heard, is believed only when it has stood for a while. Whoever sets it by mistake, and
// back again, or starts before it was set, loses nothing of the present.
// Not here: what is deleted (history/sqlite/retention.ts).
// Holds: never by a time later than the wall clock.
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { HistoryStore, Limits } from '../history/contract.ts';
import type { Resolved } from '../options.ts';

/** A clock set forward is believed after so long. @unit milliseconds */
const BELIEVED_AFTER_MS = 3600_000;

/** What it needs of a cluster. */
export interface RetentionHost {
  readonly history: Pick<HistoryStore, 'expire' | 'shrink'>;
  readonly options: Pick<Resolved, 'retention_age' | 'retention_tasks' | 'retention_size' | 'retention_states'>;
  /** By the wall clock. @unit seconds since the epoch */
  readonly now: number;
  /** By a clock that nobody sets. */
  readonly monotonicMs: number;
  readonly stopped: boolean;
}

/** What may stay in a history, by the options. */
export function limitsOf(options: RetentionHost['options']): Limits {
  return {
    maxAge: options.retention_age,
    maxTasks: options.retention_tasks,
    maxBytes: options.retention_size,
    ages: options.retention_states,
  };
}

export class Retention {
  readonly #cluster: RetentionHost;
  readonly #log: Logger;
  readonly #jumps: { readonly by: number; readonly atMs: number }[] = [];

  constructor(cluster: RetentionHost, log: Logger) {
    this.#cluster = cluster;
    this.#log = log;
  }

  /**
   * Whether it was away or the clock of this machine is wrong, nobody can tell yet: a clock that has no battery shows some other day until
   * it is set.
   * @param heard when the process before this one last heard of a worker, 0: never. @unit seconds since the epoch
   */
  begin(heard: number): void {
    const by = this.#cluster.now - heard;
    if (heard > 0 && by > 0) this.#jumps.push({ by, atMs: this.#cluster.monotonicMs });
  }

  clockSet(byMs: number): void {
    this.#jumps.push({ by: byMs / 1000, atMs: this.#cluster.monotonicMs });
    this.#log.warning(
      `The clock of this machine was set ${byMs < 0 ? 'back' : 'forward'} by ${Math.abs(byMs) / 1000} s: times of before are by the old one`,
    );
  }

  /** Never rejects. */
  async expire(): Promise<void> {
    const cluster = this.#cluster;
    const limits = limitsOf(cluster.options);
    try {
      while (!cluster.stopped && (await cluster.history.expire(limits, this.now)) > 0);
      while (!cluster.stopped && (await cluster.history.shrink()) > 0);
    } catch (error) {
      if (!cluster.stopped) this.#log.warning(`The history could not be trimmed: ${toError(error).message}`);
    }
  }

  /** @unit seconds since the epoch */
  get now(): number {
    const { now, monotonicMs } = this.#cluster;
    while (this.#jumps[0] && monotonicMs - this.#jumps[0].atMs >= BELIEVED_AFTER_MS) this.#jumps.shift();
    // What was written before a jump may be so much older by the clock than it is.
    let sum = 0;
    let ahead = 0;
    for (const { by } of this.#jumps.toReversed()) {
      sum += by;
      ahead = Math.max(ahead, sum);
    }
    return now - ahead;
  }
}
