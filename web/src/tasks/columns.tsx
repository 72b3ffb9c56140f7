// The columns of the task list, wide and on a phone (two lines: name and age; state, arguments and runtime). The server sorts.
// Cells: task-cells.tsx. The table: task-table.tsx.

import { Link } from '@tanstack/react-router';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { t } from '../language/text.ts';
import type { Column } from '../ui/table/columns.ts';
import { TaskName } from '../ui/task-name.tsx';
import { Age, At } from '../ui/time.tsx';
import { times } from '../ui/zone.ts';
import { RowMenu } from './row-menu.tsx';
import { MaybeName, RunTime, State, WhyOrArguments } from './task-cells.tsx';

export const COLUMNS: readonly Column<TaskRow>[] = [
  {
    id: 'state',
    label: t('State'),
    width: 96,
    wide: 108,
    className: 'c-state',
    sort: 'state',
    cell: (row) => <State row={row} />,
  },
  {
    id: 'name',
    label: t('Task'),
    width: 150,
    wide: 228,
    className: 'c-name',
    sort: 'name',
    cell: (row) => (
      <Link
        from="/tasks"
        to="/tasks"
        search={(before) => ({ ...before, task: row.uuid })}
        data-row={row.uuid}
        data-opens=""
        className="row-link"
      >
        <TaskName name={row.name} />
        <span className="sr"> {row.uuid.slice(0, 8)}</span>
      </Link>
    ),
  },
  {
    id: 'args',
    label: t('Arguments or why'),
    width: 112,
    wide: 200,
    grow: 1,
    className: 'c-args code faint',
    cell: (row) => <WhyOrArguments row={row} />,
  },
  {
    id: 'worker',
    label: t('Worker'),
    width: 64,
    wide: 96,
    rank: 7,
    className: 'c-worker code muted',
    sort: 'worker',
    cell: (row) => <MaybeName name={row.worker} short />,
  },
  {
    id: 'queue',
    label: t('Queue'),
    width: 64,
    wide: 82,
    rank: 9,
    className: 'c-queue code muted',
    cell: (row) => <MaybeName name={row.queue} />,
  },
  {
    id: 'retries',
    label: t('Retries'),
    width: 60,
    wide: 72,
    rank: 8,
    num: true,
    className: 'c-retries muted',
    sort: 'retries',
    cell: (row) => row.retries,
  },
  {
    id: 'received',
    label: t('Received'),
    width: times === 'age' ? 76 : 124,
    wide: times === 'age' ? 86 : 132,
    num: true,
    className: 'c-age muted',
    sort: 'first_seen',
    cell: (row) => (times === 'age' ? <Age at={row.first_seen} /> : <At at={row.first_seen} />),
  },
  {
    id: 'runtime',
    label: t('Runtime'),
    width: 84,
    wide: 96,
    num: true,
    className: 'c-run',
    sort: 'runtime',
    cell: (row) => <RunTime row={row} />,
  },
];

/** Never hidden. */
const FIXED = new Set(['state', 'name']);
export const HIDEABLE = COLUMNS.filter((column) => !FIXED.has(column.id));

/** In the order of the second line; the name takes the first one but for the age. */
const SECOND_LINE = ['state', 'args', 'runtime'];
const WHOLE_LINE = 800;

export function columnsFor(hidden: ReadonlySet<string>, phone: boolean): readonly Column<TaskRow>[] {
  const wanted = COLUMNS.filter((column) => !hidden.has(column.id));
  if (!phone) {
    // At the end of what may be covered: never of a figure one compares.
    const covered = hidden.has('args') ? 'name' : 'args';
    return wanted.map((column) => (column.id === covered ? withMenu(column) : column));
  }
  return wanted.flatMap((column): Column<TaskRow>[] => {
    const rank = SECOND_LINE.indexOf(column.id) + 1;
    if (rank > 0) return [{ ...column, rank, brief: (row) => column.cell(row, false) }];
    if (column.id === 'name') return [{ ...column, width: WHOLE_LINE, wide: WHOLE_LINE, grow: 1 }];
    return column.id === 'received' ? [column] : [];
  });
}

function withMenu(column: Column<TaskRow>): Column<TaskRow> {
  return {
    ...column,
    cell: (row, open) => (
      <>
        {column.cell(row, open)}
        <RowMenu row={row} />
      </>
    ),
  };
}
