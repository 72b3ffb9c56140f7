// What changed, gathered and numbered, for everyone who looks on: at most four patches a second, and a ring of the last ones.
// Not here: who is connected and how fast each reads (socket.ts).
// Holds: numbers rise by one; the same record appears once in a patch, as it is when the patch is cut; nothing is gathered while
// nobody looks on; a quiet cluster still says a word every WORD_MS, by which a page knows that the line is good.
import { randomUUID } from 'node:crypto';
import type { Batch } from '../../../shared/events/cluster-state.ts';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import { jsonText } from '../../../shared/json-text.ts';
import type { ClusterInfo, Figures, OperationRecord, QueueRow } from '../../../shared/wire/http.ts';
import type { Patch, Snapshot } from '../../../shared/wire/live.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { withUnknown } from '../cluster/held.ts';
import { clusterInfo, figures, queueRows, workerRow, workerRows } from '../cluster/rows.ts';
import { toRow } from '../history/rows.ts';

export const PATCH_MS = 250;
export const MAX_TASKS = 200;
/** Pages open the line anew after 20 s of silence (web/src/live/socket.ts). */
export const WORD_MS = 5000;
const RING = 120;
const RECENT = 200;

/** A patch as text, and what a watcher of single tasks may still need of it. */
export interface NumberedPatch {
  readonly seq: number;
  readonly text: string;
  readonly patch: Patch;
  /** Changed tasks that did not fit; null when all did. */
  readonly rest: Map<string, TaskRecord> | null;
}

export class Feed {
  readonly epoch = randomUUID();
  readonly #cluster: Cluster;
  readonly #timer: Timer;
  readonly #version: string;
  #lastWordMs = 0;
  readonly #ring: NumberedPatch[] = [];
  readonly #listeners = new Set<(patch: NumberedPatch) => void>();
  readonly #timers: TimerHandle[] = [];
  #tasks = new Map<string, TaskRecord>();
  #created = 0;
  #workers = new Set<WorkerRecord>();
  #gone: string[] = [];
  #operations: OperationRecord[] = [];
  #seq = 0;
  #touched = false;
  #said = { queues: '', figures: '', cluster: '' };
  #slow = { queues: null as QueueRow[] | null, figures: null as Figures | null, cluster: null as ClusterInfo | null };

  constructor(cluster: Cluster, timer: Timer, version: string) {
    this.#cluster = cluster;
    this.#timer = timer;
    this.#version = version;
    cluster.onBatch((batch) => this.#gather(batch));
    cluster.inspector.onAnswers((hostnames) => {
      for (const hostname of hostnames) {
        const w = cluster.state.workers.get(hostname);
        if (w) this.#workers.add(w);
      }
    });
    this.#timers.push(
      timer.every(PATCH_MS, () => this.#cut()),
      timer.every(1000, () => this.#look()),
    );
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

  async snapshot(user: string | null): Promise<Snapshot> {
    const cluster = this.#cluster;
    const stored = await cluster.history
      .tasks({
        tree: null,
        states: null,
        from: null,
        to: null,
        sort: 'first_seen',
        descending: true,
        cursor: null,
        limit: RECENT,
      })
      .then((page) => page.items)
      // The history does not answer: what memory has is better than an empty list.
      .catch(() => newest(cluster.state.tasks).slice(0, RECENT).map(toRow));
    const tasks = stored.map((row) => {
      const record = cluster.state.tasks.get(row.uuid);
      return withUnknown(cluster, record ? toRow(record) : row);
    });
    const queues = queueRows(cluster);
    const workers = workerRows(cluster);
    return {
      type: 'snapshot',
      epoch: this.epoch,
      seq: this.#seq,
      cluster: clusterInfo(cluster, this.#version, user),
      figures: figures(cluster, queues, workers),
      workers,
      queues,
      tasks,
    };
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
  #look(): void {
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
      const isWordDue = name === 'cluster' && this.#timer.monotonic() - this.#lastWordMs >= WORD_MS;
      if (text === this.#said[name] && !isWordDue) continue;
      this.#said[name] = text;
      (this.#slow as Record<string, unknown>)[name] = now[name];
    }
  }

  #cut(): void {
    const { queues, figures: fig, cluster: info } = this.#slow;
    const nothing =
      this.#tasks.size === 0 && this.#workers.size === 0 && this.#gone.length === 0 && this.#operations.length === 0;
    if (nothing && !this.#touched && queues === null && fig === null && info === null) return;
    this.#touched = false;
    const changed = this.#tasks;
    const sorted = newest(changed);
    const shown = sorted.slice(0, MAX_TASKS);
    const patch: Patch = {
      type: 'patch',
      seq: ++this.#seq,
      tasks: shown.map((task) => withUnknown(this.#cluster, toRow(task))),
      tasks_changed: changed.size,
      tasks_new: this.#created,
      workers: [...this.#workers].map((w) => workerRow(this.#cluster, w)),
      workers_gone: this.#gone,
      queues,
      figures: fig,
      cluster: info,
      operations: this.#operations,
    };
    const numbered: NumberedPatch = {
      seq: patch.seq,
      text: jsonText(patch),
      patch,
      rest: changed.size > shown.length ? changed : null,
    };
    this.#tasks = new Map();
    this.#created = 0;
    this.#workers = new Set();
    this.#gone = [];
    this.#operations = [];
    this.#slow = { queues: null, figures: null, cluster: null };
    this.#lastWordMs = this.#timer.monotonic();
    this.#ring.push(numbered);
    if (this.#ring.length > RING) this.#ring.shift();
    for (const fn of this.#listeners) fn(numbered);
  }
}

/** What moves with every look and is worth no patch of its own. */
function unmoved(key: string, value: unknown): unknown {
  return key === 'server_time' || key === 'last_ok' || key === 'as_of' || key === 'latency_ms' ? undefined : value;
}

/** The newest by first_seen. Sorting tens of thousands to show two hundred would cost more than the merge did. */
function newest(tasks: Map<string, TaskRecord>): TaskRecord[] {
  let all = [...tasks.values()];
  if (all.length > 2000) {
    // The map is in order of change; those that changed last are as good a choice as any for a view nobody can read.
    all = all.slice(-MAX_TASKS * 2);
  }
  return all.sort((a, b) => b.first_seen - a.first_seen);
}
