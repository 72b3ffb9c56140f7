// Workers that send no task events: who, what that hides, and a way to switch them on.
import { useOperation } from '../api/actions.ts';
import { useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { plural } from '../ui/format.ts';

/** @param quiet their names */
export function NoTaskEvents({ quiet }: { quiet: readonly string[] }) {
  const enable = useOperation();
  const readOnly = useReadOnly();
  const refusal = useRefusal(undefined, enable.isPending);
  if (quiet.length === 0 && enable.isIdle) return null;
  const one = quiet.length === 1;
  return (
    <div className="notice">
      {quiet.length > 0 && (
        <p>
          <b>{one ? quiet[0] : plural(quiet.length, 'worker')}</b>{' '}
          {one ? 'sends no task events, so its' : 'send no task events, so their'} tasks are not seen.
        </p>
      )}
      {!readOnly && quiet.length > 0 && (
        <Button
          icon="events"
          refused={refusal}
          onClick={() => enable.mutate({ action: 'enable_events', destination: [...quiet] })}
        >
          {one ? 'Enable task events' : `Enable task events on ${quiet.length} workers`}
        </Button>
      )}
      <OperationNote operation={enable} />
    </div>
  );
}
