// The task list as a table: virtual, with boxes, a cursor, and a menu at the end of each row. The row is the link.
// Which rows: task-list-store.ts. Columns: columns.tsx. What can be done with a row: row-menu.tsx.

import { type RefObject, useMemo } from 'react';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { t } from '../language/text.ts';
import { usePhone } from '../live/hooks.ts';
import { ROW_HEIGHT, usePreferences } from '../shell/preferences.ts';
import type { Line } from '../ui/table/lines.ts';
import { VirtualTable } from '../ui/table/virtual-table.tsx';
import { columnsFor } from './columns.tsx';
import { hasAll, type Selection } from './selection.ts';
import './task-table.css';

const PHONE_ROW = 60;

export interface TaskTableProps {
  rows: readonly TaskRow[];
  total: number;
  sort: string;
  hidden: ReadonlySet<string>;
  openId: string | undefined;
  cursor: string | null;
  selected: Selection;
  scroller: RefObject<HTMLDivElement | null>;
  onOpen: (uuid: string) => void;
  onSort: (sort: string) => void;
  onPick: (uuid: string, range: boolean) => void;
  onPickAll: () => void;
  onCursor: (uuid: string) => void;
  onEnd: () => void;
}

export function TaskTable({ rows, hidden, openId, selected, onPick, onPickAll, ...table }: TaskTableProps) {
  const phone = usePhone();
  const { density } = usePreferences();
  const columns = useMemo(() => columnsFor(hidden, phone), [hidden, phone]);
  const lines = useMemo(
    () => rows.map((row): Line<TaskRow> => ({ kind: 'row', key: row.uuid, row, within: false })),
    [rows],
  );
  const selection = {
    has: (uuid: string) => selected.has(uuid),
    all: hasAll(selected, rows),
    some: selected.size > 0,
    labelOf: (row: TaskRow) => t('Select {name} {id}', { name: row.name ?? t('task'), id: row.uuid.slice(0, 8) }),
    onPick,
    onPickAll,
  };
  return (
    <VirtualTable
      {...table}
      caption={t('Tasks')}
      className="tasks-table"
      columns={columns}
      lines={lines}
      openKey={openId}
      selection={phone ? undefined : selection}
      rowHeight={phone ? PHONE_ROW : ROW_HEIGHT[density]}
      givesUp={openId !== undefined && !phone}
    />
  );
}
