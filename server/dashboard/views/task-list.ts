// One page of the task list: what the history found, with what memory knows of each row, and of how many nobody knows.
// Not here: how a request is read (../routes/tasks.ts), one row (task-rows.ts).
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import { compileQuery } from '../../../shared/query/match.ts';
import type { TaskPage } from '../../../shared/wire/tasks.ts';
import { countUnknown } from '../cluster/held.ts';
import type { ClusterView } from '../cluster/view.ts';
import { SORT_FIELDS, type SortField, type TaskListQuery } from '../history/contract.ts';
import { toWholeRow } from '../history/rows.ts';
import { listNote } from './list-note.ts';
import type { TaskRows } from './task-rows.ts';

/** @param signal nobody waits any more  @throws BadCursor, QueryTooCostly */
export async function taskList(
  { cluster, taskRows }: { readonly cluster: ClusterView; readonly taskRows: TaskRows },
  asked: TaskListQuery,
  signal: AbortSignal,
): Promise<TaskPage> {
  const { from, to, tree, states } = asked;
  const page = await cluster.history.tasks(asked, signal);
  const matches = tree === null ? null : compileQuery(tree);
  const isWithin = (t: TaskRecord) => (from === null || t.first_seen >= from) && (to === null || t.first_seen < to);
  return {
    ...page,
    items: page.items.map((row) => taskRows.shown(row)),
    note: listNote(tree, states, page.counts),
    counts_unknown: countUnknown(cluster, (t) => isWithin(t) && (matches === null || matches(toWholeRow(t)))),
  };
}

/** 'runtime', '-first_seen'. A text: why it is none. */
export function readSort(sort: string): Pick<TaskListQuery, 'sort' | 'descending'> | string {
  const field = sort.replace(/^-/, '');
  if (!(SORT_FIELDS as readonly string[]).includes(field))
    return `Tasks cannot be sorted by ${JSON.stringify(field)}. Possible: ${SORT_FIELDS.join(', ')}, with - in front for descending.`;
  return { sort: field as SortField, descending: sort.startsWith('-') };
}
