// A task that failed beside the last success of its name, and how telling each difference is among the newest of both.
// Not here: what differs (shared/compare-calls.ts).
import { differencesOf } from '../../../shared/compare-calls.ts';
import type { TaskComparison } from '../../../shared/wire/comparison.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { ClusterView } from '../cluster/view.ts';
import { failureOf } from '../history/exception.ts';

/** Tasks of each kind that are looked at. */
const LOOKED_AT = 100;

export async function taskComparison({ history }: ClusterView, task: TaskRow): Promise<TaskComparison> {
  const none: TaskComparison = { success: null, differences: [], same: 0, failures: 0, successes: 0 };
  const { name } = task;
  if (name === null) return none;
  const newest = async (state: string): Promise<TaskRow[]> => {
    const { items } = await history.tasks({
      tree: { op: 'contains', field: 'name', text: name },
      states: [state],
      from: null,
      to: null,
      sort: 'first_seen',
      descending: true,
      cursor: null,
      limit: LOOKED_AT,
    });
    return items.filter((row) => row.name === name);
  };
  const [failed, successes] = await Promise.all([newest('FAILURE'), newest('SUCCESS')]);
  const { cls } = failureOf(task.exception);
  const failures = [task, ...failed.filter((row) => row.uuid !== task.uuid && failureOf(row.exception).cls === cls)];
  const [success] = successes;
  if (!success) return { ...none, failures: failures.length };
  return {
    success,
    ...differencesOf(task, success, failures, successes),
    failures: failures.length,
    successes: successes.length,
  };
}
