// The head of a table: the names of its columns, each a button where it sorts, and the box that selects all rows that are here.
import { t } from '../../language/text.ts';
import { Icon } from '../icon.tsx';
import { type Column, type ColumnLayout, nextSort } from './columns.ts';
import type { RowSelection } from './data-table.tsx';

export function TableHead<Row>({
  layout,
  sort,
  by,
  onSort,
  selection,
}: {
  layout: ColumnLayout<Row>;
  sort: string;
  by: { column: Column<Row>; descending: boolean } | undefined;
  onSort: ((sort: string) => void) | undefined;
  selection: RowSelection<Row> | undefined;
}) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {selection && <PickAll selection={selection} />}
        {layout.shown.map((column) => {
          const order = by?.column.id === column.id ? (by.descending ? 'descending' : 'ascending') : undefined;
          return (
            <th
              key={column.id}
              scope="col"
              className={classOf(column, column === layout.shown.at(-1))}
              aria-sort={order}
            >
              {column.sort && onSort ? (
                <button type="button" className="sort" onClick={() => onSort(nextSort(sort, column))}>
                  {column.label}
                  {order && <Icon name={order === 'ascending' ? 'up' : 'down'} />}
                </button>
              ) : (
                column.label
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function PickAll<Row>({ selection: { all, some, onPickAll } }: { selection: RowSelection<Row> }) {
  return (
    <th className="pick" scope="col">
      <input
        type="checkbox"
        className="check"
        aria-label={t('Select all that are loaded')}
        checked={all}
        ref={(box) => {
          if (box) box.indeterminate = !all && some;
        }}
        onChange={onPickAll}
      />
    </th>
  );
}

export function classOf<Row>(column: Column<Row>, last = false): string | undefined {
  return [column.className, column.num && 'num', last && 'last'].filter(Boolean).join(' ') || undefined;
}
