// The newest tasks by offset, and tasks whole: what memory has of each before what is stored.
// Not here: finding them (history's window), lists of pages (task-list.ts).
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import type { ClusterView } from '../cluster/view.ts';
import { mergeStored, toRecord } from '../history/rows.ts';

/** Of one page of whole tasks. */
export const WHOLE_PAGE = 500;

export interface WholeTask {
  readonly task: TaskRecord;
  readonly children: readonly string[];
}

/** Those of them that are known, in this order. */
export async function wholeTasks(cluster: ClusterView, uuids: readonly string[]): Promise<WholeTask[]> {
  const stored = new Map((await cluster.history.whole(uuids)).map((one) => [String(one.task.uuid), one]));
  return uuids.flatMap((uuid) => {
    const found = stored.get(uuid);
    const record = cluster.tasks.get(uuid);
    if (!found && !record) return [];
    const task =
      record && !(record.partial || record.longer !== null)
        ? record
        : toRecord(record ? mergeStored(found?.task ?? null, record) : found!.task);
    const children = new Set(found?.children);
    for (const child of cluster.childrenOf(uuid)) children.add(child.uuid);
    return [{ task, children: [...children] }];
  });
}
