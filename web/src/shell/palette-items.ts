// What the palette offers: places, workers, queues, tasks by name or id, actions of this page; and which of them fit what was typed.
// Drawing, and what the keys of this page do: command-palette.tsx. Pure but for what an item does.

import { encodeSegment } from '../../../shared/path-segment.ts';
import { t } from '../language/text.ts';
import type { IconName } from '../ui/icon.tsx';

export interface PaletteItem {
  label: string;
  kind: 'Page' | 'Cluster' | 'Worker' | 'Queue' | 'Task' | 'Do' | 'Id' | 'Search';
  icon: IconName;
  keys?: string;
  run: () => void;
}

/** Goes to a path of the pages. */
export type Go = (to: string, search?: Record<string, unknown>) => () => void;

const LIMIT = 40;
const PLACES = [
  [t('Overview'), 'overview', '/', {}],
  [t('Tasks'), 'tasks', '/tasks', {}],
  [t('Failed tasks'), 'failures', '/tasks', { state: 'FAILURE' }],
  [t('Workers'), 'workers', '/workers', {}],
  [t('Queues'), 'queues', '/queues', {}],
  [t('Alerts'), 'alerts', '/alerts', {}],
  [t('Broker'), 'broker', '/broker', {}],
  [t('Audit'), 'audit', '/audit', {}],
  [t('Access'), 'key', '/access', {}],
] as const;

const pathOf = (room: string, name: string) => `${room}/${encodeSegment(name)}`;

export function paletteItems(
  known: {
    workers: Iterable<string>;
    queues: readonly { name: string }[];
    types: readonly { name: string }[];
    actions: readonly PaletteItem[];
    /** Of this dashboard, besides this one. */
    clusters?: readonly { name: string; run: () => void }[];
  },
  go: Go,
): PaletteItem[] {
  return [
    ...PLACES.map(([label, icon, to, search]): PaletteItem => ({ label, kind: 'Page', icon, run: go(to, search) })),
    ...[...known.workers].map(
      (name): PaletteItem => ({ label: name, kind: 'Worker', icon: 'workers', run: go(pathOf('/workers', name)) }),
    ),
    ...known.queues.map(
      ({ name }): PaletteItem => ({ label: name, kind: 'Queue', icon: 'queues', run: go(pathOf('/queues', name)) }),
    ),
    ...known.types.map(
      ({ name }): PaletteItem => ({
        label: name,
        kind: 'Task',
        icon: 'tasks',
        run: go('/tasks', { q: `name:${name}` }),
      }),
    ),
    ...(known.clusters ?? []).map(
      ({ name, run }): PaletteItem => ({ label: name, kind: 'Cluster', icon: 'overview', run }),
    ),
    ...known.actions,
  ];
}

/** What fits, best first; a task by what may be its id before all, a search for the text at the end. */
export function found(items: readonly PaletteItem[], text: string, go: Go): PaletteItem[] {
  const typed = text.trim();
  const fitting = rank(items, typed).slice(0, LIMIT);
  if (/^[0-9a-f-]{8,36}$/i.test(typed)) {
    const run = typed.length === 36 ? go(pathOf('/tasks', typed)) : go('/tasks', { q: `uuid:${typed}*` });
    fitting.unshift({ label: t('Task {typed}', { typed }), kind: 'Id', icon: 'tasks', run });
  }
  if (typed)
    fitting.push({
      label: t('Search tasks for “{typed}”', { typed }),
      kind: 'Search',
      icon: 'search',
      run: go('/tasks', { q: typed }),
    });
  return fitting;
}

/** Begins with > a word begins with > contains > letters in order; the shorter first. 0 is no fit. */
export function closeness(label: string, typed: string): number {
  const text = label.toLowerCase();
  const wanted = typed.toLowerCase();
  if (wanted === '') return 1;
  const length = 1 - Math.min(label.length, 100) / 101;
  if (text.startsWith(wanted)) return 4 + length;
  const at = text.indexOf(wanted);
  if (at > 0 && /[\s._@-]/.test(text[at - 1]!)) return 3 + length;
  if (at > 0) return 2 + length;
  let from = 0;
  for (const letter of wanted) {
    from = text.indexOf(letter, from) + 1;
    if (from === 0) return 0;
  }
  return wanted.length > 1 ? length : 0;
}

export function rank<T extends { label: string }>(items: readonly T[], typed: string): T[] {
  return items
    .map((item, i) => ({ item, i, score: closeness(item.label, typed) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.i - b.i)
    .map(({ item }) => item);
}
