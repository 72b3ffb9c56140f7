// Which tasks are selected, by id, with the row as it was last seen: those of the list, or all that match. Pure.
// Reading all that match: use-select-all.ts. Doing something with them: use-bulk.ts.
import type { TaskRow } from '../../../shared/wire/tasks.ts';

export type Selection = ReadonlyMap<string, TaskRow>;
export const NONE: Selection = new Map();

/** One more or one less; with `from`, all between it and the row. */
export function toggled(selection: Selection, rows: readonly TaskRow[], row: TaskRow, from: string | null): Selection {
  const next = new Map(selection);
  const start = from === null ? -1 : rows.findIndex((r) => r.uuid === from);
  const end = rows.findIndex((r) => r.uuid === row.uuid);
  if (start >= 0) for (const r of rows.slice(Math.min(start, end), Math.max(start, end) + 1)) next.set(r.uuid, r);
  else if (!next.delete(row.uuid)) next.set(row.uuid, row);
  return next;
}

export const allOf = (rows: readonly TaskRow[]): Selection => new Map(rows.map((row) => [row.uuid, row]));

export const hasAll = (selection: Selection, rows: readonly TaskRow[]): boolean =>
  rows.length > 0 && rows.every((row) => selection.has(row.uuid));

/** With what is known better of them now. */
export function chosenRows(selection: Selection, rows: readonly TaskRow[]): TaskRow[] {
  const fresh = new Map(rows.map((row) => [row.uuid, row]));
  return [...selection.values()].map((row) => fresh.get(row.uuid) ?? row);
}

/** In parts of what one request takes. */
export function inParts<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let i = 0; i < items.length; i += size) parts.push(items.slice(i, i + size));
  return parts;
}
