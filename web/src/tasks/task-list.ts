// The rows of the task list as data: pages fetched, live rows merged in, what is newer than the list. Pure.
// Fetching and holding: task-list-store.ts. Drawing: task-table.tsx.
// Holds: a row stands once; rows that did not change keep their identity; order changes only by merge.

import type { Precision } from '../../../shared/wire/count.ts';
import type { TaskPage, TaskRow } from '../../../shared/wire/tasks.ts';
import { t, tn } from '../language/text.ts';
import { count } from '../ui/format.ts';

export interface TaskList {
  rows: readonly TaskRow[];
  /** Cursor of the next page; null at the end. */
  next: string | null;
  counts: Readonly<Record<string, number>>;
  capped: boolean;
  /** How sure each of `counts` is; absent: `capped` says. */
  countsAre?: Readonly<Record<string, Precision>>;
  total: number;
  totalIs: Precision;
  /** Tasks first seen before then were not looked at. */
  lookedBackTo: number | null;
  /** What the server wants known of its answer. */
  note: string | null;
}

/** Counted up to so many each, unless the server says how sure it is. */
const COUNTED_TO = 10_000;

export function listOf(page: TaskPage): TaskList {
  return { rows: page.items, next: page.next, ...countsOf(page) };
}

function countsOf(page: TaskPage): Omit<TaskList, 'rows' | 'next'> {
  return {
    counts: page.counts,
    capped: page.counts_capped,
    countsAre: page.counts_are,
    total: page.total,
    totalIs: page.total_is ?? (page.counts_capped && page.total >= COUNTED_TO ? 'at_least' : 'exact'),
    lookedBackTo: page.looked_back_to ?? null,
    note: page.note ?? null,
  };
}

export function sureness(list: TaskList | null, state: string): Precision {
  const precision = list?.countsAre?.[state];
  if (precision) return precision;
  return list?.capped && (list.counts[state] ?? 0) >= COUNTED_TO ? 'at_least' : 'exact';
}

/** '3,829', 'at least 30.2k'. */
export function formatTotal(list: TaskList): string {
  const n = count(list.total);
  if (list.totalIs === 'exact') return n;
  return list.totalIs === 'at_least' ? t('at least {count}', { count: n }) : t('about {count}', { count: n });
}

/** How much of what matches is here. Rows stay while they are looked at, also when their state has moved on. */
export function formatLoaded(list: TaskList): string {
  const loaded = list.rows.length;
  if (loaded > list.total && list.totalIs === 'exact')
    return tn(loaded, '# task shown, {total} match now', '# tasks shown, {total} match now', { total: list.total });
  return tn(loaded, '# task loaded of {total}', '# tasks loaded of {total}', { total: formatTotal(list) });
}

export function appendPage(list: TaskList, page: TaskPage): TaskList {
  const known = new Set(list.rows.map((row) => row.uuid));
  return {
    ...list,
    rows: [...list.rows, ...page.items.filter((row) => !known.has(row.uuid))],
    next: page.next,
    total: page.total,
    totalIs: listOf(page).totalIs,
  };
}

/**
 * The first page was read again. Where it meets the rows there are, what follows is kept; where it does not meet them
 * (more than a page is new) the list begins anew.
 */
export function mergeFirst(list: TaskList, page: TaskPage): TaskList {
  const fresh = listOf(page);
  const inPage = new Set(page.items.map((row) => row.uuid));
  const meets = list.rows.findLastIndex((row) => inPage.has(row.uuid));
  if (meets < 0 || page.next === null) return fresh;
  const tail = list.rows.slice(meets + 1).filter((row) => !inPage.has(row.uuid));
  if (tail.length === 0) return fresh;
  return { ...fresh, rows: [...page.items, ...tail], next: list.next };
}

/** Only the counts of a page, for a list whose order is held. */
export function withCounts(list: TaskList, page: TaskPage): TaskList {
  return { ...list, ...countsOf(page) };
}

/** Rows the live feed knows better, in place. The same list when nothing changed. */
export function patchRows(list: TaskList, live: ReadonlyMap<string, TaskRow>): TaskList {
  let changed = false;
  const rows = list.rows.map((row) => {
    const newer = live.get(row.uuid);
    if (!newer || newer === row || newer.timestamp < row.timestamp) return row;
    changed = true;
    return newer;
  });
  return changed ? { ...list, rows } : list;
}

/** Live rows that belong above the list, newest first: for the order "newest first" only. */
export function newerRows(
  list: TaskList,
  live: Iterable<TaskRow>,
  matches: (row: TaskRow) => boolean,
): readonly TaskRow[] {
  const top = list.rows[0]?.first_seen ?? -Infinity;
  const below = list.rows.findIndex((row) => row.first_seen < top);
  // A burst of more than a page in one millisecond: which of the others stand above this page only the server can say.
  const isTieNewer = below >= 0 || list.next === null;
  const known = new Set(list.rows.slice(0, Math.max(300, below)).map((row) => row.uuid));
  const found: TaskRow[] = [];
  for (const row of live) {
    const isAbove = row.first_seen > top || (row.first_seen === top && isTieNewer);
    if (isAbove && !known.has(row.uuid) && matches(row)) found.push(row);
  }
  return found.sort((a, b) => b.first_seen - a.first_seen);
}

/** How many of these rows, read again, stand above a list that is held. */
export function unknownIn(rows: readonly TaskRow[], list: TaskList): number {
  const known = new Set(list.rows.map((row) => row.uuid));
  const top = list.rows[0]?.first_seen ?? -Infinity;
  return rows.filter((row) => !known.has(row.uuid) && row.first_seen >= top).length;
}

export function insertNewer(list: TaskList, newer: readonly TaskRow[]): TaskList {
  if (newer.length === 0) return list;
  const counts = { ...list.counts };
  for (const row of newer) counts[row.state] = (counts[row.state] ?? 0) + 1;
  return { ...list, rows: [...newer, ...list.rows], counts, total: list.total + newer.length };
}

/** Trouble first, then what is left over by name; empty ones leave, unless chosen. @param kept stay when they are empty, too */
export function chipStates(
  counts: Readonly<Record<string, number>>,
  chosen: ReadonlySet<string>,
  order: readonly string[],
  kept: readonly string[] = [],
): string[] {
  const present = Object.keys(counts).filter((state) => (counts[state] ?? 0) > 0 || chosen.has(state));
  for (const state of [...chosen, ...kept]) if (!present.includes(state)) present.push(state);
  const rank = (state: string) => (order.indexOf(state) === -1 ? order.length : order.indexOf(state));
  return present.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}
