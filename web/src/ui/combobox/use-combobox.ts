// A combobox: which option is active, whether the list is open, and the attributes of the field (ARIA 1.2).
// Keys: combobox-keys.ts. The list: combobox-list.tsx. What is typed and what is offered: whoever uses it.
// Holds: the focus stays in the field; assistive technology follows `aria-activedescendant`.
import { type InputHTMLAttributes, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { type ComboboxState, comboboxStep } from './combobox-keys.ts';

export interface ComboboxOptions {
  size: number;
  /** Active after each change of what is offered. Default: -1, none, so that Enter submits the text. */
  resting?: number;
  /** The list is always there. */
  pinned?: boolean;
  tabTakes?: ComboboxState['tabTakes'];
  onTake: (option: number) => void;
  onSubmit?: () => void;
  onLeave?: () => void;
}

export interface Combobox {
  listId: string;
  /** Options are shown. */
  isOpen: boolean;
  /** They would be, if there were any. */
  isOffering: boolean;
  active: number;
  /** For the field, beside its own value and label. */
  field: InputHTMLAttributes<HTMLInputElement>;
  optionId: (option: number) => string;
  activate: (option: number) => void;
  take: (option: number) => void;
  /** Nothing is chosen yet. */
  open: () => void;
  close: () => void;
}

export function useCombobox({
  size,
  resting = -1,
  pinned = false,
  tabTakes,
  onTake,
  onSubmit,
  onLeave,
}: ComboboxOptions): Combobox {
  const listId = useId();
  const [isOpened, setOpened] = useState(false);
  const [wanted, setWanted] = useState(resting);
  const byKey = useRef(false);
  const open = pinned || isOpened;
  const isOpen = open && size > 0;
  const active = isOpen ? Math.min(wanted, size - 1) : -1;
  const optionId = (option: number) => `${listId}-${option}`;
  // What the pointer rests on is in view; what a key has moved to may not be.
  useEffect(() => {
    if (byKey.current && active >= 0)
      document.getElementById(`${listId}-${active}`)?.scrollIntoView({ block: 'nearest' });
    byKey.current = false;
  }, [active, listId]);

  const take = (option: number) => {
    setWanted(resting);
    onTake(option);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const { key, altKey, ctrlKey, metaKey, shiftKey, nativeEvent } = event;
    const pressed = { key, altKey, ctrlKey, metaKey, shiftKey, isComposing: nativeEvent.isComposing };
    const step = comboboxStep(pressed, { open, active, size, pinned, tabTakes });
    if (!step) return;
    event.preventDefault();
    switch (step.does) {
      case 'move':
        byKey.current = true;
        setOpened(true);
        setWanted(step.active);
        break;
      case 'take':
        take(step.option);
        break;
      case 'submit':
        setOpened(false);
        onSubmit?.();
        break;
      case 'close':
      case 'leave':
        // The page would take Escape for its own.
        event.stopPropagation();
        if (step.does === 'close') setOpened(false);
        else onLeave?.();
    }
  };
  return {
    listId,
    isOpen,
    isOffering: open,
    active,
    field: {
      role: 'combobox',
      'aria-expanded': isOpen,
      'aria-controls': listId,
      'aria-autocomplete': 'list',
      'aria-activedescendant': active >= 0 ? optionId(active) : undefined,
      autoComplete: 'off',
      autoCapitalize: 'off',
      spellCheck: false,
      onKeyDown,
    },
    optionId,
    activate: setWanted,
    take,
    open: () => {
      setOpened(true);
      setWanted(resting);
    },
    close: () => setOpened(false),
  };
}
