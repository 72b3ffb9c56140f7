// The stored state of tasks that somebody watches: what their bodies write with update_state, of which Celery sends no event.
// Not here: who watches (socket.ts), results of tasks that have ended (routes/task-values.ts).
// Holds: the result store is asked once a second at most, in one question, for a bounded number of running tasks, and only while
// somebody watches; what it says is masked and cut.
// Celery 5.6: app/task.py update_state

import { cutText } from '../../../shared/events/edge.ts';
import { jsonText } from '../../../shared/json-text.ts';
import type { Masking } from '../../../shared/masking.ts';
import { STATES } from '../../../shared/states.ts';
import type { Progress } from '../../../shared/wire/tasks.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { ClusterView } from '../cluster/view.ts';
import { bounded } from '../views/bounded.ts';
import type { Feed } from './feed.ts';

const EVERY_MS = 1000;
/** Tasks followed at a time; of pages that watch many, those go without first. */
const MAX_FOLLOWED = 50;
/** Characters of a meta, and of a state's name. */
const MAX_META = 20_000;
const MAX_STATE = 128;
const OWN_STATES: ReadonlySet<string> = new Set(STATES);

export class ProgressWatch {
  readonly #cluster: ClusterView;
  readonly #feed: Pick<Feed, 'touch'>;
  readonly #masking: Masking;
  readonly #watchers = new Map<object, ReadonlySet<string>>();
  #known = new Map<string, Progress>();
  #asking = false;
  readonly #handle: TimerHandle;

  constructor(cluster: ClusterView, feed: Pick<Feed, 'touch'>, timer: Timer, masking: Masking) {
    this.#cluster = cluster;
    this.#feed = feed;
    this.#masking = masking;
    this.#handle = timer.every(EVERY_MS, () => void this.look());
  }

  /** This reader watches these from now on; none: no longer. */
  watch(reader: object, ids: ReadonlySet<string>): void {
    if (ids.size === 0) this.#watchers.delete(reader);
    else this.#watchers.set(reader, ids);
  }

  /** null: it is not followed, or its body has stored no state of its own. The same object as long as nothing changes. */
  of(uuid: string): Progress | null {
    return this.#known.get(uuid) ?? null;
  }

  stop(): void {
    this.#handle.cancel();
    this.#watchers.clear();
  }

  /** Never rejects: a store that does not answer says nothing new. */
  async look(): Promise<void> {
    const ids = this.#followed();
    if (this.#asking || ids.length === 0) return;
    this.#asking = true;
    try {
      const asked = await this.#cluster.askBackend((backend) => backend.getMany(ids)).catch(() => null);
      if (!asked) return;
      const { now } = this.#cluster;
      const next = new Map<string, Progress>();
      let isNew = false;
      for (const id of ids) {
        const meta = asked.value.get(id);
        if (!meta || OWN_STATES.has(meta.status)) continue;
        const one = this.#progress(id, meta.status, meta.result, now);
        const before = this.#known.get(id);
        const same = before && jsonText([before.state, before.meta]) === jsonText([one.state, one.meta]);
        next.set(id, same ? before : one);
        isNew ||= !same;
      }
      this.#known = next;
      if (isNew) this.#feed.touch();
    } finally {
      this.#asking = false;
    }
  }

  #followed(): string[] {
    const found = new Set<string>();
    for (const ids of [...this.#watchers.values()].sort((a, b) => a.size - b.size))
      for (const id of ids) {
        const record = this.#cluster.tasks.get(id);
        if (!record || (record.state !== 'STARTED' && OWN_STATES.has(record.state))) continue;
        found.add(id);
        if (found.size === MAX_FOLLOWED) return [...found];
      }
    return [...found];
  }

  #progress(task_id: string, state: string, result: unknown, now: number): Progress {
    const meta = bounded(this.#masking.value(result), MAX_META).value;
    const figure = (key: string): number | null => {
      const value = typeof meta === 'object' && meta !== null ? (meta as Record<string, unknown>)[key] : null;
      return typeof value === 'number' && Number.isFinite(value) ? value : null;
    };
    return {
      task_id,
      state: cutText(state, MAX_STATE),
      current: figure('current'),
      total: figure('total'),
      meta,
      asked: now,
      changed: now,
      reason: null,
    };
  }
}
