// Asks before something that cannot be taken back: what will happen, Cancel, and a button that says what it does.

import type { ReactNode } from 'react';
import { t } from '../language/text.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';

interface ConfirmProps {
  readonly title: ReactNode;
  /** The button's words. */
  readonly verb: string;
  readonly children: ReactNode;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
}

export function Confirm({ title, verb, children, onClose, onConfirm }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <footer>
        <Button onClick={onClose}>{t('Cancel')}</Button>
        <Button
          kind="fatal"
          onClick={() => {
            onConfirm();
            onClose();
          }}
        >
          {verb}
        </Button>
      </footer>
    </Dialog>
  );
}
