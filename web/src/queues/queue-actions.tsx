// What can be done with a queue: pause it or let it go on, move what waits in it, empty it; and what came of that.
// Not here: which messages are picked (queue-messages.tsx), the dialogs' words (move.tsx, purge.tsx).

import { useState } from 'react';
import type { PeekedMessage, QueueRow } from '../../../shared/wire/queues.ts';
import { useOperation } from '../api/actions.ts';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { MoveDialog } from './move.tsx';
import { PurgeDialog } from './purge.tsx';

type Asking = 'pause' | 'move' | 'purge' | null;

interface Props {
  readonly queue: QueueRow;
  /** null: its messages cannot be seen without taking them. */
  readonly peek: readonly PeekedMessage[] | null;
  readonly picked: readonly string[];
  readonly onDone: () => void;
}

export function QueueActions({ queue, peek, picked, onDone }: Props) {
  const { name, paused } = queue;
  const readOnly = useReadOnly();
  const operation = useOperation();
  const refusal = useRefusal(undefined, operation.isPending);
  const [asking, setAsking] = useState<Asking>(null);
  const close = () => setAsking(null);
  const empty = queue.messages === 0 ? t('Nothing waits in it') : null;
  return (
    <>
      {!readOnly && (
        <div className="btns">
          {paused ? (
            <Button
              icon="play"
              refused={refusal}
              onClick={() => operation.mutate({ action: 'resume_queue', queue: name })}
            >
              {t('queue|Resume')}
            </Button>
          ) : (
            <Button
              icon="pause"
              refused={queue.workers.length === 0 ? t('No worker consumes it') : refusal}
              onClick={() => setAsking('pause')}
            >
              {t('queue|Pause')}
            </Button>
          )}
          <Button icon="right" refused={empty ?? refusal} onClick={() => setAsking('move')}>
            {picked.length > 0 ? t('Move {count}', { count: picked.length }) : t('verb|Move')}
          </Button>
          <span className="rule" />
          <Button
            icon="drain"
            kind={queue.messages ? 'danger' : undefined}
            refused={empty ?? refusal}
            onClick={() => setAsking('purge')}
          >
            {t('Purge queue')}
          </Button>
        </div>
      )}
      <OperationNote
        operation={operation}
        proof={
          operation.data && queue.messages !== null
            ? tn(queue.messages, 'The broker counts # message now.', 'The broker counts # messages now.')
            : undefined
        }
      />
      {asking === 'pause' && (
        <Confirm
          title={rich('Pause <code>{name}</code>', { name })}
          verb={t('Pause queue')}
          onClose={close}
          onConfirm={() => operation.mutate({ action: 'pause_queue', queue: name })}
        >
          {tn(
            queue.workers.length,
            '# worker will stop consuming it. What they have taken goes on, what arrives waits. A worker that is started anew consumes it again, by its own settings.',
            '# workers will stop consuming it. What they have taken goes on, what arrives waits. A worker that is started anew consumes it again, by its own settings.',
          )}
        </Confirm>
      )}
      {asking === 'move' && (
        <MoveDialog
          queue={queue}
          picked={picked.length > 0 ? picked : null}
          once={peek !== null}
          onClose={close}
          onMove={(to) => {
            const task_ids = picked.length > 0 ? { task_ids: [...picked] } : {};
            operation.mutate({ action: 'move', queue: name, to, ...task_ids }, { onSettled: onDone });
            close();
          }}
        />
      )}
      {asking === 'purge' && (
        <PurgeDialog
          queue={queue}
          peek={peek ?? []}
          onClose={close}
          onPurge={(confirm) => {
            operation.mutate({ action: 'purge', queue: name, confirm }, { onSettled: onDone });
            close();
          }}
        />
      )}
    </>
  );
}
