// Tasks whose end was not heard: the result store is asked, and their records are given the events that were missed.
// Not here: what is asked and which events follow (backfill.ts), when something was missed (event-stream.ts).
// Holds: never rejects.
import type { ClusterState } from '../../../shared/events/cluster-state.ts';
import type { EventEdge } from '../../../shared/events/edge.ts';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import { type BackfillOptions, backfill } from './backfill.ts';
import type { ClusterLink } from './link.ts';

export class MissedEnds {
  readonly #state: ClusterState;
  readonly #edge: EventEdge;
  readonly #link: ClusterLink;
  readonly #timer: Timer;
  readonly #log: Logger;
  #stopped = false;

  constructor(state: ClusterState, edge: EventEdge, link: ClusterLink, timer: Timer, log: Logger) {
    this.#state = state;
    this.#edge = edge;
    this.#link = link;
    this.#timer = timer;
    this.#log = log;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Those heard of last before. @unit seconds since the epoch */
  async lookUp(before: number): Promise<void> {
    if (this.#stopped) return;
    try {
      const found = await this.#backfill(this.#state.tasks.values(), before);
      if (this.#stopped || found.length === 0) return;
      for (const event of found) this.#state.apply(event);
      this.#log.info(`The end of ${found.length} tasks was missed, and is known from their results`);
    } catch (error) {
      this.#log.warning(`Tasks whose end was missed could not be looked up: ${toError(error).message}`);
    }
  }

  async lookUpOne(task: TaskRecord): Promise<void> {
    const found = await this.#backfill([task], Number.POSITIVE_INFINITY).catch(() => []);
    for (const event of found) this.#state.apply(event);
  }

  #backfill(tasks: BackfillOptions['tasks'], before: number): ReturnType<typeof backfill> {
    const now = this.#timer.now() / 1000;
    const ask: BackfillOptions['ask'] = async (ids) =>
      (await this.#link.askBackend((backend) => backend.getMany(ids)))?.value ?? new Map();
    return backfill({ tasks, before, now, edge: this.#edge, ask });
  }
}
