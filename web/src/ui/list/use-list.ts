// A list that is all here: filtered, sorted, grouped when it is long, and in the same order for as long as someone reads it.
// The parts are pure: ui/list-filter.ts, ui/table. What a page's list is made of: workers/worker-table.tsx, queues/queue-table.tsx.
import { useMemo, useRef, useState } from 'react';
import { type Column, readSort, sortRows } from '../table/columns.ts';
import { type Grouping, groupLines, holdOrder, type Line, type Openness } from '../table/lines.ts';

/** A list longer than this is grouped unless the person wants it flat. */
const LONG = 24;

/** @typeParam Other ways to group than by stem: what `grouping` then does */
export interface ListOptions<Row, Other extends string = never> {
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string;
  keep: (row: Row) => boolean;
  sort: string;
  by: 'stem' | 'flat' | Other | undefined;
  grouping: Omit<Grouping<Row>, 'keyOf'>;
  /** Rows keep their places. */
  held: boolean;
}

export interface ListState<Row, Other extends string = never> {
  lines: readonly Line<Row>[];
  kept: readonly Row[];
  groups: number;
  by: 'stem' | 'flat' | Other;
  setGroup: (stem: string, how: 'all' | 'some' | 'closed') => void;
  /** Opens or closes a group by its head or by what stands for its rest. @returns false: the line is a row */
  toggle: (key: string) => boolean;
}

export function useList<Row, Other extends string = never>({
  rows,
  columns,
  keyOf,
  keep,
  sort,
  by,
  grouping,
  held,
}: ListOptions<Row, Other>): ListState<Row, Other> {
  const [openness, setOpenness] = useState<Openness>(new Map());
  const order = useRef<{ sort: string; keys: readonly string[]; groups: readonly string[] }>({
    sort,
    keys: [],
    groups: [],
  });
  const sorted = useMemo(() => {
    const chosen = readSort(columns, sort);
    const by = chosen?.column.sort;
    const inOrder = (list: readonly Row[]) =>
      chosen && typeof by === 'function' ? sortRows(list, by, chosen.descending, keyOf) : [...list];
    return { kept: inOrder(rows.filter(keep)), inOrder };
  }, [rows, columns, keyOf, keep, sort]);
  // A list that was hardly there yet is no order to hold.
  const holding = held && order.current.sort === sort && order.current.keys.length * 2 > sorted.kept.length;
  const kept = holding ? holdOrder(order.current.keys, sorted.kept, keyOf) : sorted.kept;
  const how = by ?? (kept.length > LONG ? 'stem' : 'flat');
  const lines = useMemo((): readonly Line<Row>[] => {
    if (how === 'flat') return kept.map((row) => ({ kind: 'row', key: keyOf(row), row, within: false }));
    const inOrder = (sums: readonly Row[]) => {
      const ordered = sorted.inOrder(sums);
      return holding ? holdOrder(order.current.groups, ordered, keyOf) : ordered;
    };
    return groupLines(kept, { ...grouping, keyOf }, openness, inOrder);
  }, [how, kept, keyOf, grouping, openness, sorted, holding]);
  order.current = {
    sort,
    keys: kept.map(keyOf),
    groups: lines.flatMap((line) => (line.kind === 'group' ? [keyOf(line.row)] : [])),
  };
  const setGroup: ListState<Row>['setGroup'] = (stem, next) => setOpenness((before) => new Map(before).set(stem, next));
  return {
    lines,
    kept,
    by: how,
    groups: lines.filter((line) => line.kind === 'group').length,
    setGroup,
    toggle: (key) => {
      const line = lines.find((one) => one.key === key);
      if (line?.kind === 'more') setGroup(line.group, 'all');
      else if (line?.kind === 'group') setGroup(key.slice('group '.length), line.open ? 'closed' : 'some');
      else return false;
      return true;
    },
  };
}
