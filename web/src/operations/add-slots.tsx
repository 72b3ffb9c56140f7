// Makes the pool of one worker larger by so many slots, where somebody waits for one. One slot more or less: workers/worker-figures.tsx.
// Holds: what was added once is not added again by a second click.
import { useOperation } from '../api/actions.ts';
import { tn } from '../language/text.ts';
import { useReadOnly, useWorker } from '../live/hooks.ts';
import { Button } from '../ui/button.tsx';
import { OperationNote } from './operation-note.tsx';
import { useRefusal } from './refusal.ts';

export function AddSlots({ worker, slots }: { worker: string; slots: number }) {
  const operation = useOperation();
  const refused = useRefusal(useWorker(worker), operation.isPending);
  if (useReadOnly()) return null;
  return (
    <>
      {operation.isSuccess || (
        <Button
          icon="plus"
          refused={refused}
          onClick={() => operation.mutate({ action: 'pool_grow', n: slots, destination: [worker] })}
        >
          {tn(slots, 'Add # slot', 'Add # slots')}
        </Button>
      )}
      <OperationNote operation={operation} />
    </>
  );
}
