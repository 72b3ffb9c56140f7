// A word about what happened elsewhere than where one looks. What failed in place is said in place: feedback.tsx.
// No library: the usual one writes a <style> element, which the content policy forbids.

import { useSyncExternalStore } from 'react';
import { t } from '../language/text.ts';
import { Icon } from './icon.tsx';

interface Toast {
  id: number;
  text: string;
}

let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function toast(text: string): void {
  const id = nextId++;
  set([...toasts.slice(-2), { id, text }]);
  setTimeout(() => dismiss(id), 6000);
}

function dismiss(id: number): void {
  set(toasts.filter((one) => one.id !== id));
}

export function Toaster() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((one) => (
        <p key={one.id} className="menu toast">
          {one.text}
          <button type="button" className="btn bare only" aria-label={t('Dismiss')} onClick={() => dismiss(one.id)}>
            <Icon name="close" />
          </button>
        </p>
      ))}
    </div>
  );
}
