// The tries of a task: those the history has, those memory has, and the one that runs or waits now.
import type { TryRecord } from '../../../shared/events/task-record.ts';
import type { TaskRow, TaskTry } from '../../../shared/wire/tasks.ts';

/** In order of their numbers; none for a task that was tried once. */
export function mergeTries(
  stored: readonly TaskTry[],
  live: readonly TryRecord[],
  row: TaskRow,
  traceback: string | null,
): TaskTry[] {
  const byNumber = new Map(stored.map((t) => [t.number, t]));
  for (const { cut, ...t } of live) if (!cut || !byNumber.has(t.number)) byNumber.set(t.number, t);
  if (byNumber.size === 0) return [];
  // The try that runs or waits now is not stored as an end yet.
  if (!byNumber.has(row.retries) && row.state !== 'RETRY')
    byNumber.set(row.retries, {
      number: row.retries,
      state: row.state,
      worker: row.worker,
      received: row.received,
      started: row.started,
      ended: row.succeeded ?? row.failed ?? row.revoked,
      exception: row.state === 'FAILURE' ? row.exception : null,
      traceback: row.state === 'FAILURE' ? traceback : null,
    });
  return [...byNumber.values()].sort((a, b) => a.number - b.number);
}
