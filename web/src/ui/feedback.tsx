// Where there is nothing to show yet, nothing at all, an error, or something old: said in place, with the next step.
// Toasts, for what happened elsewhere: toaster.tsx.

import { type ReactNode, useEffect, useState } from 'react';
import { ApiError } from '../api/client.ts';
import { fromServer, t } from '../language/text.ts';
import { useNow } from '../live/hooks.ts';
import { Button, CopyButton } from './button.tsx';
import { age } from './format.ts';
import { Icon, type IconName } from './icon.tsx';

/** True once `waiting` has lasted 150 ms: what is quick shows no skeleton. */
export function useSlow(waiting: boolean, afterMs = 150): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!waiting) {
      setSlow(false);
      return;
    }
    const handle = setTimeout(() => setSlow(true), afterMs);
    return () => clearTimeout(handle);
  }, [waiting, afterMs]);
  return slow;
}

export function Skeleton({ rows = 5, label = t('Loading') }: { rows?: number; label?: string }) {
  const slow = useSlow(true);
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {slow && Array.from({ length: rows }, (_, i) => <i key={i} />)}
    </div>
  );
}

/** 2 px on top of what is being asked for again. */
export function LoadingBar({ on }: { on: boolean }) {
  return useSlow(on) ? <div className="loading-bar" aria-hidden="true" /> : null;
}

/** One of the five empty faces: nothing yet, nothing matches, switched off, not permitted, gone. */
export function Empty({ icon, title, children }: { icon?: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      {icon && <Icon name={icon} />}
      <p>
        <b>{title}</b>
      </p>
      {children}
    </div>
  );
}

export function ErrorNote({ error, what, onRetry }: { error: unknown; what: string; onRetry?: () => void }) {
  const problem = error instanceof ApiError ? error : null;
  const words = problem
    ? [fromServer(problem.title), fromServer(problem.detail)].filter(Boolean).join('. ')
    : String(error);
  return (
    <div className="empty error" role="alert" data-state="FAILURE">
      <Icon name="FAILURE" />
      <p>
        <b>{what}</b>
      </p>
      <p className="muted">{words}</p>
      <div className="btns">
        {onRetry && (
          <Button icon="refresh" onClick={onRetry}>
            {t('Try again')}
          </Button>
        )}
        <CopyButton what={t('details')} text={() => `${what}\n${problem?.status ?? ''} ${words}\n${location.href}`} />
      </div>
    </div>
  );
}

/** Figures older than 30 s turn faint and say their age. @param at seconds */
export function Stale({ at, children }: { at: number | null | undefined; children: ReactNode }) {
  const now = useNow();
  if (!at || now - at < 30) return <>{children}</>;
  return (
    <span className="stale">
      {children} <small>{t('{age} old', { age: age(now - at) })}</small>
    </span>
  );
}
