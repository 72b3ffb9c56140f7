// Workers that send no task events: who, what that hides, and a way to switch them on.

import { useOperation } from '../api/actions.ts';
import { rich } from '../language/rich.tsx';
import { t } from '../language/text.ts';
import { useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';

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
          {one
            ? rich('<b>{name}</b> sends no task events, so its tasks are not seen.', { name: quiet[0] })
            : rich('<b>{count} workers</b> send no task events, so their tasks are not seen.', {
                count: quiet.length,
              })}
        </p>
      )}
      {!readOnly && quiet.length > 0 && (
        <Button
          icon="events"
          refused={refusal}
          onClick={() => enable.mutate({ action: 'enable_events', destination: [...quiet] })}
        >
          {one ? t('Enable task events') : t('Enable task events on {count} workers', { count: quiet.length })}
        </Button>
      )}
      <OperationNote operation={enable} />
    </div>
  );
}
