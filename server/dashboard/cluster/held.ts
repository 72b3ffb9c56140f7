// What a worker held when it fell silent, and since when nobody knows of a task.
// Not here: who is silent (worker-watch.ts); whether a task is to be sent again (../operations/).
// Holds: its last answer and its events together; an event younger than the answer has the last word; said as of when.
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import { ENDED_STATES } from '../../../shared/states.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { HeldTasks } from '../../../shared/wire/workers.ts';
import { processSince, replacedSince } from './process.ts';
import type { ClusterView } from './view.ts';

const MAX_TASKS = 100;
const ORDER = { running: 0, reserved: 1, scheduled: 2 } as const;

type Held = HeldTasks['tasks'][number];

/** null: it is there. */
export function heldBy(cluster: ClusterView, w: WorkerRecord): HeldTasks | null {
  if (cluster.statusOf(w) !== 'offline') return null;
  const since = w.last_heard ?? cluster.startedAt;
  const held = new Map<string, Held>();
  const inspected = cluster.inspected.get(w.hostname);
  const asOf = inspected && inspected.complete > 0 ? inspected.complete : null;
  const add = (id: string, name: string | null, was: Held['was'], at: number | null, acknowledged: boolean | null) => {
    const task = cluster.tasks.get(id);
    // It has ended, or gone on elsewhere.
    if (task && (ENDED_STATES.has(task.state) || task.state === 'RETRY' || task.worker !== w.hostname)) return;
    held.set(id, { uuid: id, name: name ?? task?.name ?? null, was, at, acknowledged });
  };
  if (inspected) {
    for (const { request: r } of inspected.scheduled) add(r.id, r.name, 'scheduled', null, r.acknowledged ?? null);
    for (const r of inspected.reserved) add(r.id, r.name, 'reserved', null, r.acknowledged ?? null);
    for (const r of inspected.active) add(r.id, r.name, 'running', r.time_start, r.acknowledged ?? null);
  }
  for (const t of cluster.tasks.values()) {
    if (t.worker !== w.hostname || (t.state !== 'STARTED' && t.state !== 'RECEIVED')) continue;
    const known = held.get(t.uuid);
    if (t.state === 'STARTED')
      add(t.uuid, t.name, 'running', t.started, known?.was === 'running' ? known.acknowledged : null);
    else if (!known) add(t.uuid, t.name, t.eta === null ? 'reserved' : 'scheduled', t.received, null);
  }
  const tasks = [...held.values()].sort((a, b) => ORDER[a.was] - ORDER[b.was] || (a.at ?? 0) - (b.at ?? 0));
  return { since, as_of: asOf, total: tasks.length, tasks: tasks.slice(0, MAX_TASKS) };
}

/** It was with a worker that fell silent or left, or was started again since: since when nobody knows what became of it. null: its state holds. */
export function unknownSince(
  cluster: ClusterView,
  row: Pick<TaskRow, 'uuid' | 'state' | 'worker' | 'timestamp'>,
): number | null {
  if (row.worker === null || (row.state !== 'STARTED' && row.state !== 'RECEIVED')) return null;
  const w = cluster.workers.get(row.worker);
  // Forgotten, so long is it gone; unless there was no place for it.
  if (!w) return cluster.settled === null || cluster.workerEventsLeftOut > 0 ? null : row.timestamp;
  if (cluster.statusOf(w) !== 'offline') return replacedSince(cluster, row);
  return Math.max(w.last_heard ?? row.timestamp, row.timestamp);
}

/** How many unfinished tasks of these are with workers that are gone, by state; those in memory. */
export function countUnknown(cluster: ClusterView, matches: (row: TaskRecord) => boolean): Record<string, number> {
  const counts: Record<string, number> = {};
  const { workers } = cluster;
  // Mostly nobody is gone, and there is nothing to count.
  const gone = new Map<string, number>();
  for (const w of workers.values()) {
    const since = cluster.statusOf(w) === 'offline' ? Number.POSITIVE_INFINITY : processSince(cluster, w.hostname);
    if (since !== null) gone.set(w.hostname, since);
  }
  if (gone.size === 0 && workers.size > 0) return counts;
  for (const t of cluster.tasks.values())
    if (
      t.worker !== null &&
      t.timestamp < (gone.get(t.worker) ?? Number.POSITIVE_INFINITY) &&
      unknownSince(cluster, t) !== null &&
      matches(t)
    )
      counts[t.state] = (counts[t.state] ?? 0) + 1;
  return counts;
}
