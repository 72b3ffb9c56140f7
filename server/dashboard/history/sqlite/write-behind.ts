// What waits to be written: changes are merged here while the writer is busy or cannot write, and go to it in batches, in the order in
// which they came. Failing, a batch stays as it is and is tried again.
// Not here: the threads and the file (history.ts), writing (write.ts).
// Holds: one batch is on its way at a time, and a task goes in it together with its ends, so that a row says what is counted; memory
// is bounded by the number of tasks, of ends, and by the size of their texts: beyond it the oldest are given up, a task together with
// its ends, so that rows and roll-ups stay one truth, and counted; once the whole text of a field is on disk, memory keeps its
// beginning only.
import type { Batch, TryEnd } from '../../../../shared/events/cluster-state.ts';
import { LONG_FIELDS, type LongField, type TaskRecord, type TryRecord } from '../../../../shared/events/task-record.ts';
import type { WorkerRecord } from '../../../../shared/events/worker-record.ts';
import type { Heard } from '../contract.ts';
import { beginning, forgetStored, ROW_TEXT } from '../rows.ts';
import { emptyWire, FINISH_WIDTH, type Flat, pushFinish, pushTask, pushWorker, type WireBatch } from './flat.ts';

export interface Bounds {
  /** Tasks with changes. */
  readonly tasks: number;
  /** Ends of tries. */
  readonly finishes: number;
  /** Of the texts of those tasks. @unit characters */
  readonly text: number;
  /** Values of gauges. */
  readonly gauges: number;
}
const BOUNDS: Bounds = { tasks: 250_000, finishes: 750_000, text: 64 * 1024 * 1024, gauges: 100_000 };

/** Of one batch, so that the writer is never busy for long. */
const BATCH_TASKS = 10_000;

interface LongText {
  record: TaskRecord;
  field: LongField;
  text: string;
}
export interface Work {
  readonly wire: WireBatch;
  readonly records: readonly TaskRecord[];
  readonly long: readonly LongText[];
  readonly longTries: readonly TryRecord[];
}

/** A task with changes. */
interface Waiting {
  record: TaskRecord;
  /** Of its texts. @unit characters */
  size: number;
  /** Of its tries, in the order in which they came. */
  finishes: Flat | null;
}

export class WriteBehind {
  readonly #bounds: Bounds;
  readonly #tasks = new Map<string, Waiting>();
  #textSize = 0;
  #finishCount = 0;
  readonly #givenUp = new WeakSet<TaskRecord>();
  readonly #workers = new Map<string, WorkerRecord>();
  #gone = new Set<string>();
  #gauges = new Map<number, Map<string, number>>();
  #gaugeCount = 0;
  #heard: Heard | null = null;
  /** States of tasks whose record has been replaced by another one since. */
  #early: WireBatch | null = null;
  #inFlight: Work | null = null;
  /** Tasks whose changes were given up. */
  givenUp = 0;

  constructor(bounds: Bounds = BOUNDS) {
    this.#bounds = bounds;
  }

  /** Tasks with changes that are not on disk. */
  get waiting(): number {
    return this.#tasks.size + (this.#inFlight?.records.length ?? 0);
  }
  get isEmpty(): boolean {
    return (
      this.#inFlight === null &&
      this.#early === null &&
      this.#tasks.size === 0 &&
      this.#workers.size === 0 &&
      this.#gone.size === 0 &&
      this.#gauges.size === 0 &&
      this.#heard === null
    );
  }

  add(batch: Pick<Batch, 'tasks' | 'finishes' | 'workers' | 'workersGone'>, heard: Heard | null): void {
    for (const record of batch.tasks) this.#addTask(record);
    for (const finish of batch.finishes) this.#addFinish(finish);
    for (const hostname of batch.workersGone) {
      this.#workers.delete(hostname);
      this.#gone.add(hostname);
    }
    for (const w of batch.workers) {
      this.#workers.set(w.hostname, w);
      this.#gone.delete(w.hostname);
    }
    if (heard) this.#addHeard(heard);
    const { tasks, finishes, text } = this.#bounds;
    if (this.#tasks.size > tasks || this.#finishCount > finishes || this.#textSize > text) this.#giveUp();
  }

  addGauges(values: Readonly<Record<string, number>>, bucket: number): void {
    let one = this.#gauges.get(bucket);
    if (!one) {
      one = new Map();
      this.#gauges.set(bucket, one);
    }
    for (const name in values) {
      if (!one.has(name)) this.#gaugeCount++;
      one.set(name, values[name]!);
    }
    for (const [oldest, kept] of this.#gauges) {
      if (this.#gaugeCount <= this.#bounds.gauges || this.#gauges.size === 1) break;
      this.#gaugeCount -= kept.size;
      this.#gauges.delete(oldest);
    }
  }

  /** The batch to write now: the one that failed again, or the next; null: there is nothing. `done` when it is on disk. */
  next(): Work | null {
    if (this.#inFlight !== null || this.isEmpty) return this.#inFlight;
    const wire = this.#early ?? emptyWire();
    this.#early = null;
    const records: TaskRecord[] = [];
    for (const waiting of this.#tasks.values()) {
      if (records.length >= BATCH_TASKS) break;
      this.#forget(waiting);
      pushTask(wire, waiting.record);
      if (waiting.finishes) wire.finishes.push(...waiting.finishes);
      records.push(waiting.record);
    }
    for (const w of this.#workers.values()) pushWorker(wire, w);
    wire.gone = [...this.#gone];
    for (const [bucket, values] of this.#gauges)
      for (const [name, value] of values) wire.gauges.push(name, bucket, value);
    this.#workers.clear();
    this.#gone = new Set();
    this.#gauges = new Map();
    this.#gaugeCount = 0;
    // What was heard is said to be heard when all of it is on disk.
    if (this.#tasks.size === 0) {
      wire.heard = this.#heard;
      this.#heard = null;
    }
    this.#inFlight = { wire, records, ...longTexts(records) };
    return this.#inFlight;
  }

  /** A change of it was given up at any time. */
  wasGivenUp(record: TaskRecord): boolean {
    return this.#givenUp.has(record);
  }

  /** The batch is on disk. @param missing tasks of it that have no row: they are written whole with the next */
  done(work: Work, missing: readonly string[]): void {
    this.#inFlight = null;
    const lost = new Set(missing);
    for (const record of work.records) {
      if (!lost.has(record.uuid)) continue;
      forgetStored(record);
      this.#addTask(record);
    }
    for (const { record, field, text } of work.long) {
      if (lost.has(record.uuid) || record[field] !== text) continue;
      record[field] = ownText(beginning(text));
      record.longer ??= [];
      if (!record.longer.includes(field)) record.longer.push(field);
    }
    for (const one of work.longTries) {
      one.exception = one.exception && ownText(beginning(one.exception));
      one.traceback = one.traceback && ownText(beginning(one.traceback));
      one.cut = true;
    }
  }

  #addTask(record: TaskRecord): void {
    const known = this.#tasks.get(record.uuid);
    if (known && known.record !== record) {
      // The older record has left memory since: what it knew is written before.
      this.#early ??= emptyWire();
      pushTask(this.#early, known.record);
    }
    const size = textSize(record);
    this.#textSize += size - (known?.size ?? 0);
    if (known) Object.assign(known, { record, size });
    else this.#tasks.set(record.uuid, { record, size, finishes: null });
  }

  #addFinish(finish: TryEnd): void {
    const { task } = finish;
    if (!this.#tasks.has(task.uuid)) this.#addTask(task);
    const waiting = this.#tasks.get(task.uuid)!;
    waiting.finishes ??= [];
    pushFinish(waiting.finishes, finish);
    this.#finishCount++;
  }

  #forget({ record, size, finishes }: Waiting): void {
    this.#tasks.delete(record.uuid);
    this.#textSize -= size;
    this.#finishCount -= (finishes?.length ?? 0) / FINISH_WIDTH;
  }

  #addHeard({ at, rate, knewAll, workers }: Heard): void {
    const merged = new Map((this.#heard?.workers ?? []).map((w) => [w.hostname, w]));
    for (const w of workers) merged.set(w.hostname, w);
    this.#heard = { at, rate, knewAll, workers: [...merged.values()] };
  }

  /** A tenth at once, the oldest first. */
  #giveUp(): void {
    const { tasks, finishes, text } = this.#bounds;
    for (const waiting of this.#tasks.values()) {
      const isTooMuch = this.#tasks.size > tasks * 0.9 || this.#textSize > text * 0.9;
      const isTooManyFinishes = this.#finishCount > finishes * 0.9;
      if (!isTooMuch && !isTooManyFinishes) return;
      if (!isTooMuch && waiting.finishes === null) continue;
      this.#forget(waiting);
      this.#givenUp.add(waiting.record);
      this.givenUp++;
    }
  }
}

function textSize(t: TaskRecord): number {
  let size = 0;
  for (const field of LONG_FIELDS) size += t[field]?.length ?? 0;
  return size;
}

function longTexts(records: readonly TaskRecord[]): Pick<Work, 'long' | 'longTries'> {
  const long: LongText[] = [];
  const longTries: TryRecord[] = [];
  const isLong = (text: string | null) => text !== null && text.length > ROW_TEXT;
  for (const record of records) {
    for (const field of LONG_FIELDS) {
      const text = record[field];
      if (isLong(text)) long.push({ record, field, text: text! });
    }
    for (const one of record.tries ?? [])
      if (!one.cut && (isLong(one.exception) || isLong(one.traceback))) longTries.push(one);
  }
  return { long, longTries };
}

/** A slice would keep the whole text in memory. */
function ownText(slice: string): string {
  return Buffer.from(slice, 'utf16le').toString('utf16le');
}
