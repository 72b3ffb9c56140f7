// "This worker sends no task events": which do not, and the offer to enable them, wherever their tasks are missed.

import { useOperation } from '../api/actions.ts';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { useReadOnly, useWorkers } from '../live/hooks.ts';
import { Button } from '../ui/button.tsx';
import { OperationNote } from './operation-note.tsx';

/** Names said; more are counted. */
const NAMED = 3;

/** @param card a card of its own, else a strip within one */
export function EventsOff({ card = false }: { card?: boolean }) {
  const workers = useWorkers();
  const enable = useOperation();
  const readOnly = useReadOnly();
  const silent = [...workers.values()].filter((w) => w.status === 'online' && w.task_events === false);
  if (silent.length === 0 && enable.isIdle) return null;
  const names = silent.map((w) => w.hostname);
  const more = names.length - NAMED;
  const one = names.length === 1;
  return (
    <div className={card ? 'card notice events-off' : 'notice events-off'}>
      {names.length > 0 && (
        <p>
          {one
            ? rich('<b>{name}</b> sends no task events, so its tasks are not seen.', { name: names[0] })
            : more > 0
              ? rich('<b>{names}</b> and {others} send no task events, so their tasks are not seen.', {
                  names: names.slice(0, NAMED).join(', '),
                  others: tn(more, '# other', '# others'),
                })
              : rich('<b>{names}</b> send no task events, so their tasks are not seen.', { names: names.join(', ') })}
        </p>
      )}
      {!readOnly && names.length > 0 && (
        <Button
          icon="events"
          refused={enable.isPending ? t('Waiting for workers') : null}
          onClick={() => enable.mutate({ action: 'enable_events', destination: names })}
        >
          {one ? t('Enable task events') : t('Enable task events on {count} workers', { count: names.length })}
        </Button>
      )}
      <OperationNote operation={enable} />
    </div>
  );
}
