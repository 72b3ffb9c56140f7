// A table: heads that sort, lines (rows, heads of groups, the rest of a group), a cursor, and columns that fold under their row where
// there is no room for them. With a scroller it is virtual and its head is sticky; without one it is a table in a card.
// Columns: columns.ts. Lines: lines.ts. Keys: shell/list-keys.ts. Looks: data-table.css.
// Holds: a row that cannot be drawn says so in its place; no column is lost; a row keeps its element while it does not change.
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type ReactNode, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Boundary } from '../boundary.tsx';
import { Fresh } from '../fresh.tsx';
import { Icon } from '../icon.tsx';
import { type Column, type ColumnLayout, layoutColumns, nextSort, readSort } from './columns.ts';
import type { Line } from './lines.ts';

export interface DataTableProps<Row> {
  caption: string;
  columns: readonly Column<Row>[];
  lines: readonly Line<Row>[];
  /** In the URL's spelling: 'name', '-waiting'. */
  sort?: string;
  onSort?: (sort: string) => void;
  /** Of the row whose panel is open. */
  openKey?: string;
  cursor?: string | null;
  onOpen?: (key: string) => void;
  /** A group's head, or what stands for its rest. */
  onGroup?: (stem: string, how: 'all' | 'some' | 'closed') => void;
  rowClass?: (row: Row) => string | undefined;
  /** What scrolls: the table shows only the lines in sight. */
  scroller?: RefObject<HTMLElement | null>;
  className?: string;
  /** A line is drawn in the element of its place, so that a new order moves nothing. */
  inPlace?: boolean;
  /** Columns without room are given up while a panel beside shows them, instead of folded. */
  givesUp?: boolean;
}

const ESTIMATE = 40;
const HEAD = 32;

export function DataTable<Row>(given: DataTableProps<Row>) {
  // Rows that do not change are not drawn again, and still do what is wanted now.
  const latest = useRef(given);
  latest.current = given;
  const opens = given.onOpen !== undefined;
  const acts = useMemo(
    () => ({
      onOpen: opens ? (key: string) => latest.current.onOpen?.(key) : undefined,
      onGroup: (stem: string, how: 'all' | 'some' | 'closed') => latest.current.onGroup?.(stem, how),
    }),
    [opens],
  );
  const props: DataTableProps<Row> = { ...given, ...acts };
  const { caption, columns, lines, sort = '', onSort, scroller, className, givesUp = false } = props;
  const place = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(0);
  useLayoutEffect(() => {
    const element = place.current!;
    setRoom(element.clientWidth);
    const watch = new ResizeObserver(() => setRoom(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const layout = useMemo(() => {
    const all = layoutColumns(columns, room);
    return givesUp ? { ...all, folded: [] } : all;
  }, [columns, room, givesUp]);
  const by = readSort(columns, sort);
  return (
    <div className="dt-place" ref={place}>
      <table
        className={['dt', layout.folded.length > 0 && 'folds', className].filter(Boolean).join(' ')}
        style={{ '--columns': layout.template } as React.CSSProperties}
        aria-rowcount={lines.length + 1}
      >
        <caption className="sr">{caption}</caption>
        <thead>
          <tr aria-rowindex={1}>
            {layout.shown.map((column) => {
              const order = by?.column === column ? (by.descending ? 'descending' : 'ascending') : undefined;
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
        {scroller ? (
          <VirtualBody {...props} scroller={scroller} layout={layout} />
        ) : (
          <tbody>
            {lines.map((line, i) => (
              <LineRow key={props.inPlace ? i : line.key} {...lineProps(props, line)} layout={layout} index={i} />
            ))}
          </tbody>
        )}
      </table>
    </div>
  );
}

function VirtualBody<Row>({
  layout,
  scroller,
  ...props
}: DataTableProps<Row> & { layout: ColumnLayout<Row>; scroller: RefObject<HTMLElement | null> }) {
  const { lines, cursor = null } = props;
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATE,
    overscan: 10,
    getItemKey: (i) => lines[i]?.key ?? i,
    scrollPaddingStart: HEAD,
  });
  // The cursor comes into view and takes the focus with it, so that Enter and a screen reader are where the eye is.
  const at = cursor === null ? -1 : lines.findIndex((line) => line.key === cursor);
  const moved = useRef<string | null>(null);
  useEffect(() => {
    if (at < 0 || cursor === moved.current) return;
    moved.current = cursor;
    virtual.scrollToIndex(at, { align: 'auto' });
    requestAnimationFrame(() => {
      const elsewhere = document.activeElement?.closest('[role="menu"], dialog, input:not([type="checkbox"])');
      if (moved.current === cursor && !elsewhere) focusLine(scroller.current, cursor!);
    });
  });
  const items = virtual.getVirtualItems();
  return (
    <tbody>
      <Space height={items[0]?.start ?? 0} />
      {items.map((item) => {
        const line = lines[item.index];
        if (!line) return null;
        return (
          <LineRow
            key={line.key}
            {...lineProps(props, line)}
            layout={layout}
            index={item.index}
            measure={virtual.measureElement}
          />
        );
      })}
      <Space height={virtual.getTotalSize() - (items.at(-1)?.end ?? 0)} />
    </tbody>
  );
}

/** The link or the button of a line. */
export function focusLine(within: HTMLElement | null, key: string): void {
  within
    ?.querySelector<HTMLElement>(`tr[data-key="${CSS.escape(key)}"] :is(a, button)`)
    ?.focus({ preventScroll: true });
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

interface LineProps<Row> {
  line: Line<Row>;
  layout: ColumnLayout<Row>;
  index: number;
  open: boolean;
  at: boolean;
  className: string | undefined;
  onOpen: DataTableProps<Row>['onOpen'];
  onGroup: DataTableProps<Row>['onGroup'];
  measure?: (element: Element | null) => void;
}

function lineProps<Row>(props: Omit<DataTableProps<Row>, 'scroller'>, line: Line<Row>) {
  const { openKey, cursor, onOpen, onGroup, rowClass } = props;
  return {
    line,
    open: line.key === openKey,
    at: line.key === cursor,
    className: line.kind === 'row' ? safely(() => rowClass?.(line.row)) : undefined,
    onOpen,
    onGroup,
  };
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function LineRow<Row>(props: LineProps<Row>) {
  const { line, index, measure } = props;
  return (
    <Boundary
      what={line.key}
      of={line.kind === 'more' ? line.text : line.kind === 'detail' ? line.content : line.row}
      instead={(error) => (
        <tr className="odd" data-index={index} data-key={line.key} ref={measure} aria-rowindex={index + 2}>
          <td className="whole">
            <Icon name="FAILURE" /> <b>{line.key}</b> <span className="muted">could not be shown: {String(error)}</span>
          </td>
        </tr>
      )}
    >
      <Known {...(props as LineProps<unknown>)} />
    </Boundary>
  );
}

const same = (a: LineProps<unknown>, b: LineProps<unknown>): boolean =>
  sameLine(a.line, b.line) &&
  a.layout === b.layout &&
  a.index === b.index &&
  a.open === b.open &&
  a.at === b.at &&
  a.className === b.className;

function sameLine(a: Line<unknown>, b: Line<unknown>): boolean {
  if (a.kind !== b.kind || a.key !== b.key) return false;
  if (a.kind === 'row') return a.row === (b as typeof a).row && a.within === (b as typeof a).within;
  return false;
}

const Known = memo(function Known({
  line,
  layout,
  index,
  open,
  at,
  className,
  onOpen,
  onGroup,
  measure,
}: LineProps<unknown>) {
  const common = { 'data-index': index, 'data-key': line.key, ref: measure, 'aria-rowindex': index + 2 };
  if (line.kind === 'detail') {
    return (
      <tr {...common} className="detail-line">
        <td className="whole">{line.content}</td>
      </tr>
    );
  }
  if (line.kind === 'more') {
    return (
      <tr {...common} className={at ? 'more at' : 'more'}>
        <td className="whole">
          <button
            type="button"
            className="fold-button"
            aria-expanded="false"
            onClick={() => onGroup?.(line.group, 'all')}
          >
            <Icon name="right" />
            {line.text}
          </button>
        </td>
      </tr>
    );
  }
  const [first, ...others] = layout.shown;
  if (line.kind === 'group') {
    const stem = line.key.slice('group '.length);
    return (
      <tr {...common} className={at ? 'group at' : 'group'}>
        <td className="whole-name">
          <button
            type="button"
            className="fold-button"
            aria-expanded={line.open}
            onClick={() => onGroup?.(stem, line.open ? 'closed' : 'some')}
          >
            <Icon name={line.open ? 'down' : 'right'} />
            <b className="code">{line.label}</b>
          </button>
          <span className="muted clip" title={line.note}>
            {line.note}
          </span>
        </td>
        {others.map((column) => (
          <Cell key={column.id} column={column} row={line.row} last={column === others.at(-1)} />
        ))}
        <Folded layout={layout} row={line.row} />
      </tr>
    );
  }
  return (
    <tr
      {...common}
      aria-selected={open || undefined}
      className={
        [line.within && 'within', at && 'at', onOpen && 'opens', className].filter(Boolean).join(' ') || undefined
      }
      onClick={(event) => {
        const inside = (event.target as HTMLElement).closest('a, button, input, label');
        if (onOpen && !inside && getSelection()?.isCollapsed !== false) onOpen(line.key);
      }}
    >
      {first && <Cell column={first} row={line.row} />}
      {others.map((column) => (
        <Cell key={column.id} column={column} row={line.row} last={column === others.at(-1)} />
      ))}
      <Folded layout={layout} row={line.row} />
    </tr>
  );
}, same);

function Cell({ column, row, last }: { column: Column<unknown>; row: unknown; last?: boolean }): ReactNode {
  return (
    <td className={classOf(column, last)} title={column.title?.(row)}>
      <Words>{column.cell(row)}</Words>
    </td>
  );
}

/** Plain words are drawn anew when they change, so that nothing counts as moved. */
function Words({ children }: { children: ReactNode }): ReactNode {
  return typeof children === 'string' ? <Fresh text={children} /> : children;
}

function Folded({ layout, row }: { layout: ColumnLayout<unknown>; row: unknown }): ReactNode {
  if (layout.folded.length === 0) return null;
  return (
    <td className="folded">
      {layout.folded.map((column) => (
        <span key={column.id} className={column.className} title={column.title?.(row)}>
          {column.brief ? (
            column.brief(row)
          ) : (
            <>
              {column.label && <i>{column.label}</i>} {column.cell(row)}
            </>
          )}
        </span>
      ))}
    </td>
  );
}

function classOf<Row>(column: Column<Row>, last = false): string | undefined {
  return [column.className, column.num && 'num', last && 'last'].filter(Boolean).join(' ') || undefined;
}
