// A table: heads that sort, boxes that select, lines (rows, heads of groups, the rest of a group, details), a cursor, and columns that
// fold under their row where there is no room for them. All lines are drawn; a list that scrolls is a VirtualTable (virtual-table.tsx).
// Columns: columns.ts. Lines: lines.ts, drawn by table-line.tsx. Keys: shell/list-keys.ts. Looks: data-table.css.
// Holds: a row that cannot be drawn says so in its place; no column is lost; a row keeps its element while it does not change.
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { type Column, type ColumnLayout, layoutColumns, readSort } from './columns.ts';
import type { Line } from './lines.ts';
import { TableHead } from './table-head.tsx';
import { lineProps, TableLine } from './table-line.tsx';

export interface RowSelection<Row> {
  has: (key: string) => boolean;
  /** Every row that is here. */
  all: boolean;
  some: boolean;
  labelOf: (row: Row) => string;
  /** @param range all between the row picked last and this one */
  onPick: (key: string, range: boolean) => void;
  onPickAll: () => void;
}

export interface DataTableProps<Row> {
  caption: string;
  columns: readonly Column<Row>[];
  lines: readonly Line<Row>[];
  /** Rows of the whole list, when more match than are here. */
  total?: number;
  /** In the URL's spelling: 'name', '-waiting'. */
  sort?: string;
  onSort?: (sort: string) => void;
  selection?: RowSelection<Row> | undefined;
  /** Of the row whose panel is open. */
  openKey?: string | undefined;
  cursor?: string | null;
  /** The focus came to a row by other means than the cursor. */
  onCursor?: (key: string) => void;
  onOpen?: (key: string) => void;
  /** A group's head, or what stands for its rest. */
  onGroup?: (stem: string, how: 'all' | 'some' | 'closed') => void;
  rowClass?: (row: Row) => string | undefined;
  className?: string;
  /** A line is drawn in the element of its place, so that a new order moves nothing. */
  inPlace?: boolean;
  /** Columns without room are given up while a panel beside shows them, instead of folded. */
  givesUp?: boolean;
  /** Draws the lines instead of the plain body. */
  body?: (props: DataTableProps<Row>, layout: ColumnLayout<Row>) => ReactNode;
}

/** The column of boxes, padding included. @unit pixels */
const PICK = 48;
/** Until the place is measured, before anything is painted. @unit pixels */
const UNMEASURED = 1280;

export function DataTable<Row>(given: DataTableProps<Row>) {
  const props = useSteadyActs(given);
  const { caption, columns, lines, total, sort = '', selection, className, givesUp = false, body } = props;
  const place = useRef<HTMLDivElement>(null);
  const room = useRoom(place);
  const picks = selection !== undefined;
  const layout = useMemo(() => {
    const all = layoutColumns(columns, picks ? room - PICK : room);
    return { ...all, folded: givesUp ? [] : all.folded, template: picks ? `${PICK}px ${all.template}` : all.template };
  }, [columns, room, givesUp, picks]);
  return (
    <div className="dt-place" ref={place}>
      <table
        className={['dt', layout.folded.length > 0 && 'folds', className].filter(Boolean).join(' ')}
        style={{ '--columns': layout.template } as React.CSSProperties}
        aria-rowcount={Math.max(total ?? 0, lines.length) + 1}
      >
        <caption className="sr">{caption}</caption>
        <TableHead
          layout={layout}
          sort={sort}
          by={readSort(columns, sort)}
          onSort={props.onSort}
          selection={selection}
        />
        {body ? body(props, layout) : <PlainBody {...props} layout={layout} place={place} />}
      </table>
    </div>
  );
}

function PlainBody<Row>(
  props: DataTableProps<Row> & { layout: ColumnLayout<Row>; place: React.RefObject<HTMLDivElement | null> },
) {
  const { lines, layout, place, cursor = null, inPlace } = props;
  const moved = useRef<string | null>(null);
  useEffect(() => {
    if (cursor === null || cursor === moved.current) return;
    moved.current = cursor;
    lineOf(place.current, cursor)?.scrollIntoView({ block: 'nearest' });
    focusLine(place.current, cursor);
  });
  return (
    <tbody>
      {lines.map((line, i) => (
        <TableLine key={inPlace ? i : line.key} {...lineProps(props, line)} layout={layout} index={i} />
      ))}
    </tbody>
  );
}

/** Rows that do not change are not drawn again, and still do what is wanted now. */
function useSteadyActs<Row>(given: DataTableProps<Row>): DataTableProps<Row> {
  const latest = useRef(given);
  latest.current = given;
  const opens = given.onOpen !== undefined;
  const acts = useMemo(
    () => ({
      onOpen: opens ? (key: string) => latest.current.onOpen?.(key) : undefined,
      onCursor: (key: string) => latest.current.onCursor?.(key),
      onGroup: (stem: string, how: 'all' | 'some' | 'closed') => latest.current.onGroup?.(stem, how),
    }),
    [opens],
  );
  const pick = useMemo(
    () => ({
      labelOf: (row: Row) => latest.current.selection?.labelOf(row) ?? '',
      onPick: (key: string, range: boolean) => latest.current.selection?.onPick(key, range),
    }),
    [],
  );
  return { ...given, ...acts, selection: given.selection && { ...given.selection, ...pick } };
}

function useRoom(place: React.RefObject<HTMLDivElement | null>): number {
  const [room, setRoom] = useState(UNMEASURED);
  useLayoutEffect(() => {
    const element = place.current!;
    setRoom(element.clientWidth);
    const watch = new ResizeObserver(() => setRoom(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, [place]);
  return room;
}

function lineOf(within: HTMLElement | null, key: string): HTMLElement | null | undefined {
  return within?.querySelector<HTMLElement>(`tr[data-key="${CSS.escape(key)}"]`);
}

/** What Enter acts on in a line: its opener, or its first link or button. */
export function focusLine(within: HTMLElement | null, key: string): void {
  const line = lineOf(within, key);
  const target = line?.querySelector<HTMLElement>('[data-opens]') ?? line?.querySelector<HTMLElement>('a, button');
  target?.focus({ preventScroll: true });
}
