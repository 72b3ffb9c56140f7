// The columns that every table of a worker's tasks has: what runs, what is reserved or scheduled, what it held.

import { Link } from '@tanstack/react-router';
import { t } from '../language/text.ts';
import type { Column } from '../ui/table/columns.ts';
import { shortId, TaskName } from '../ui/task-name.tsx';

interface Named {
  name: string | null;
}

export const taskColumn = <Row extends Named>(change: Partial<Column<Row>> = {}): Column<Row> => ({
  id: 'task',
  label: t('Task'),
  width: 170,
  grow: 1,
  cell: (task) => <TaskName name={task.name} />,
  ...change,
});

/** Eight characters that lead to the task's page; the whole id is on hover. */
export const idColumn = <Row,>(idOf: (row: Row) => string, change: Partial<Column<Row>> = {}): Column<Row> => ({
  id: 'id',
  label: t('Id'),
  width: 100,
  className: 'code muted',
  cell: (row) => (
    <Link to="/tasks/$id" params={{ id: idOf(row) }} className="row-link" title={idOf(row)}>
      {shortId(idOf(row))}
    </Link>
  ),
  ...change,
});
