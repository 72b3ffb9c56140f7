// A modal dialog on the browser's own <dialog>: focus stays in, Esc closes, the page behind is inert, focus returns.
// Not Radix's: its scroll lock writes a <style> element, which the content policy forbids.
import { type ReactNode, useEffect, useId, useRef } from 'react';

export function Dialog({
  title,
  onClose,
  children,
  className = '',
  label,
}: {
  title?: ReactNode;
  label?: string;
  onClose: () => void;
  children: ReactNode;
  className?: string;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement as HTMLElement | null;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      before?.focus?.();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes a modal dialog by itself
    <dialog
      ref={ref}
      className={`dialog ${className}`}
      aria-labelledby={title ? titleId : undefined}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <div className="dialog-body">
        {title && <h2 id={titleId}>{title}</h2>}
        {children}
      </div>
    </dialog>
  );
}
