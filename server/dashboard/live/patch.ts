// One numbered patch, and its text for those who subscribe to the same topics: written once, however many read it.
// What goes into a patch: feed.ts. Who reads: socket.ts.
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import { jsonText } from '../../../shared/json-text.ts';
import type { Patch, Topic } from '../../../shared/wire/live.ts';

export type Topics = ReadonlySet<Topic>;

export const ALL_TOPICS: Topics = new Set<Topic>(['tasks', 'workers', 'queues']);

export class NumberedPatch {
  readonly patch: Patch;
  /** Changed tasks that were not all sent; null when they were. */
  readonly rest: ReadonlyMap<string, TaskRecord> | null;
  readonly #texts = new Map<string, string>();

  constructor(patch: Patch, rest: ReadonlyMap<string, TaskRecord> | null) {
    this.patch = patch;
    this.rest = rest;
  }

  get seq(): number {
    return this.patch.seq;
  }

  text(topics: Topics): string {
    const key = [...topics].sort().join();
    let text = this.#texts.get(key);
    if (text === undefined) {
      text = jsonText(this.of(topics));
      this.#texts.set(key, text);
    }
    return text;
  }

  /** What a subscriber of `topics` gets of it. */
  of(topics: Topics): Patch {
    const { patch } = this;
    return {
      ...patch,
      tasks: topics.has('tasks') ? patch.tasks : [],
      workers: topics.has('workers') ? patch.workers : [],
      workers_gone: topics.has('workers') ? patch.workers_gone : [],
      queues: topics.has('queues') ? patch.queues : null,
    };
  }
}
