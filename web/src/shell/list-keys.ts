// The keys of every list: j and k (and arrows) move, Enter opens, Escape goes back, / filters. The table: ui/table/data-table.tsx.

import { useRef } from 'react';
import { t } from '../language/text.ts';
import { stepTo } from '../ui/table/lines.ts';
import { useShortcuts } from './shortcuts.ts';

export interface ListKeys {
  /** Keys of the lines, in their order. */
  keys: readonly string[];
  cursor: string | null;
  onCursor: (key: string | null) => void;
  /** Of the open row: moving opens the next one. */
  openKey?: string | undefined;
  onOpen: (key: string) => void;
  /** Closes what is open; called also when nothing is. */
  onBack?: () => void;
  onFilter?: () => void;
}

export function useListKeys({
  keys,
  cursor,
  onCursor,
  openKey,
  onOpen,
  onBack,
  onFilter,
}: ListKeys): (by: number) => void {
  const from = cursor ?? openKey ?? null;
  // A row may leave the list under the cursor: it goes on from where that row stood.
  const place = useRef(-1);
  const found = from === null ? -1 : keys.indexOf(from);
  if (found >= 0 || from === null) place.current = found;
  const move = (by: number) => {
    const next = stepTo(keys, from, by, place.current);
    if (next === null) return;
    onCursor(next);
    if (openKey !== undefined && !/^(group|more) /.test(next)) onOpen(next);
  };
  useShortcuts([
    { keys: 'j', label: t('Next row'), group: 'List', run: () => move(1) },
    { keys: 'k', label: t('Row before'), group: 'List', run: () => move(-1) },
    { keys: 'ArrowDown', label: t('Next row'), group: 'List', alias: true, run: () => move(1) },
    { keys: 'ArrowUp', label: t('Row before'), group: 'List', alias: true, run: () => move(-1) },
    { keys: 'Enter', label: t('Open'), group: 'List', run: () => cursor !== null && onOpen(cursor) },
    { keys: 'Escape', label: t('Back'), group: 'List', run: () => (onBack ? onBack() : onCursor(null)) },
    ...(onFilter ? [{ keys: '/', label: t('Filter'), group: 'List' as const, run: onFilter }] : []),
  ]);
  return move;
}
