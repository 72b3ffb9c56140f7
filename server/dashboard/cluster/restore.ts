// What the process before this one knew: tasks that were unfinished, the newest of the list, workers as they were then.
// Not here: writing it (../history/).
// Holds: nothing of it counts as heard now: a worker is as silent as it was when the last event of that process was heard.
import type { ClusterState } from '../../../shared/events/cluster-state.ts';
import { createWorkerRecord, type WorkerRecord } from '../../../shared/events/worker-record.ts';
import type { HistoryQuestions } from '../history/contract.ts';
import { toRecord } from '../history/rows.ts';
import type { Resolved } from '../options.ts';
import type { WorkerWatch } from './worker-watch.ts';

/** What it needs of a cluster. */
export interface RestoreHost {
  readonly state: Pick<ClusterState, 'tasks' | 'workers' | 'taskTypes' | 'restore' | 'restoreWorker'>;
  readonly history: Pick<HistoryQuestions, 'unfinished' | 'workers' | 'tasks' | 'task' | 'taskNames'>;
  readonly watch: Pick<WorkerWatch, 'restore'>;
  readonly options: Pick<Resolved, 'max_workers'>;
}

/** @returns when that process last heard of a worker; 0: never. @unit seconds since the epoch */
export async function restore(cluster: RestoreHost): Promise<number> {
  const [rows, workers, newest] = await Promise.all([
    cluster.history.unfinished(20_000),
    cluster.history.workers(),
    cluster.history.tasks({
      tree: null,
      states: null,
      from: null,
      to: null,
      sort: 'first_seen',
      descending: true,
      cursor: null,
      limit: 200,
    }),
  ]);
  for (const row of rows) cluster.state.restore(toRecord(row));
  const known = await Promise.all(
    newest.items.filter((t) => !cluster.state.tasks.has(t.uuid)).map((t) => cluster.history.task(t.uuid)),
  );
  for (const row of known.reverse()) if (row) cluster.state.restore(toRecord(row));
  for (const name of await cluster.history.taskNames()) cluster.state.taskTypes.add(name);
  // As it was when the process before this one heard its last event.
  let heard = 0;
  for (const row of workers.slice(0, cluster.options.max_workers)) {
    const record = {
      ...createWorkerRecord(row.hostname),
      ...(JSON.parse(row.record) as Partial<WorkerRecord>),
      batch: -1,
    };
    cluster.state.restoreWorker(record);
    heard = Math.max(heard, record.last_heard ?? 0);
  }
  for (const w of cluster.state.workers.values()) cluster.watch.restore(w.hostname, heard - (w.last_heard ?? 0));
  return heard;
}
