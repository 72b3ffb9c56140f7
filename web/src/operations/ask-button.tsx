// Asks all workers to announce themselves, and says who did. Where it stands: ask-workers.tsx.

import { useOperation } from '../api/actions.ts';
import { t } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { OperationNote } from './operation-note.tsx';

export function AskButton({ label }: { label: string }) {
  const ask = useOperation();
  return (
    <>
      <Button
        onClick={() => ask.mutate({ action: 'heartbeat' })}
        refused={ask.isPending ? t('Waiting for workers') : null}
      >
        {ask.isPending ? t('Waiting for workers...') : label}
      </Button>
      <OperationNote operation={ask} />
    </>
  );
}
