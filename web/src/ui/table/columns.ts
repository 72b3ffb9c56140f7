// The columns of a table: how wide, what they sort by, which fold under the row when there is no room for them. Pure.
// Drawing: data-table.tsx. Lines and groups: lines.ts. Holds: no column is ever lost, one without room is folded.
import type { ReactNode } from 'react';
import { locale } from '../../language/language.ts';

export interface Column<Row> {
  id: string;
  label: string;
  /** What the cells need, padding included. @unit pixels */
  width: number;
  /** What it gets where all columns have this much. @unit pixels */
  wide?: number;
  /** Takes a share of the room that is left. */
  grow?: number;
  /** Numbers stand at the right. */
  num?: boolean;
  /** The highest folds first; 0 or none: never folds. */
  rank?: number;
  /** What it sorts by, null last in both directions; or the server's name of the order, when the server sorts. */
  sort?: ((row: Row) => number | string | null) | string;
  /** The direction of the first click. Default: '-' (largest first) for numbers, '' for words. */
  first?: '' | '-';
  /** @param open whether this row is the open one */
  cell: (row: Row, open: boolean) => ReactNode;
  className?: string;
  /** What it says when folded, null or '' when there is nothing to say; default: its label and the cell. */
  brief?: (row: Row) => ReactNode;
  title?: (row: Row) => string | undefined;
}

export interface ColumnLayout<Row> {
  shown: readonly Column<Row>[];
  folded: readonly Column<Row>[];
  /** For `grid-template-columns`. */
  template: string;
}

/** Which columns stand side by side in so much room, and which fold under the row. @param room pixels */
export function layoutColumns<Row>(columns: readonly Column<Row>[], room: number): ColumnLayout<Row> {
  const roomy = columns.reduce((sum, column) => sum + (column.wide ?? column.width), 0) <= room;
  const shown = columns.map((column) => (roomy && column.wide ? { ...column, width: column.wide } : column));
  const folded = new Set<Column<Row>>();
  let needed = shown.reduce((sum, column) => sum + column.width, 0);
  while (needed > room) {
    const next = shown.reduce<Column<Row> | null>(
      (worst, column) => ((column.rank ?? 0) > (worst?.rank ?? 0) ? column : worst),
      null,
    );
    if (!next) break;
    shown.splice(shown.indexOf(next), 1);
    folded.add(next);
    needed -= next.width;
  }
  const template = shown
    .map(({ width, grow }) => (grow ? `minmax(${needed > room ? 0 : width}px, ${grow}fr)` : `${width}px`))
    .join(' ');
  return { shown, folded: [...folded].sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0)), template };
}

/** 'waiting' or '-waiting' (descending) of the URL, as a column and a direction; undefined when no column sorts by it. */
export function readSort<Row>(
  columns: readonly Column<Row>[],
  sort: string,
): { column: Column<Row>; descending: boolean } | undefined {
  const descending = sort.startsWith('-');
  const column = columns.find((one) => one.sort && sortName(one) === sort.slice(descending ? 1 : 0));
  return column && { column, descending };
}

const sortName = <Row>({ id, sort }: Column<Row>): string => (typeof sort === 'string' ? sort : id);

/** What a click on a head asks for: first what one looks for (largest, A to Z), then the other way. */
export function nextSort<Row>(current: string, column: Column<Row>): string {
  const name = sortName(column);
  const first = `${column.first ?? (column.num ? '-' : '')}${name}`;
  if (current !== first) return first;
  return first.startsWith('-') ? name : `-${name}`;
}

/** A sorted copy. A row whose key cannot be read stands last, like one without a key. */
export function sortRows<Row>(
  rows: readonly Row[],
  key: (row: Row) => number | string | null,
  descending: boolean,
  tie: (row: Row) => string,
): Row[] {
  const turn = descending ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: attempt(() => key(row), null), tie: attempt(() => tie(row), '') }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) {
      if (a.key !== b.key) return a.key === null ? 1 : -1;
    } else if (a.key !== b.key) {
      return turn * (typeof a.key === 'number' && typeof b.key === 'number' ? a.key - b.key : words(a.key, b.key));
    }
    return words(a.tie, b.tie);
  });
  return keyed.map(({ row }) => row);
}

const COLLATOR = new Intl.Collator(locale, { numeric: true });
const words = (a: unknown, b: unknown) => COLLATOR.compare(String(a), String(b));

/** One odd row must not take the list away. */
export function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read() ?? otherwise;
  } catch {
    return otherwise;
  }
}
