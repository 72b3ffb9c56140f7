// "This worker sends no task events": which do not, and the offer to enable them, wherever their tasks are missed.
import { useOperation } from '../api/actions.ts';
import { useReadOnly, useWorkers } from '../live/hooks.ts';
import { Button } from '../ui/button.tsx';
import { plural } from '../ui/format.ts';
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
          <b>{names.slice(0, NAMED).join(', ')}</b>
          {more > 0 && ` and ${plural(more, 'other')}`} {one ? 'sends' : 'send'} no task events, so{' '}
          {one ? 'its' : 'their'} tasks are not seen.
        </p>
      )}
      {!readOnly && names.length > 0 && (
        <Button
          icon="events"
          refused={enable.isPending ? 'Waiting for workers' : null}
          onClick={() => enable.mutate({ action: 'enable_events', destination: names })}
        >
          {one ? 'Enable task events' : `Enable task events on ${names.length} workers`}
        </Button>
      )}
      <OperationNote operation={enable} />
    </div>
  );
}
