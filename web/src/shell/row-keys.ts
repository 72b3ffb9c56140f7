// j and k on a page with tables in cards: from row to row, through all of them, each with its link or button in focus, so that Enter
// opens it. A page that is one list has a cursor of its own: list-keys.ts.
import { t } from '../language/text.ts';
import { useShortcuts } from './shortcuts.ts';

/** Of the rows one can act on: the next place, staying within. @param at -1: the focus is in none of them */
export function stepWithin(count: number, at: number, by: 1 | -1): number {
  if (count === 0) return -1;
  if (at < 0) return by > 0 ? 0 : count - 1;
  return Math.min(count - 1, Math.max(0, at + by));
}

export function useRowKeys(): void {
  useShortcuts([
    { keys: 'j', label: t('Next row'), group: 'List', run: () => step(1) },
    { keys: 'k', label: t('Row before'), group: 'List', run: () => step(-1) },
  ]);
}

const ROW = 'tbody tr[data-key]';
const TARGET = 'a, button:not([aria-disabled="true"])';

function step(by: 1 | -1): void {
  const rows = [...(document.getElementById('main')?.querySelectorAll<HTMLElement>(ROW) ?? [])].filter((row) =>
    row.querySelector(TARGET),
  );
  const here = document.activeElement?.closest<HTMLElement>(ROW);
  const next = rows[stepWithin(rows.length, here ? rows.indexOf(here) : -1, by)];
  next?.querySelector<HTMLElement>(TARGET)?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
