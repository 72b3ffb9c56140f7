// What this person likes: theme, density, keys, columns. Kept in this browser.
// public/theme.js reads the same keys before first paint. Holds: unreadable storage means the defaults, never an error.
import { useSyncExternalStore } from 'react';
import { PAGE_OPTIONS } from '../api/page-options.ts';
import { t } from '../language/text.ts';

export interface Preferences {
  theme: 'system' | 'light' | 'dark';
  density: 'compact' | 'default' | 'roomy';
  /** Single-letter keys. */
  keys: boolean;
  /** Hidden columns of the task list. */
  hidden: readonly string[];
}

const KEY = 'umbel.preferences';
const DEFAULTS: Preferences = {
  theme: 'system',
  density: 'default',
  keys: true,
  hidden: PAGE_OPTIONS.hidden ?? ['retries'],
};

function read(): Preferences {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>;
    return { ...DEFAULTS, ...kept, hidden: Array.isArray(kept.hidden) ? kept.hidden : DEFAULTS.hidden };
  } catch {
    return DEFAULTS;
  }
}

let current = read();
const listeners = new Set<() => void>();

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // Not kept beyond this page then.
  }
  show();
  for (const listener of listeners) listener();
}

function show(): void {
  const root = document.documentElement.dataset;
  if (current.theme === 'system') delete root.theme;
  else root.theme = current.theme;
  if (current.density === 'default') delete root.density;
  else root.density = current.density;
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
    () => current,
  );
}

export const preferences = (): Preferences => current;

/** system > light > dark > system. */
export function nextTheme(): void {
  const order = ['system', 'light', 'dark'] as const;
  setPreferences({ theme: order[(order.indexOf(current.theme) + 1) % 3]! });
}

/** For a sentence about the theme, and for its button. */
export const THEME_WORDS: Readonly<Record<Preferences['theme'], string>> = {
  system: t('theme|system'),
  light: t('theme|light'),
  dark: t('theme|dark'),
};
export const THEMES: readonly (readonly [Preferences['theme'], string])[] = [
  ['system', t('System')],
  ['light', t('Light')],
  ['dark', t('Dark')],
];

export const ROW_HEIGHT = { compact: 28, default: 32, roomy: 40 } as const;
