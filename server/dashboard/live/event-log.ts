// What was heard of tasks and workers, event by event and numbered: the last ones are kept for streams that come back or read slowly.
// Not here: one stream's reading of it (event-reader.ts), what pages get instead (feed.ts), what is kept for good (../history/).
// Holds: nothing is kept while nobody reads, or has for FORGET_MS; what is kept has a bound in number and in size; numbers of one epoch
// rise by one, and say truthfully how many are between two of them.
import { randomUUID } from 'node:crypto';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import type { StreamGap } from '../../../shared/wire/events.ts';
import type { TimerHandle } from '../../timer.ts';
import type { ClusterView } from '../cluster/view.ts';

const MAX_ENTRIES = 10_000;
/** @unit characters, about */
const MAX_SIZE = 8 * 1024 * 1024;
/** What an event takes beside its long texts. */
const COMMON_SIZE = 500;
const FORGET_MS = 5 * 60_000;
const LOOK_EVERY_MS = 1000;

export type LogEntry =
  | { readonly n: number; readonly size: number; readonly event: CeleryEvent; readonly task: TaskRecord | null }
  | { readonly n: number; readonly size: number; readonly gap: StreamGap };

export class EventLog {
  readonly #cluster: ClusterView;
  readonly #readers = new Set<() => void>();
  #epoch = randomUUID() as string;
  #entries: LogEntry[] = [];
  /** Where the oldest that is kept stands in `#entries`. */
  #head = 0;
  #size = 0;
  #last = 0;
  #lastGap = 0;
  #unsubscribe: (() => void) | null = null;
  #looking: TimerHandle | null = null;
  #forgetting: TimerHandle | null = null;

  constructor(cluster: ClusterView) {
    this.#cluster = cluster;
  }

  /** The number of the newest. */
  get last(): number {
    return this.#last;
  }

  /** What stands for a number outside: those of another epoch mean nothing here. */
  idOf(n: number): string {
    return `${this.#epoch}.${n}`;
  }

  /** The number of an id that was given out here; null: it was not, or what came after it was not written down. */
  numberOf(id: string): number | null {
    const [epoch, digits] = id.split('.');
    if (epoch !== this.#epoch || !/^\d{1,15}$/.test(digits ?? '')) return null;
    const n = Number(digits);
    return n <= this.#last ? n : null;
  }

  /** How many after `n` are no longer kept. */
  missing(n: number): number {
    return Math.max(0, this.#last - (this.#entries.length - this.#head) - n);
  }

  /** Those after `n`, oldest first. */
  *after(n: number): Generator<LogEntry> {
    const kept = this.#entries.length - this.#head;
    for (let i = this.#head + Math.max(0, n - (this.#last - kept)); i < this.#entries.length; i++)
      yield this.#entries[i]!;
  }

  /** Begins to keep, if nobody read. @param grown called when there are more  @returns ends it */
  read(grown: () => void): () => void {
    this.#begin();
    this.#readers.add(grown);
    return () => {
      this.#readers.delete(grown);
      if (this.#readers.size === 0)
        this.#forgetting ??= this.#cluster.timer.after(FORGET_MS, () => {
          this.stop();
          this.#epoch = randomUUID();
        });
    };
  }

  stop(): void {
    for (const handle of [this.#looking, this.#forgetting]) handle?.cancel();
    this.#unsubscribe?.();
    this.#looking = this.#forgetting = this.#unsubscribe = null;
    this.#entries = [];
    this.#head = this.#size = 0;
  }

  #begin(): void {
    this.#forgetting?.cancel();
    this.#forgetting = null;
    if (this.#unsubscribe !== null) return;
    this.#lastGap = this.#newestGap()?.until ?? 0;
    this.#unsubscribe = this.#cluster.onEvents((events) => {
      for (const event of events) {
        const task = event.uuid === undefined ? undefined : this.#cluster.tasks.get(event.uuid);
        this.#add({ n: ++this.#last, size: sizeOf(event), event, task: task ?? null });
      }
      this.#notify();
    });
    this.#looking = this.#cluster.timer.every(LOOK_EVERY_MS, () => this.#lookForGap());
  }

  /** What the dashboard did not hear is told once it is counted. */
  #lookForGap(): void {
    const gap = this.#newestGap();
    if (!gap || gap.until === null || gap.until <= this.#lastGap) return;
    this.#lastGap = gap.until;
    const { events, events_is, since, until } = gap;
    if (events === 0) return;
    const streamed: StreamGap = { reason: 'not-heard', events, events_is, since, until };
    this.#add({ n: ++this.#last, size: COMMON_SIZE, gap: streamed });
    this.#notify();
  }

  /** Of those whose count is final. */
  #newestGap() {
    const { gaps } = this.#cluster.events;
    const measured = gaps.current?.since;
    return gaps.list().find(({ since, until }) => until !== null && since !== measured);
  }

  #add(entry: LogEntry): void {
    this.#entries.push(entry);
    this.#size += entry.size;
    while (this.#entries.length - this.#head > MAX_ENTRIES || this.#size > MAX_SIZE) {
      this.#size -= this.#entries[this.#head]!.size;
      this.#head++;
    }
    // Moved now and then, not with each.
    if (this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }

  #notify(): void {
    for (const grown of this.#readers) grown();
  }
}

function sizeOf(event: CeleryEvent): number {
  let size = COMMON_SIZE;
  for (const key in event) {
    const value = event[key];
    if (typeof value === 'string') size += value.length;
    // At most 8 KiB each, which the edge sees to.
    else if (typeof value === 'object' && value !== null) size += COMMON_SIZE;
  }
  return size;
}
