// Asks all workers for a heartbeat, and says who answered. When nobody has been heard at all: operations/ask-workers.tsx.

import type { useOperation } from '../api/actions.ts';
import { t } from '../language/text.ts';
import { useReadOnly } from '../live/hooks.ts';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';

export function AskHeartbeats({ ask }: { ask: ReturnType<typeof useOperation> }) {
  const readOnly = useReadOnly();
  const refusal = useRefusal(undefined, ask.isPending);
  if (readOnly) return null;
  return (
    <Button
      icon="refresh"
      hint={t('Ask for heartbeats')}
      refused={refusal}
      onClick={() => ask.mutate({ action: 'heartbeat' })}
    />
  );
}
