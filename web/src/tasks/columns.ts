// The columns of the task list: name, width, how it sorts. What stands in a cell: task-table.tsx.

export interface Column {
  id: 'state' | 'name' | 'args' | 'worker' | 'queue' | 'retries' | 'received' | 'runtime';
  label: string;
  /** Name of the API's order; none: cannot be sorted by. */
  sort?: string;
  /** Numbers stand right. */
  num?: boolean;
  /** Cannot be hidden. */
  fixed?: boolean;
  className: string;
}

export const COLUMNS: readonly Column[] = [
  { id: 'state', label: 'State', sort: 'state', fixed: true, className: 'c-state' },
  { id: 'name', label: 'Task', sort: 'name', fixed: true, className: 'c-name' },
  { id: 'args', label: 'Arguments or why', className: 'c-args' },
  { id: 'worker', label: 'Worker', sort: 'worker', className: 'c-worker' },
  { id: 'queue', label: 'Queue', className: 'c-queue' },
  { id: 'retries', label: 'Retries', sort: 'retries', num: true, className: 'c-retries' },
  { id: 'received', label: 'Received', sort: 'first_seen', num: true, className: 'c-age' },
  { id: 'runtime', label: 'Runtime', sort: 'runtime', num: true, className: 'c-run' },
];

/** A click on a head: first the direction one looks for (newest, longest, A to Z), then the other. */
export function nextSort(current: string, column: Column): string {
  const name = column.sort!;
  const first = column.num ? `-${name}` : name;
  if (current === first) return first.startsWith('-') ? name : `-${name}`;
  return first;
}

export function ariaSort(current: string, column: Column): 'ascending' | 'descending' | undefined {
  if (!column.sort) return undefined;
  if (current === column.sort) return 'ascending';
  return current === `-${column.sort}` ? 'descending' : undefined;
}
