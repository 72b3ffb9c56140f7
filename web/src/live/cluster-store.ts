// The live picture: snapshot and patches merged into one immutable state, bursts batched into one render.
// The wire: socket.ts. Who reads it: hooks.ts. Holds: rows that did not change keep their identity.
import type { ClusterInfo } from '../../../shared/wire/cluster.ts';
import type { Patch, ServerFrame, Snapshot } from '../../../shared/wire/live.ts';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import type { Figures } from '../../../shared/wire/overview.ts';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import type { Progress, TaskRow } from '../../../shared/wire/tasks.ts';
import type { WorkerRow } from '../../../shared/wire/workers.ts';
import type { LiveState } from './socket.ts';

export interface Picture {
  connection: LiveState;
  cluster: ClusterInfo | null;
  figures: Figures | null;
  workers: ReadonlyMap<string, WorkerRow>;
  queues: readonly QueueRow[];
  /** The tasks that changed of late, newest change last. */
  tasks: ReadonlyMap<string, TaskRow>;
  operations: readonly OperationRecord[];
  /** Stored states of watched tasks. */
  progress: ReadonlyMap<string, Progress>;
  /** Counts since the page was opened: what lists watch to know that there is something newer. */
  seen: { changed: number; created: number; snapshots: number };
  /** Page clock of the newest frame; of a line that broke before its first, when it was opened. 0: not open yet. @unit milliseconds */
  heardAt: number;
  /** Server clock minus page clock. @unit milliseconds */
  skewMs: number;
}

export const EMPTY: Picture = {
  connection: { mode: 'connecting' },
  cluster: null,
  figures: null,
  workers: new Map(),
  queues: [],
  tasks: new Map(),
  operations: [],
  progress: new Map(),
  seen: { changed: 0, created: 0, snapshots: 0 },
  heardAt: 0,
  skewMs: 0,
};

/** How many changed tasks are kept for rows, proofs and open details. */
const KEPT_TASKS = 1000;
const KEPT_OPERATIONS = 50;
const KEPT_PROGRESS = 50;

export function applySnapshot(picture: Picture, snapshot: Snapshot): Picture {
  return {
    ...picture,
    cluster: snapshot.cluster,
    figures: snapshot.figures,
    workers: snapshot.workers ? new Map(snapshot.workers.map((row) => [row.hostname, row])) : picture.workers,
    queues: snapshot.queues ?? picture.queues,
    tasks: snapshot.tasks ? new Map(snapshot.tasks.toReversed().map((row) => [row.uuid, row])) : picture.tasks,
    seen: { ...picture.seen, snapshots: picture.seen.snapshots + 1 },
  };
}

export function applyPatches(picture: Picture, patches: readonly Patch[]): Picture {
  if (patches.length === 0) return picture;
  const next = { ...picture, seen: { ...picture.seen } };
  const tasks = new Map(picture.tasks);
  let workers: Map<string, WorkerRow> | null = null;
  let progress: Map<string, Progress> | null = null;
  for (const patch of patches) {
    for (const row of patch.tasks.toReversed()) {
      tasks.delete(row.uuid);
      tasks.set(row.uuid, row);
    }
    next.seen.changed += patch.tasks_changed;
    next.seen.created += patch.tasks_new;
    if (patch.workers.length > 0 || patch.workers_gone.length > 0) {
      workers ??= new Map(picture.workers);
      for (const row of patch.workers) workers.set(row.hostname, row);
      for (const hostname of patch.workers_gone) workers.delete(hostname);
    }
    if (patch.queues) next.queues = patch.queues;
    if (patch.figures) next.figures = patch.figures;
    // A patch is the same for every reader: who one is stands in the snapshot alone.
    if (patch.cluster) {
      // Patches are the same for everybody: who one is and may, the snapshot told.
      const {
        user = null,
        role = 'viewer',
        via = 'nothing',
        read_only = patch.cluster.read_only,
      } = picture.cluster ?? {};
      next.cluster = { ...patch.cluster, user, role, via, read_only };
    }
    for (const one of patch.progress ?? []) {
      progress ??= new Map(picture.progress);
      progress.delete(one.task_id);
      progress.set(one.task_id, one);
    }
    if (patch.operations.length > 0) {
      const known = new Set(patch.operations.map((op) => op.id));
      next.operations = [...patch.operations, ...next.operations.filter((op) => !known.has(op.id))].slice(
        0,
        KEPT_OPERATIONS,
      );
    }
  }
  for (const uuid of tasks.keys()) {
    if (tasks.size <= KEPT_TASKS) break;
    tasks.delete(uuid);
  }
  next.tasks = tasks;
  if (workers) next.workers = workers;
  if (progress) {
    for (const uuid of progress.keys()) {
      if (progress.size <= KEPT_PROGRESS) break;
      progress.delete(uuid);
    }
    next.progress = progress;
  }
  return next;
}

export interface ClusterStoreOptions {
  /** Calls `flush` at the next time it is worth rendering. */
  draw: (flush: () => void) => void;
  /** Page time. @unit milliseconds @default Date.now */
  now?: () => number;
  /** What it begins with. @default nothing heard yet */
  picture?: Picture;
}

export class ClusterStore {
  #picture: Picture;
  #listeners = new Set<() => void>();
  #waiting: Patch[] = [];
  #scheduled = false;
  readonly #draw: (flush: () => void) => void;
  readonly #now: () => number;

  constructor({ draw, now = Date.now, picture = EMPTY }: ClusterStoreOptions) {
    this.#draw = draw;
    this.#now = now;
    this.#picture = picture;
  }

  get = (): Picture => this.#picture;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  frame = (frame: ServerFrame): void => {
    switch (frame.type) {
      case 'hello':
        this.#set({ ...this.#picture, skewMs: frame.server_time * 1000 - this.#now(), heardAt: this.#now() });
        return;
      case 'snapshot':
        this.#waiting = [];
        this.#set({ ...applySnapshot(this.#picture, frame), heardAt: this.#now() });
        return;
      case 'patch':
        this.#waiting.push(frame);
        this.#schedule();
        return;
      case 'bye':
        return;
    }
  };

  connection = (connection: LiveState): void => {
    const { heardAt } = this.#picture;
    const unheard = heardAt === 0 && connection.mode === 'lost';
    this.#set({ ...this.#picture, connection, heardAt: unheard ? connection.since : heardAt });
  };

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#draw(() => {
      if (!this.#scheduled) return;
      this.#scheduled = false;
      const patches = this.#waiting;
      this.#waiting = [];
      if (patches.length > 0) this.#set({ ...applyPatches(this.#picture, patches), heardAt: this.#now() });
    });
  }

  #set(picture: Picture): void {
    this.#picture = picture;
    for (const listener of this.#listeners) listener();
  }
}
