// The task list as a real table, virtual, with a row for a cursor. One line a row; two on a phone. The row is the link.
// Which rows: task-list-store.ts. What can be done with one: row-menu.tsx.
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type RefObject, useEffect, useRef } from 'react';
import { splitException } from '../../../shared/exception-repr.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { usePhone } from '../live/hooks.ts';
import { ROW_HEIGHT, usePreferences } from '../shell/preferences.ts';
import { Boundary } from '../ui/boundary.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { Icon } from '../ui/icon.tsx';
import { visible } from '../ui/invisible.ts';
import { StateBadge } from '../ui/state-badge.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { Age, Runtime } from '../ui/time.tsx';
import { exactTime, shortNode } from '../ui/words.ts';
import { ariaSort, COLUMNS, type Column, nextSort } from './columns.ts';
import { RowMenu } from './row-menu.tsx';
import type { Selection } from './selection.ts';
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
  menuFor: string | null;
  scroller: RefObject<HTMLDivElement | null>;
  search: Record<string, unknown>;
  onSort: (sort: string) => void;
  onPick: (row: TaskRow, range: boolean) => void;
  onPickAll: () => void;
  onMenu: (uuid: string | null) => void;
  onCursor: (uuid: string) => void;
  onEnd: () => void;
}

export function TaskTable(props: TaskTableProps) {
  const { rows, total, sort, hidden, openId, cursor, selected, scroller, onEnd } = props;
  const phone = usePhone();
  const { density } = usePreferences();
  const height = phone ? PHONE_ROW : ROW_HEIGHT[density];
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
    getItemKey: (i) => rows[i]!.uuid,
    scrollPaddingStart: phone ? 0 : 32,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another height, other places
  useEffect(() => virtual.measure(), [height]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 20) onEnd();
  }, [last, rows.length, onEnd]);
  // The cursor comes into view and takes the focus with it, so that Enter and a screen reader are where the eye is.
  const at = cursor ? rows.findIndex((row) => row.uuid === cursor) : -1;
  const moved = useRef<string | null>(null);
  useEffect(() => {
    if (at < 0 || cursor === moved.current) return;
    moved.current = cursor;
    virtual.scrollToIndex(at, { align: 'auto' });
    requestAnimationFrame(() => {
      // Meanwhile another row may have its turn, or a menu the focus: to take it back would call the cursor back, or close the menu.
      const elsewhere = document.activeElement?.closest('[role="menu"], dialog, input:not([type="checkbox"])');
      if (moved.current === cursor && !elsewhere)
        scroller.current?.querySelector<HTMLElement>(`a[data-row="${cursor}"]`)?.focus({ preventScroll: true });
    });
  });
  const columns = COLUMNS.filter((c) => !hidden.has(c.id));
  const all = rows.length > 0 && rows.every((row) => selected.has(row.uuid));
  return (
    <table className="table tasks-table" aria-rowcount={Math.max(total, rows.length) + 1}>
      <caption className="sr">Tasks</caption>
      <thead>
        <tr aria-rowindex={1}>
          <th className="c-pick" scope="col">
            <input
              type="checkbox"
              className="check"
              aria-label="Select all that are loaded"
              checked={all}
              ref={(box) => {
                if (box) box.indeterminate = !all && selected.size > 0;
              }}
              onChange={props.onPickAll}
            />
          </th>
          {columns.map((column) => (
            <Head key={column.id} column={column} sort={sort} onSort={props.onSort} />
          ))}
        </tr>
      </thead>
      <tbody>
        <Space height={items[0]?.start ?? 0} />
        {items.map((item) => {
          const row = rows[item.index]!;
          return (
            <Boundary
              key={row.uuid}
              what="This task"
              of={row}
              instead={() => <OddRow row={row} index={item.index} columns={columns.length} />}
            >
              <Row
                row={row}
                index={item.index}
                columns={columns}
                open={row.uuid === openId}
                picked={selected.has(row.uuid)}
                menu={props.menuFor === row.uuid}
                search={props.search}
                onPick={props.onPick}
                onMenu={props.onMenu}
                onCursor={props.onCursor}
              />
            </Boundary>
          );
        })}
        <Space height={virtual.getTotalSize() - (items.at(-1)?.end ?? 0)} />
      </tbody>
    </table>
  );
}

/** One that cannot be drawn: the list goes on without it, and it can still be opened. */
function OddRow({ row, index, columns }: { row: TaskRow; index: number; columns: number }) {
  return (
    <tr aria-rowindex={index + 2}>
      <td className="c-pick" />
      <td colSpan={columns} className="c-name">
        <Link to="/tasks/$id" params={{ id: String(row.uuid) }} className="link">
          Task {shortId(String(row.uuid))} cannot be shown in the list
        </Link>
      </td>
    </tr>
  );
}

function Space({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes focus
    <tr className="space" aria-hidden="true">
      <td style={{ height }} />
    </tr>
  );
}

function Head({ column, sort, onSort }: { column: Column; sort: string; onSort: (sort: string) => void }) {
  const order = ariaSort(sort, column);
  return (
    <th scope="col" className={column.num ? `${column.className} num` : column.className} aria-sort={order}>
      {column.sort ? (
        <button type="button" className="sort" onClick={() => onSort(nextSort(sort, column))}>
          {column.label}
          {order && <Icon name={order === 'ascending' ? 'up' : 'down'} />}
        </button>
      ) : (
        column.label
      )}
    </th>
  );
}

interface RowProps {
  row: TaskRow;
  index: number;
  columns: readonly Column[];
  open: boolean;
  picked: boolean;
  menu: boolean;
  search: Record<string, unknown>;
  onPick: (row: TaskRow, range: boolean) => void;
  onMenu: (uuid: string | null) => void;
  onCursor: (uuid: string) => void;
}

const Row = memo(function Row({ row, index, columns, open, picked, menu, search, onPick, onMenu, onCursor }: RowProps) {
  // At the end of what may be covered: never of a figure one compares.
  const menuColumn = columns.some((column) => column.id === 'args') ? 'args' : 'name';
  return (
    <tr aria-rowindex={index + 2} aria-selected={open || picked} className={picked ? 'picked' : undefined}>
      <td className="c-pick">
        <input
          type="checkbox"
          className="check"
          aria-label={`Select ${row.name ?? 'task'} ${row.uuid.slice(0, 8)}`}
          checked={picked}
          onChange={(event) => onPick(row, (event.nativeEvent as MouseEvent).shiftKey === true)}
        />
      </td>
      {columns.map((column) => (
        <td
          key={column.id}
          className={cellClass(column, row)}
          data-state={column.id === 'runtime' ? row.state : undefined}
          data-unknown={column.id === 'state' && row.unknown_since !== undefined ? '' : undefined}
        >
          <Cell column={column} row={row} search={search} onCursor={onCursor} />
          {column.id === menuColumn && (
            <RowMenu row={row} open={menu} onOpenChange={(next) => onMenu(next ? row.uuid : null)} />
          )}
        </td>
      ))}
    </tr>
  );
});

const RUNNING = new Set(['STARTED', 'PROGRESS']);

function isRunning(row: TaskRow): boolean {
  return (
    row.started !== null &&
    row.succeeded === null &&
    row.failed === null &&
    row.revoked === null &&
    row.retried === null
  );
}

function cellClass(column: Column, row: TaskRow): string {
  switch (column.id) {
    case 'args':
      return 'c-args code faint';
    case 'worker':
    case 'queue':
      return `${column.className} code muted`;
    case 'received':
    case 'retries':
      return `${column.className} num muted`;
    case 'runtime':
      if (row.unknown_since !== undefined) return 'c-run num unknown';
      return isRunning(row) || RUNNING.has(row.state) ? 'c-run num running' : 'c-run num';
    case 'state':
    case 'name':
      return column.className;
  }
}

function Cell({
  column,
  row,
  search,
  onCursor,
}: {
  column: Column;
  row: TaskRow;
  search: Record<string, unknown>;
  onCursor: (uuid: string) => void;
}) {
  switch (column.id) {
    case 'state':
      return row.unknown_since === undefined ? (
        <StateBadge state={row.state} retries={row.retries} />
      ) : (
        <span title={`Unknown since ${exactTime(row.unknown_since)}: its worker fell silent`}>
          <StateBadge state={row.state} retries={row.retries} />
        </span>
      );
    case 'name':
      return (
        <Link
          to="/tasks"
          search={{ ...search, task: row.uuid } as never}
          data-row={row.uuid}
          className="row-link"
          onFocus={() => onCursor(row.uuid)}
        >
          <TaskName name={row.name} />
          <span className="sr"> {row.uuid.slice(0, 8)}</span>
        </Link>
      );
    case 'args':
      return <WhyOrArguments row={row} />;
    case 'worker':
      return row.worker ? (
        <span title={visible(row.worker)}>
          <ForeignText text={shortNode(row.worker)} />
        </span>
      ) : (
        <span className="faint">-</span>
      );
    case 'queue':
      return row.queue ? (
        <span title={visible(row.queue)}>
          <ForeignText text={row.queue} />
        </span>
      ) : (
        <span className="faint">-</span>
      );
    case 'retries':
      return row.retries;
    case 'received':
      return <Age at={row.first_seen} />;
    case 'runtime':
      // Nobody knows whether it still runs: a figure that ticks on would say so.
      if (row.unknown_since !== undefined) return <span title="Its worker fell silent">unknown</span>;
      return (
        <Runtime
          runtime={row.runtime}
          started={row.started}
          ended={row.failed ?? row.revoked}
          running={isRunning(row)}
        />
      );
  }
}

/** Enough for the widest screen: a list is no place for a long text. @unit characters */
const IN_A_ROW = 300;
const TROUBLE = new Set(['FAILURE', 'RETRY', 'REJECTED']);

/** What one looks for first in a failed task is why; its arguments come after it, and both on hover. */
function WhyOrArguments({ row }: { row: TaskRow }) {
  const given = argumentsOf(row);
  if (!row.exception || !TROUBLE.has(row.state))
    return (
      <span title={visible(given.slice(0, 2000))}>
        <ForeignText text={given.slice(0, IN_A_ROW)} />
      </span>
    );
  const { type, message } = splitException(row.exception);
  return (
    <span className="why" title={visible(`${row.exception.slice(0, 1500)}\n${given.slice(0, 500)}`)}>
      {type !== '' && (
        <b>
          <ForeignText text={type.slice(0, 100)} />
        </b>
      )}{' '}
      <ForeignText text={message.slice(0, IN_A_ROW)} />
      <span className="args">
        <ForeignText text={given.slice(0, 100)} />
      </span>
    </span>
  );
}

/** As Python would write the call: (918273, currency='EUR'). */
export function argumentsOf(row: Pick<TaskRow, 'args' | 'kwargs'>): string {
  if (!row.args && !row.kwargs) return '-';
  const args = row.args && row.args !== '()' && row.args !== '[]' ? row.args.replace(/^[([]|,?[)\]]$/g, '') : '';
  const kwargs = row.kwargs && row.kwargs !== '{}' ? asKeywords(row.kwargs.replace(/^\{|\}$/g, '')) : '';
  return args || kwargs ? `(${[args, kwargs].filter(Boolean).join(', ')})` : '()';
}

/** 'a': 1, 'b': {'c': 2} is a=1, b={'c': 2}: only keys of the outermost level. */
function asKeywords(text: string): string {
  let depth = 0;
  let quote = '';
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote) {
      if (char === '\\') out += text[i++];
      else if (char === quote) quote = '';
    } else if (char === "'" || char === '"') {
      const key = depth === 0 ? /^(['"])([A-Za-z_]\w*)\1: /.exec(text.slice(i, i + 80)) : null;
      if (key) {
        out += `${key[2]}=`;
        i += key[0].length - 1;
        continue;
      }
      quote = char;
    } else if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
    out += text[i] ?? '';
  }
  return out;
}
