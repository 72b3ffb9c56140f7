// What changed, gathered and numbered, for everyone who looks on: a patch for each batch of the cluster, and a ring of the last ones.
// Not here: when batches are cut (../cluster/cluster.ts), who is connected, to what and how fast each reads (socket.ts).
// Holds: numbers rise by one; the same record appears once in a patch, as it is when the patch is made; under a flood task rows stay
// within a budget of bytes, newest first; of a quiet cluster there is a patch every KEEPALIVE_MS, by which a page knows that the line is good.
import { randomUUID } from 'node:crypto';
import type { Batch } from '../../../shared/events/cluster-state.ts';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import { jsonText } from '../../../shared/json-text.ts';
import type { ClusterInfo } from '../../../shared/wire/cluster.ts';
import type { Patch, Snapshot } from '../../../shared/wire/live.ts';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import type { Figures } from '../../../shared/wire/overview.ts';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { Identity } from '../access/identity.ts';
import { seenFigures, seenQueues, seenWorker } from '../access/narrow.ts';
import type { Sight } from '../access/sight.ts';
import { clusterInfo, figures, queueRows, workerRow, workerRows } from '../cluster/rows.ts';
import type { ClusterView } from '../cluster/view.ts';
import { ROW_TEXT, toRow } from '../history/rows.ts';
import type { TaskRows } from '../views/task-rows.ts';
import { ALL_TOPICS, NumberedPatch, type Topics } from './patch.ts';

/** Task rows of one patch, and those that wait for a later one. */
export const MAX_TASKS = 200;
/** What task rows may take of a reader's line: some fifty rows a second, more than anybody can read. @unit bytes */
const TASK_BYTES_PER_SECOND = 45_000;
/** A burst after quiet: 200 rows of the common size. @unit bytes */
const TASK_BYTES_BURST = 160_000;
/** How often the rows of workers are sent: some of their figures change with every event. */
const WORKERS_EVERY_MS = 500;
/** Pages open the line anew after 20 s of silence (web/src/live/socket.ts). */
export const KEEPALIVE_MS = 5000;
/** Patches kept for those who resume: half a minute of a busy cluster. */
const MAX_PATCHES = 300;
/** Records that those patches keep beyond the rows they bring. Under a flood there are fewer patches: who resumes gets a snapshot. */
const MAX_KEPT = 20_000;
const RECENT = 200;

/** Who reads: what is told of oneself, and what one may see. */
export type Reader = Pick<Identity, 'name' | 'role' | 'via' | 'grant'>;

export class Feed {
  readonly epoch = randomUUID();
  readonly #cluster: ClusterView;
  readonly #rows: TaskRows;
  readonly #timer: Timer;
  readonly #version: string;
  #lastPatchMs = 0;
  readonly #ring: NumberedPatch[] = [];
  #kept = 0;
  readonly #listeners = new Set<(patch: NumberedPatch) => void>();
  readonly #timers: TimerHandle[] = [];
  #tasks = new Map<string, TaskRecord>();
  #created = 0;
  #workers = new Set<WorkerRecord>();
  #gone: string[] = [];
  #operations: OperationRecord[] = [];
  #seq = 0;
  #touched = false;
  /** As it was last sent, so that nothing goes out twice. */
  #lastSent = { queues: '', figures: '', cluster: '' };
  /** What the next patch brings of them. */
  #summary = {
    queues: null as QueueRow[] | null,
    figures: null as Figures | null,
    cluster: null as ClusterInfo | null,
  };
  /** Changed tasks that no patch has brought yet, oldest first. */
  #unsent = new Map<string, TaskRecord>();
  /** @unit bytes */
  #taskBudget = TASK_BYTES_BURST;
  #budgetMs: number;
  #workersMs = Number.NEGATIVE_INFINITY;

  constructor(cluster: ClusterView, rows: TaskRows, timer: Timer, version: string) {
    this.#cluster = cluster;
    this.#rows = rows;
    this.#timer = timer;
    this.#version = version;
    this.#budgetMs = timer.monotonic();
    cluster.onBatch((batch) => {
      this.#gather(batch);
      this.#send();
    });
    cluster.onAnswers((hostnames) => {
      for (const hostname of hostnames) {
        const w = cluster.workers.get(hostname);
        if (w) this.#workers.add(w);
      }
    });
    this.#timers.push(timer.every(1000, () => this.#summarize()));
  }

  get seq(): number {
    return this.#seq;
  }
  get readers(): number {
    return this.#listeners.size;
  }

  onPatch(fn: (patch: NumberedPatch) => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /** An operation was done: it goes out with the next patch. */
  operation(record: OperationRecord): void {
    this.#operations.push(record);
  }

  /** Something that sockets add to a patch has changed: let there be one. */
  touch(): void {
    this.#touched = true;
  }

  /** The patches after `seq`, or null when they are no longer kept. */
  since(epoch: string, seq: number): NumberedPatch[] | null {
    if (epoch !== this.epoch || seq > this.#seq) return null;
    if (seq === this.#seq) return [];
    const first = this.#ring[0];
    if (!first || first.seq > seq + 1) return null;
    return this.#ring.filter((p) => p.seq > seq);
  }

  /** @param topics those the reader needs rows of */
  async snapshot(reader: Reader, topics: Topics = ALL_TOPICS): Promise<Snapshot> {
    const cluster = this.#cluster;
    const { sight } = reader.grant;
    const tasks = topics.has('tasks') ? await this.#recentTasks(sight) : null;
    const queues = seenQueues(sight, queueRows(cluster));
    const workers = workerRows(cluster).map((row) => seenWorker(sight, row));
    return {
      type: 'snapshot',
      epoch: this.epoch,
      seq: this.#seq,
      cluster: clusterInfo(cluster, this.#version, reader),
      figures: seenFigures(sight, figures(cluster, queueRows(cluster), workers)),
      workers: topics.has('workers') ? workers : null,
      queues: topics.has('queues') ? queues : null,
      tasks,
    };
  }

  /** What memory has is newer than what is stored, and may not be stored yet. */
  async #recentTasks(sight: Sight): Promise<TaskRow[]> {
    const { history, tasks } = this.#cluster;
    const asked = { tree: sight.tree, states: null, from: null, to: null, cursor: null, limit: RECENT };
    const stored = await history
      .tasks({ ...asked, sort: 'first_seen', descending: true })
      .then((page) => page.items)
      // The history does not answer: what memory has is better than an empty list.
      .catch((): TaskRow[] => []);
    const rows = new Map(stored.map((row) => [row.uuid, row]));
    const seen = sight.isWhole ? tasks : new Map([...tasks].filter(([, task]) => sight.row(task)));
    for (const record of newest(seen).slice(0, RECENT)) rows.set(record.uuid, toRow(record));
    for (const uuid of rows.keys()) {
      const record = tasks.get(uuid);
      if (record) rows.set(uuid, toRow(record));
    }
    const sorted = [...rows.values()].filter((row) => sight.row(row)).sort((a, b) => b.first_seen - a.first_seen);
    return sorted.slice(0, RECENT).map((row) => sight.shown(this.#rows.shown(row)));
  }

  /** As memory has it; null: it has not. */
  known(uuid: string): TaskRecord | null {
    return this.#cluster.tasks.get(uuid) ?? null;
  }

  /** As every page shows it. */
  row(record: TaskRecord): TaskRow {
    return this.#rows.shown(toRow(record));
  }

  stop(): void {
    for (const handle of this.#timers) handle.cancel();
    this.#listeners.clear();
  }

  #gather(batch: Batch): void {
    for (const task of batch.tasks) this.#tasks.set(task.uuid, task);
    this.#created += batch.created;
    for (const w of batch.workers) this.#workers.add(w);
    this.#gone.push(...batch.workersGone);
  }

  /** Once a second: what changes all the time is said when it is different. */
  #summarize(): void {
    if (this.#listeners.size === 0) return;
    const cluster = this.#cluster;
    const queues = queueRows(cluster);
    const workers = workerRows(cluster);
    const now = {
      queues,
      figures: figures(cluster, queues, workers),
      cluster: clusterInfo(cluster, this.#version, null),
    };
    for (const name of ['queues', 'figures', 'cluster'] as const) {
      const text = jsonText(name === 'queues' ? queues.map(({ probed: _, ...q }) => q) : now[name], unmoved);
      const keepaliveDue = name === 'cluster' && this.#timer.monotonic() - this.#lastPatchMs >= KEEPALIVE_MS;
      if (text === this.#lastSent[name] && !keepaliveDue) continue;
      this.#lastSent[name] = text;
      (this.#summary as Record<string, unknown>)[name] = now[name];
    }
  }

  #send(): void {
    const changed = this.#tasks;
    const tasks = this.#nextTasks(changed);
    const workers = this.#nextWorkers();
    const { queues, figures: fig, cluster: info } = this.#summary;
    const isEmpty =
      changed.size === 0 &&
      tasks.length === 0 &&
      workers.length === 0 &&
      this.#gone.length === 0 &&
      this.#operations.length === 0;
    if (isEmpty && !this.#touched && queues === null && fig === null && info === null) return;
    this.#touched = false;
    const patch: Patch = {
      type: 'patch',
      seq: ++this.#seq,
      tasks: tasks.map((task) => this.row(task)),
      tasks_changed: changed.size,
      tasks_new: this.#created,
      workers: workers.map((w) => workerRow(this.#cluster, w)),
      workers_gone: this.#gone,
      queues,
      figures: fig,
      cluster: info,
      operations: this.#operations,
    };
    const numbered = new NumberedPatch(patch, this.#unsent.size > 0 || changed.size > tasks.length ? changed : null);
    this.#tasks = new Map();
    this.#created = 0;
    this.#gone = [];
    this.#operations = [];
    this.#summary = { queues: null, figures: null, cluster: null };
    this.#lastPatchMs = this.#timer.monotonic();
    this.#keep(numbered);
    for (const fn of this.#listeners) fn(numbered);
  }

  #keep(patch: NumberedPatch): void {
    this.#ring.push(patch);
    this.#kept += patch.rest?.size ?? 0;
    while (this.#ring.length > MAX_PATCHES || (this.#kept > MAX_KEPT && this.#ring.length > 1))
      this.#kept -= this.#ring.shift()!.rest?.size ?? 0;
  }

  /** The newest of those that changed, within the budget. */
  #nextTasks(changed: ReadonlyMap<string, TaskRecord>): TaskRecord[] {
    const nowMs = this.#timer.monotonic();
    const earned = ((nowMs - this.#budgetMs) / 1000) * TASK_BYTES_PER_SECOND;
    this.#budgetMs = nowMs;
    this.#taskBudget = Math.min(TASK_BYTES_BURST, this.#taskBudget + earned);
    if (changed.size === 0 && this.#unsent.size === 0) return [];
    for (const [uuid, task] of changed) this.#unsent.set(uuid, task);
    const sorted = newest(this.#unsent);
    let count = 0;
    for (; count < Math.min(sorted.length, MAX_TASKS) && this.#taskBudget > 0; count++)
      this.#taskBudget -= rowSize(sorted[count]!);
    this.#unsent = new Map(sorted.slice(count, count + MAX_TASKS).map((task) => [task.uuid, task]));
    return sorted.slice(0, count);
  }

  #nextWorkers(): WorkerRecord[] {
    const nowMs = this.#timer.monotonic();
    if (this.#workers.size === 0 || nowMs - this.#workersMs < WORKERS_EVERY_MS) return [];
    this.#workersMs = nowMs;
    const next = [...this.#workers];
    this.#workers = new Set();
    return next;
  }
}

/** About what a row of it takes on the wire. @unit bytes */
function rowSize({ args, kwargs, result, exception }: TaskRecord): number {
  let size = 800;
  for (const text of [args, kwargs, result, exception]) size += Math.min(text?.length ?? 0, ROW_TEXT);
  return size;
}

/** What moves with every look and is worth no patch of its own. */
function unmoved(key: string, value: unknown): unknown {
  return key === 'server_time' || key === 'last_ok' || key === 'as_of' || key === 'latency_ms' ? undefined : value;
}

/** The newest by first_seen. Sorting tens of thousands to show two hundred would cost more than the merge did. */
function newest(tasks: ReadonlyMap<string, TaskRecord>): TaskRecord[] {
  let all = [...tasks.values()];
  if (all.length > 2000) {
    // The map is in order of change; those that changed last are as good a choice as any for a view nobody can read.
    all = all.slice(-MAX_TASKS * 2);
  }
  return all.sort((a, b) => b.first_seen - a.first_seen);
}
