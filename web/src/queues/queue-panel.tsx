// One queue, open beside the list: whether it drains and why not, its figures, its head as it will be delivered, who consumes it, its
// depth over time. What can be done with it: queue-actions.tsx. What waits in it: queue-messages.tsx. All queues: queue-table.tsx.

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import type { Range } from '../../../shared/wire/series.ts';
import { useOperation } from '../api/actions.ts';
import { queueQuery } from '../api/queries.ts';
import { t } from '../language/text.ts';
import { useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count } from '../ui/format.ts';
import { QueueActions } from './queue-actions.tsx';
import { Figures, Sentence } from './queue-figures.tsx';
import { type Look, Messages, TakenMessages } from './queue-messages.tsx';
import { Consumers, History } from './queue-tabs.tsx';

export type QueueTab = 'messages' | 'consumers' | 'history';
const TABS: readonly (readonly [QueueTab, string])[] = [
  ['messages', t('Messages')],
  ['consumers', t('Consumers')],
  ['history', t('History')],
];

export interface QueuePanelProps {
  name: string;
  live: QueueRow | undefined;
  tab: QueueTab;
  range: Range;
  onTab: (tab: QueueTab) => void;
  onRange: (range: Range) => void;
  onClose: () => void;
  onMove: (by: number) => void;
}

export function QueuePanel({ name, live, tab, range, onTab, onRange, onClose, onMove }: QueuePanelProps) {
  const query = useQuery(queueQuery(name, range));
  const readOnly = useReadOnly();
  const [chosen, setPicked] = useState<readonly string[]>([]);
  const [looked, setLooked] = useState<{ queue: string; taken: Look['taken'] } | null>(null);
  const operation = useOperation(({ subject, messages, at }) => {
    if (messages) setLooked({ queue: subject, taken: { messages, at } });
  });
  const refusal = useRefusal(undefined, operation.isPending);
  const queue = live ?? query.data;
  const peek = query.data?.peek ?? null;
  const look: Look = {
    taken: looked?.queue === name ? looked.taken : null,
    isEmpty: queue?.messages === 0,
    refusal: queue?.messages === 0 ? t('Nothing waits in it') : refusal,
    onLook: () => operation.mutate({ action: 'peek', queue: name, accept_redelivery: true }),
  };
  // What was picked and is no longer there is picked no more.
  const picked = chosen.filter((id) => peek?.some(({ uuid }) => uuid === id));
  return (
    <aside className="side opened">
      <section aria-label={t('Queue {name}', { name })}>
        <header>
          <div className="line">
            <span className="muted">
              {queue?.paused ? t('Queue, paused') : queue?.growing ? t('Queue, growing') : t('Queue')}
            </span>
            <span className="grow" />
            <Button kind="bare" icon="up" hint={t('Queue before')} keys="k" onClick={() => onMove(-1)} />
            <Button kind="bare" icon="down" hint={t('Next queue')} keys="j" onClick={() => onMove(1)} />
            <Button kind="bare" icon="close" hint={t('Close')} keys="Esc" onClick={onClose} />
          </div>
          <h2 className="code">
            <ForeignText text={name} />
          </h2>
          {queue && <Sentence queue={queue} />}
          {queue && (
            <QueueActions
              queue={queue}
              peek={peek}
              picked={picked}
              onDone={() => {
                setPicked([]);
                void query.refetch();
              }}
            />
          )}
          <OperationNote operation={operation} />
        </header>
        {!queue &&
          (query.isError ? (
            <ErrorNote
              what={t('The queue {name} could not be read', { name })}
              error={query.error}
              onRetry={() => void query.refetch()}
            />
          ) : (
            <Skeleton rows={6} />
          ))}
        {queue && <Figures queue={queue} />}
        {queue && (
          <>
            <div className="tabs" role="tablist" aria-label={name}>
              {TABS.map(([id, label]) => (
                <button
                  key={id}
                  type="button"
                  role="tab"
                  aria-selected={tab === id}
                  aria-controls="queue-tab"
                  onClick={() => onTab(id)}
                >
                  {label}
                  {id === 'messages' && queue.messages !== null && <span>{count(queue.messages)}</span>}
                  {id === 'consumers' && <span>{queue.workers.length}</span>}
                </button>
              ))}
            </div>
            <div id="queue-tab" role="tabpanel">
              {tab === 'messages' &&
                (query.isPending ? (
                  <Skeleton rows={6} />
                ) : query.isError && !query.data ? (
                  <ErrorNote
                    what={t('The messages could not be read')}
                    error={query.error}
                    onRetry={() => void query.refetch()}
                  />
                ) : query.data?.peeks_by_taking ? (
                  <TakenMessages name={name} readOnly={readOnly} look={look} />
                ) : (
                  <Messages peek={peek} picked={picked} onPick={readOnly ? null : setPicked} />
                ))}
              {tab === 'consumers' && <Consumers queue={queue} />}
              {tab === 'history' && <History name={name} range={range} onRange={onRange} />}
            </div>
          </>
        )}
      </section>
    </aside>
  );
}
