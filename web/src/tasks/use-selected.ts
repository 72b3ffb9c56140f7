// The tasks that are selected on the page: one by one, a range, all that are loaded, or all that match. By id, so that rows which come
// in between change nothing. The selection itself: selection.ts. Reading all that match: use-select-all.ts.
import { useCallback, useRef, useState } from 'react';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { allOf, hasAll, NONE, type Selection, toggled } from './selection.ts';
import { type SelectAll, useSelectAll } from './use-select-all.ts';

export interface Selected {
  selected: Selection;
  all: SelectAll;
  /** @param range with all between it and the one picked last */
  pick: (uuid: string, range: boolean) => void;
  /** All rows that are here, or none of them. */
  pickAll: () => void;
  clear: () => void;
}

/** @param rows those of the list, as they are when a key or a click asks */
export function useSelected(
  filter: { q: string; state: string },
  rows: { readonly current: readonly TaskRow[] },
): Selected {
  const [selected, setSelected] = useState<Selection>(NONE);
  const anchor = useRef<string | null>(null);
  const all = useSelectAll(filter, (found) => setSelected(allOf(found)));
  const pick = useCallback(
    (uuid: string, range: boolean) => {
      const row = rows.current.find((one) => one.uuid === uuid);
      if (!row) return;
      // Read now: React may run the update below later, when the anchor is this row already.
      const from = range ? anchor.current : null;
      anchor.current = uuid;
      setSelected((before) => toggled(before, rows.current, row, from));
    },
    [rows],
  );
  const { stop } = all;
  const clear = useCallback(() => {
    stop();
    setSelected(NONE);
  }, [stop]);
  const pickAll = () => setSelected((before) => (hasAll(before, rows.current) ? NONE : allOf(rows.current)));
  return { selected, all, pick, pickAll, clear };
}
