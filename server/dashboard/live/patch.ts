// One numbered patch, and its text for those who subscribe to the same topics: written once, however many read it.
// What goes into a patch: feed.ts. Who reads: socket.ts.
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import { jsonText } from '../../../shared/json-text.ts';
import type { Patch, Topic } from '../../../shared/wire/live.ts';
import { type Identity, nameOf } from '../access/identity.ts';
import { seenFigures, seenQueues, seenWorker } from '../access/narrow.ts';
import { SEES_ALL } from '../access/sight.ts';

/** Whom it is shown to. */
export type PatchReader = Pick<Identity, 'name'> & { readonly grant: Pick<Identity['grant'], 'sight'> };
const EVERYTHING: PatchReader = { name: null, grant: { sight: SEES_ALL } };

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

  /** @param reader those who see the same share a text, but who sees of operations only their own */
  text(topics: Topics, reader: PatchReader = EVERYTHING): string {
    const { sight } = reader.grant;
    const key = [...topics].sort().join() + (sight.isWhole ? '' : ` ${sight.key} ${reader.name}`);
    let text = this.#texts.get(key);
    if (text === undefined) {
      text = jsonText(this.of(topics, reader));
      this.#texts.set(key, text);
    }
    return text;
  }

  /** What a subscriber of `topics` gets of it. */
  of(topics: Topics, reader: PatchReader = EVERYTHING): Patch {
    const patch = seen(this.patch, reader);
    return {
      ...patch,
      tasks: topics.has('tasks') ? patch.tasks : [],
      workers: topics.has('workers') ? patch.workers : [],
      workers_gone: topics.has('workers') ? patch.workers_gone : [],
      queues: topics.has('queues') ? patch.queues : null,
    };
  }
}

function seen(patch: Patch, reader: PatchReader): Patch {
  const { sight } = reader.grant;
  if (sight.isWhole) return patch;
  return {
    ...patch,
    tasks: patch.tasks.filter((row) => sight.row(row)).map((row) => sight.shown(row)),
    workers: patch.workers.map((row) => seenWorker(sight, row)),
    queues: patch.queues && seenQueues(sight, patch.queues),
    figures: patch.figures && seenFigures(sight, patch.figures),
    operations: patch.operations.filter(({ who }) => who === nameOf(reader)),
  };
}
