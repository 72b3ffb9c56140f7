// WebSocket frames of /api/v2/live, JSON text both ways. Types only.
// The server sends hello, then snapshot, then numbered patches, at most four a second. After a break the page says
// resume { seq }: it gets the patches it missed, or a snapshot when they are no longer kept. A reader too slow for the stream
// gets a snapshot instead of a queue of patches.
import type { ClusterInfo, Figures, OperationRecord, Progress, QueueRow, TaskRow, WorkerRow } from './http.ts';

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
  workers: WorkerRow[];
  queues: QueueRow[];
  /** The newest 200, newest first. */
  tasks: TaskRow[];
}

export interface Patch {
  type: 'patch';
  seq: number;
  /** Whole rows that changed; at most 200, newest first. `tasks_changed` tells how many there were. */
  tasks: TaskRow[];
  tasks_changed: number;
  /** Tasks first seen in this patch. */
  tasks_new: number;
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

/** `watch`: this task's rows come in every patch, even when more than 200 changed. */
export type ClientFrame = { type: 'resume'; epoch: string; seq: number } | { type: 'watch'; tasks: string[] };
