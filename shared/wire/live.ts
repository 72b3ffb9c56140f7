// WebSocket frames of /api/v2/live, JSON text both ways. Types only.
// The server sends hello, then snapshot, then numbered patches, at most ten a second. After a break the page says
// resume { seq }: it gets the patches it missed, or a snapshot when they are no longer kept. A reader too slow for the stream
// gets a snapshot instead of a queue of patches. A page subscribes to the topics it shows; what it newly subscribes to comes in a
// snapshot. Figures, cluster, operations and counts come to everybody.
import type { ClusterInfo } from './cluster.ts';
import type { OperationRecord } from './operations.ts';
import type { Figures } from './overview.ts';
import type { QueueRow } from './queues.ts';
import type { Progress, TaskRow } from './tasks.ts';
import type { WorkerRow } from './workers.ts';

export interface Hello {
  type: 'hello';
  /** Changes when the server restarts: numbers of another epoch cannot be resumed. */
  epoch: string;
  seq: number;
  server_time: number;
}

export interface Snapshot {
  type: 'snapshot';
  epoch: string;
  seq: number;
  cluster: ClusterInfo;
  figures: Figures;
  /** null: not subscribed to, or known from before; so are the next two. */
  workers: WorkerRow[] | null;
  queues: QueueRow[] | null;
  /** The newest 200, newest first. */
  tasks: TaskRow[] | null;
}

/** What a page may show of the cluster, each with rows of its own. */
export type Topic = 'tasks' | 'workers' | 'queues';

export interface Patch {
  type: 'patch';
  seq: number;
  /**
   * Whole rows that changed, newest first: at most 200, and under a flood some fifty a second. `tasks_changed` tells how many there were; those left out come
   * with later patches unless newer ones take their place.
   */
  tasks: TaskRow[];
  tasks_changed: number;
  /** Tasks first seen in this patch. */
  tasks_new: number;
  /** Sent when changed, about twice a second at most. */
  workers: WorkerRow[];
  /** hostnames forgotten */
  workers_gone: string[];
  /** Sent when changed, about once a second at most. */
  queues: QueueRow[] | null;
  figures: Figures | null;
  cluster: ClusterInfo | null;
  /** New ones, and those whose effect changed: the same id again. */
  operations: OperationRecord[];
  /** Of tasks this socket watches, when it changed. */
  progress?: Progress[];
}

export interface Bye {
  type: 'bye';
  reason: string;
}

export type ServerFrame = Hello | Snapshot | Patch | Bye;

/**
 * `watch`: rows of these tasks come in every patch, subscribed or not. `subscribe`: from now on these topics, and no others; before the
 * first one all of them.
 */
export type ClientFrame =
  | { type: 'resume'; epoch: string; seq: number }
  | { type: 'watch'; tasks: string[] }
  | { type: 'subscribe'; topics: Topic[] };
