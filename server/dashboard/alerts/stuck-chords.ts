// Chords that cannot end: a part of the header failed for good, and the body has not begun. By the outline that the events of workers and
// clients of ours carry around a task, counted in memory, so that no rule asks the history.
// Not here: a whole workflow and all that cannot run of it (shared/workflow/conclude.ts), which its page shows.
// Holds: bounded; one is forgotten when its part succeeds after all, when its body is seen, and after an hour. A header whose parts all
// succeeded and whose count the result store has lost is none: events do not say how many parts there are.
import type { TryEnd } from '../../../shared/events/cluster-state.ts';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import { ENDED_STATES } from '../../../shared/states.ts';
import { type OutlineStep, readOutline } from '../../../shared/workflow/outline.ts';

/** @unit seconds */
const KEPT_FOR = 3600;
const MAX_CHORDS = 1000;

interface Stuck {
  readonly body: OutlineStep;
  readonly part: string;
  readonly task: string | null;
  /** @unit seconds since the epoch */
  readonly at: number;
}

/** Chords of one body. */
export interface StuckChords {
  readonly body: string;
  readonly count: number;
  /** The part that failed last. */
  readonly part: string;
  readonly task: string | null;
  /** When the first failed. @unit seconds since the epoch */
  readonly since: number;
}

interface Known {
  readonly tasks: { get(uuid: string): Pick<TaskRecord, 'state'> | undefined };
  readonly workers: { values(): Iterable<Pick<WorkerRecord, 'sw_ident'>> };
}

export class ChordWatch {
  readonly #known: Known;
  /** By the id of their body, or of the part that failed first. */
  readonly #stuck = new Map<string, Stuck>();

  constructor(known: Known) {
    this.#known = known;
  }

  add(finishes: readonly TryEnd[]): void {
    for (const { task, state, at } of finishes) {
      if (state === 'SUCCESS' || !ENDED_STATES.has(state)) continue;
      const canvas = task.extra?.canvas;
      const outline = canvas === undefined ? null : readOutline(canvas);
      // The end of a chain is the part, and none comes to it.
      const body = outline?.chord ?? outline?.chain?.at(-1)?.body;
      if (!body) continue;
      const key = body.id ?? task.uuid;
      this.#stuck.delete(key);
      this.#stuck.set(key, { body, part: task.uuid, task: task.name, at });
      if (this.#stuck.size > MAX_CHORDS) this.#stuck.delete(this.#stuck.keys().next().value!);
    }
  }

  /** By body. A text: why they are unknown. @param now seconds since the epoch */
  read(now: number): readonly StuckChords[] | string {
    const { tasks, workers } = this.#known;
    const found = new Map<string, StuckChords>();
    for (const [key, { body, part, task, at }] of this.#stuck) {
      const isSeen = body.id !== undefined && tasks.get(body.id) !== undefined;
      if (isSeen || tasks.get(part)?.state === 'SUCCESS' || now - at > KEPT_FOR) {
        this.#stuck.delete(key);
        continue;
      }
      const { count = 0, since = at } = found.get(body.task) ?? {};
      found.set(body.task, { body: body.task, count: count + 1, part, task, since: Math.min(since, at) });
    }
    if (found.size > 0) return [...found.values()];
    const all = [...workers.values()];
    return all.length > 0 && all.every(({ sw_ident }) => sw_ident !== 'umbel')
      ? 'The events of these workers do not say what is part of a chord.'
      : [];
  }
}
