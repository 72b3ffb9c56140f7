// After a time in which the history could not be written: what is on disk and what is known are made one again.
// Not here: keeping what waits meanwhile (history/write-behind.ts), ends that nobody heard (backfill.ts).
// Holds: an end that memory knows is counted once, with its row; what was given up is told as a gap.
import type { Batch, Finish } from '../../../shared/events/cluster-state.ts';
import { endedAt, type TaskRecord } from '../../../shared/events/task-record.ts';
import { READY_STATES } from '../../../shared/states.ts';
import { forgetStored, toRecord } from '../history/rows.ts';
import type { Cluster } from './cluster.ts';

const MAX_UNFINISHED = 20_000;

export interface Recovery {
  readonly since: number;
  /** The file is a new one. */
  readonly anew: boolean;
  /** Tasks whose changes were given up. */
  readonly givenUp: number;
}

export async function repair(cluster: Cluster, { since, anew, givenUp }: Recovery): Promise<void> {
  const { history, state, now } = cluster;
  if (anew) {
    // Everything memory has is written whole. Its ends were counted in the file that is gone.
    const tasks = [...state.tasks.values()];
    for (const t of tasks) forgetStored(t);
    const finishes = tasks.map(finishOf).filter((f) => f !== null);
    history.write({ ...EMPTY, tasks, finishes, workers: [...state.workers.values()] }, now);
  }
  if (givenUp > 0) {
    const gap = {
      since,
      until: now,
      tasks: givenUp,
      tasks_is: 'exact',
      events: 3 * givenUp,
      events_is: 'about',
    } as const;
    cluster.listening.add({ ...gap, cause: 'not-written' });
    const tasks: TaskRecord[] = [];
    for (const row of await history.unfinished(MAX_UNFINISHED)) {
      const known = state.tasks.get(String(row.uuid));
      if (known === undefined) state.restore(toRecord(row));
      else if (READY_STATES.has(known.state)) tasks.push(known);
    }
    history.write({ ...EMPTY, tasks, finishes: tasks.map(finishOf).filter((f) => f !== null) }, now);
  }
  if (anew || givenUp > 0) await cluster.listening.backfill(now);
}

export const EMPTY: Batch = { n: 0, tasks: [], created: 0, finishes: [], workers: [], workersGone: [] };

/** How it ended, as it was counted when its event came (shared/events/cluster-state.ts). */
function finishOf(task: TaskRecord): Finish | null {
  const { state } = task;
  const at = endedAt(task);
  if (at === null || (state !== 'SUCCESS' && state !== 'FAILURE' && state !== 'REVOKED' && state !== 'REJECTED'))
    return null;
  const { started } = task;
  const runtime = task.runtime ?? (started !== null && at >= started ? at - started : null);
  const asked = task.retries ? task.received : (task.sent ?? task.received);
  const wait = started !== null && asked !== null && task.eta === null ? Math.max(0, started - asked) : null;
  return { task, state, at, runtime, wait };
}
