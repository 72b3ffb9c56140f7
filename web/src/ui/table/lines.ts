// The lines of a table: rows, heads of groups, and what stands for the rest of a group. Pure. Drawing: data-table.tsx.
import type { ReactNode } from 'react';
import { t } from '../../language/text.ts';
import { attempt } from './columns.ts';

export type Line<Row> =
  | { kind: 'row'; key: string; row: Row; within: boolean }
  /** `row` is the group as one row: its sums. */
  | { kind: 'group'; key: string; row: Row; label: string; note: string; open: boolean }
  | { kind: 'more'; key: string; text: string; group: string }
  /** The whole width under a row: what is being edited, what came of it. */
  | { kind: 'detail'; key: string; content: ReactNode };

/** Rows of an open group before the rest is one line. */
const FIRST = 8;

export interface Grouping<Row> {
  keyOf: (row: Row) => string;
  /** '' for those of no group: they come last, as others. */
  stemOf: (row: Row) => string;
  /** The group as one row, for the same columns. */
  sum: (stem: string, rows: readonly Row[]) => Row;
  note: (rows: readonly Row[]) => string;
  /** Opens a group, and stands first in it. */
  needsYou: (row: Row) => boolean;
  /** Of those not shown, after their number: ' online, 5 to 8 slots busy'. */
  rest: (rows: readonly Row[]) => string;
}

/** What the person opened and closed: stem to `all`, `some` or `closed`. Not named: open when one of it needs a person. */
export type Openness = ReadonlyMap<string, 'all' | 'some' | 'closed'>;

/** @param rows in their order @param order sorts the groups by their sums, as the rows are sorted */
export function groupLines<Row>(
  rows: readonly Row[],
  grouping: Grouping<Row>,
  openness: Openness,
  order: (groups: readonly Row[]) => readonly Row[],
): Line<Row>[] {
  const byStem = new Map<string, Row[]>();
  for (const row of rows) {
    const stem = attempt(() => grouping.stemOf(row), '');
    byStem.set(stem, [...(byStem.get(stem) ?? []), row]);
  }
  const sums = new Map<Row, string>();
  for (const [stem, members] of byStem) sums.set(grouping.sum(stem, members), stem);
  const others = [...sums].find(([, stem]) => stem === '')?.[0];
  const sorted = order([...sums.keys()].filter((sum) => sum !== others));
  const lines: Line<Row>[] = [];
  for (const sum of others === undefined ? sorted : [...sorted, others]) {
    const stem = sums.get(sum)!;
    const members = byStem.get(stem)!;
    const troubled = members.filter((row) => attempt(() => grouping.needsYou(row), true));
    const how = openness.get(stem) ?? (troubled.length > 0 ? 'some' : 'closed');
    const key = `group ${stem}`;
    lines.push({
      kind: 'group',
      key,
      row: sum,
      label: stem || t('others'),
      note: grouping.note(members),
      open: how !== 'closed',
    });
    if (how === 'closed') continue;
    const calm = members.filter((row) => !troubled.includes(row));
    const whole = how === 'all' || members.length <= FIRST + 1;
    const shown = whole
      ? members
      : [...troubled, ...calm].slice(0, Math.max(FIRST, Math.min(troubled.length, 3 * FIRST)));
    for (const row of shown) lines.push({ kind: 'row', key: grouping.keyOf(row), row, within: true });
    const left = members.length - shown.length;
    if (left > 0) {
      const rest = members.filter((row) => !shown.includes(row));
      lines.push({
        kind: 'more',
        key: `more ${stem}`,
        text: t('{count} more{rest}', { count: left, rest: grouping.rest(rest) }),
        group: stem,
      });
    }
  }
  return lines;
}

/** While someone reads, each row keeps its place: those known before first, as they stood, what is new after them. */
export function holdOrder<Row>(before: readonly string[], rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  const place = new Map(before.map((key, i) => [key, i]));
  return rows
    .map((row, i) => ({ row, at: place.get(keyOf(row)) ?? before.length + i }))
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row);
}

/**
 * The line `by` lines on; from nowhere the first.
 * @param place where the line stood that is no longer there: the one that took its place is the next, the one above it the one before
 */
export function stepTo(
  keys: readonly string[],
  from: string | null | undefined,
  by: number,
  place = -1,
): string | null {
  if (keys.length === 0) return null;
  const at = from === null || from === undefined ? -1 : keys.indexOf(from);
  const next = at >= 0 ? at + by : place < 0 ? 0 : by > 0 ? place + by - 1 : place + by;
  return keys[Math.max(0, Math.min(keys.length - 1, next))]!;
}
