// "Nothing yet": no worker was heard. The next step: ask them to announce themselves. The button comes late, as hardly a page needs it;
// its place is kept.

import { lazy, Suspense } from 'react';
import { rich } from '../language/rich.tsx';
import { t } from '../language/text.ts';
import { useReadOnly } from '../live/hooks.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/feedback.tsx';

const AskButton = lazy(async () => ({ default: (await import('./ask-button.tsx')).AskButton }));

const LABEL = t('Ask workers to announce themselves');

export function AskWorkers() {
  const readOnly = useReadOnly();
  return (
    <Empty icon="workers" title={t('No worker has been heard')}>
      <p className="muted">{rich('Is one running with <code>-E</code>, on this broker?')}</p>
      {!readOnly && (
        <Suspense fallback={<Button refused={t('Loading')}>{LABEL}</Button>}>
          <AskButton label={LABEL} />
        </Suspense>
      )}
    </Empty>
  );
}
