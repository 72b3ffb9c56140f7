// Every key of the pages in one registry: it feeds the keyboard, the help and the palette.
// Pages register theirs while they are shown. Holds: no single letter acts while one types, or while a dialog is open.
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { preferences } from './preferences.ts';

export interface Shortcut {
  /** 'j', 'g o' (one after the other), 'Shift+x', 'Mod+k' (Ctrl, or Cmd on a Mac), 'Escape', 'ArrowDown'. */
  keys: string;
  label: string;
  group: 'Go' | 'Page' | 'List' | 'Task' | 'View';
  run: (event: KeyboardEvent) => void;
  /** Not in the help: a second key for the same. */
  alias?: boolean;
  /** Also while one types in a field. */
  always?: boolean;
}

let registered: readonly Shortcut[] = [];
const listeners = new Set<() => void>();
const SEQUENCE_MS = 1200;

function change(next: readonly Shortcut[]): void {
  registered = next;
  for (const listener of listeners) listener();
}

/** Registered while the component is shown; the newest wins. Handlers may close over fresh values. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  const names = shortcuts.map((s) => `${s.keys} ${s.label}`).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the names say when the set changed
  useEffect(() => {
    const mine = latest.current.map((s, i) => ({ ...s, run: (event: KeyboardEvent) => latest.current[i]?.run(event) }));
    change([...mine, ...registered]);
    return () => change(registered.filter((s) => !mine.includes(s)));
  }, [names]);
}

const current = () => registered;

export function useRegistered(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    current,
    current,
  );
}

/** The word of a key press in the registry's spelling. */
function spell(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): string {
  const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shifted = event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key));
  return `${event.ctrlKey || event.metaKey ? 'Mod+' : ''}${event.altKey ? 'Alt+' : ''}${shifted ? 'Shift+' : ''}${letter}`;
}

/**
 * Which shortcut a key means, after `before` (the key pressed just now, if any).
 * `pending` when it may begin a sequence.
 */
export function resolve(
  shortcuts: readonly Shortcut[],
  before: string | null,
  key: string,
): { hit: Shortcut | undefined; pending: boolean } {
  const sequence = before ? shortcuts.find((s) => s.keys === `${before} ${key}`) : undefined;
  if (sequence) return { hit: sequence, pending: false };
  return { hit: shortcuts.find((s) => s.keys === key), pending: shortcuts.some((s) => s.keys.startsWith(`${key} `)) };
}

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches('textarea, select')) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type);
}

let before: { key: string; at: number } | null = null;

export function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const key = spell(event);
  if (['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return;
  const modified = key.startsWith('Mod+');
  const target = event.target as HTMLElement | null;
  if (!modified && (document.querySelector('dialog[open]') || target?.closest?.('[role="menu"]'))) return;
  const inField = typing(event.target);
  if (!modified && !inField && !preferences().keys && key.length === 1) return;
  // Enter and space belong to the control that has the focus.
  if ((key === 'Enter' || key === ' ') && target?.closest?.('button, a, [role="tab"], input, summary')) return;
  if (key.startsWith('Arrow') && target?.closest?.('[role="tablist"], [role="tree"], [role="listbox"]')) return;
  const fresh = before && event.timeStamp - before.at < SEQUENCE_MS ? before.key : null;
  before = null;
  const { hit, pending } = resolve(registered, fresh, key);
  if (hit && (!inField || modified || hit.always)) {
    event.preventDefault();
    hit.run(event);
  } else if (pending && !inField) {
    before = { key, at: event.timeStamp };
  }
}

const NAMES: Record<string, string> = {
  Escape: 'Esc',
  ArrowDown: '\u2193',
  ArrowUp: '\u2191',
  Mod: /Mac|iP/.test(navigator.platform) ? '\u2318' : 'Ctrl',
};

/** For showing: 'Mod+k' is ['Ctrl K'], 'g o' is ['g', 'o']. */
export function shown(keys: string): string[] {
  return keys.split(' ').map((key) =>
    key
      .split('+')
      .map((part, _, all) => NAMES[part] ?? (all.length > 1 && part.length === 1 ? part.toUpperCase() : part))
      .join(' '),
  );
}
