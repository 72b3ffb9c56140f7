// What waits to be written: changes are merged here while the writer is busy or cannot write, and go to it in batches, in the order in
// which they came. Failing, a batch stays as it is and is tried again.
// Not here: the threads and the file (history.ts), writing (write.ts).
// Holds: a few batches are under way at a time, so that the writer need not wait for this thread, and after a failure they go again in
// the same order; a task goes in a batch together with its ends, so that a row says what is counted; memory is bounded by the number of
// tasks, of ends, and by the size of their texts: beyond it the oldest are given up, a task together with its ends, so that rows and
// roll-ups stay one truth, and counted; once the whole text of a field is on disk, memory keeps its beginning only.
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
const MAX_UNDER_WAY = 4;
/** No further batch joins those under way when their texts take more than this. @unit characters */
const TEXT_UNDER_WAY = 8 * 1024 * 1024;

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
  /** Of the texts of its tasks. @unit characters */
  readonly size: number;
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
  /** In their order. The first `#sent` of them were handed out since the last failure. */
  readonly #underWay: Work[] = [];
  #sent = 0;
  #underWaySize = 0;
  /** Batches made so far. */
  #cuts = 0;
  /** Batches on disk. */
  written = 0;
  /** Tasks whose changes were given up. */
  givenUp = 0;

  constructor(bounds: Bounds = BOUNDS) {
    this.#bounds = bounds;
  }

  /** Tasks with changes that are not on disk. */
  get waiting(): number {
    return this.#underWay.reduce((sum, { records }) => sum + records.length, this.#tasks.size);
  }
  /** `written` once all that is known now is on disk, or sooner. */
  get mark(): number {
    return this.#cuts + (this.#isNothingLeft ? 0 : Math.max(1, Math.ceil(this.#tasks.size / BATCH_TASKS)));
  }
  get isEmpty(): boolean {
    return this.#underWay.length === 0 && this.#isNothingLeft;
  }
  get #isNothingLeft(): boolean {
    return (
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

  /**
   * The batch to send after those under way: one that is to go again, or a new one. null: there is nothing, or enough is under way.
   * `done` when it is on disk.
   */
  next(): Work | null {
    const again = this.#underWay[this.#sent];
    if (again) {
      this.#sent++;
      return again;
    }
    if (this.#isNothingLeft || this.#underWay.length >= MAX_UNDER_WAY || this.#underWaySize > TEXT_UNDER_WAY)
      return null;
    const work = this.#cut();
    this.#cuts++;
    this.#underWay.push(work);
    this.#sent++;
    this.#underWaySize += work.size;
    return work;
  }

  /** Whatever is under way was not written: it goes again, in its order. */
  failed(): void {
    this.#sent = 0;
  }

  #cut(): Work {
    const wire = this.#early ?? emptyWire();
    this.#early = null;
    const records: TaskRecord[] = [];
    const texts = { long: [] as LongText[], longTries: [] as TryRecord[] };
    let size = 0;
    for (const waiting of this.#tasks.values()) {
      if (records.length >= BATCH_TASKS) break;
      const { record, finishes } = waiting;
      this.#forget(waiting);
      pushTask(wire, record);
      if (finishes !== null) for (const value of finishes) wire.finishes.push(value);
      records.push(record);
      if (waiting.size > ROW_TEXT || record.tries !== null) addLongTexts(texts, record);
      size += waiting.size;
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
    return { wire, records, size, ...texts };
  }

  /** A change of it was given up at any time. */
  wasGivenUp(record: TaskRecord): boolean {
    return this.#givenUp.has(record);
  }

  /** The batch is on disk. @param missing tasks of it that have no row: they are written whole with the next */
  done(work: Work, missing: readonly string[]): void {
    this.#underWay.splice(this.#underWay.indexOf(work), 1);
    this.#sent--;
    this.#underWaySize -= work.size;
    this.written++;
    const lost = new Set(missing);
    if (lost.size > 0)
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

  #addTask(record: TaskRecord): Waiting {
    const known = this.#tasks.get(record.uuid);
    if (known && known.record !== record) {
      // The older record has left memory since: what it knew is written before.
      this.#early ??= emptyWire();
      pushTask(this.#early, known.record);
    }
    const size = textSize(record);
    this.#textSize += size - (known?.size ?? 0);
    if (known) {
      known.record = record;
      known.size = size;
      return known;
    }
    const waiting: Waiting = { record, size, finishes: null };
    this.#tasks.set(record.uuid, waiting);
    return waiting;
  }

  #addFinish(finish: TryEnd): void {
    const { task } = finish;
    const waiting = this.#tasks.get(task.uuid) ?? this.#addTask(task);
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

function addLongTexts({ long, longTries }: { long: LongText[]; longTries: TryRecord[] }, record: TaskRecord): void {
  const isLong = (text: string | null) => text !== null && text.length > ROW_TEXT;
  for (const field of LONG_FIELDS) {
    const text = record[field];
    if (isLong(text)) long.push({ record, field, text: text! });
  }
  for (const one of record.tries ?? [])
    if (!one.cut && (isLong(one.exception) || isLong(one.traceback))) longTries.push(one);
}

/** A slice would keep the whole text in memory. */
function ownText(slice: string): string {
  return Buffer.from(slice, 'utf16le').toString('utf16le');
}
