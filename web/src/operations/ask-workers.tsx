// "Nothing yet": no worker was heard. The next step: ask them to announce themselves.
import { useOperation } from '../api/actions.ts';
import { useReadOnly } from '../live/hooks.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/feedback.tsx';
import { OperationNote } from './operation-note.tsx';

export function AskWorkers() {
  const ask = useOperation();
  const readOnly = useReadOnly();
  return (
    <Empty icon="workers" title="No worker has been heard">
      <p className="muted">
        Is one running with <code>-E</code>, on this broker?
      </p>
      {!readOnly && (
        <Button
          onClick={() => ask.mutate({ action: 'heartbeat' })}
          refused={ask.isPending ? 'Waiting for workers' : null}
        >
          {ask.isPending ? 'Waiting for workers...' : 'Ask workers to announce themselves'}
        </Button>
      )}
      <OperationNote operation={ask} />
    </Empty>
  );
}
