// What a key does in a combobox: a text field with a list of options below it (ARIA 1.2, editable, the list completes). Pure.
// State and the attributes of the field: use-combobox.ts. Letters, Home, End and the arrows to the sides stay the text's own.
// Holds: while an input method composes a word, no key is ours.

export interface ComboboxState {
  open: boolean;
  /** The option the next Enter takes; -1: none. */
  active: number;
  /** How many options there are, whether they are shown or not. */
  size: number;
  /** The list never closes by itself: what is around it does. */
  pinned?: boolean;
  /** Tab takes an option instead of leaving the field: the active one, or without one the first. Default: it leaves. */
  tabTakes?: 'active' | 'first';
}

export type ComboboxStep =
  /** The list is open, with this option active. */
  | { does: 'move'; active: number }
  | { does: 'take'; option: number }
  /** Enter on the text as it stands. */
  | { does: 'submit' }
  | { does: 'close' }
  /** Escape when there is nothing to close. */
  | { does: 'leave' };

export interface ComboboxKey {
  key: string;
  altKey?: boolean;
  ctrlKey?: boolean;
  metaKey?: boolean;
  shiftKey?: boolean;
  isComposing?: boolean;
}

const PAGE = 8;

/** null: the key is not the combobox's. */
export function comboboxStep(event: ComboboxKey, state: ComboboxState): ComboboxStep | null {
  if (event.isComposing || event.ctrlKey || event.metaKey) return null;
  const { active, size } = state;
  const isOpen = state.open && size > 0;
  const last = size - 1;
  switch (event.key) {
    case 'ArrowDown':
      if (size === 0) return null;
      if (event.altKey) return isOpen ? null : { does: 'move', active: -1 };
      return { does: 'move', active: isOpen && active < last ? active + 1 : 0 };
    case 'ArrowUp':
      if (event.altKey) return isOpen && !state.pinned ? { does: 'close' } : null;
      if (size === 0) return null;
      return { does: 'move', active: isOpen && active > 0 ? active - 1 : last };
    case 'PageDown':
      return isOpen ? { does: 'move', active: Math.min(last, active + PAGE) } : null;
    case 'PageUp':
      return isOpen ? { does: 'move', active: Math.max(0, active - PAGE) } : null;
    case 'Enter':
      return isOpen && active >= 0 ? { does: 'take', option: active } : { does: 'submit' };
    case 'Tab':
      if (!isOpen || !state.tabTakes || event.shiftKey) return null;
      return active >= 0 || state.tabTakes === 'first' ? { does: 'take', option: Math.max(0, active) } : null;
    case 'Escape':
      if (state.pinned) return null;
      return isOpen ? { does: 'close' } : { does: 'leave' };
    default:
      return null;
  }
}
