// How much waits, and where: all queues, and below them the one that is open. The table and the open one: queues/.
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { queuesQuery } from '../api/queries.ts';
import { useQueues } from '../live/hooks.ts';
import { OpenedQueue } from '../queues/opened-queue.tsx';
import { type QueueSort, QueueTable, sortQueues } from '../queues/queue-table.tsx';
import { Bar } from '../shell/layout.tsx';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { count } from '../ui/words.ts';

export default function QueuesPage() {
  const { name } = useParams({ strict: false });
  const { tab = 'messages', range = '1h' } = useSearch({ strict: false }) as { tab?: never; range?: never };
  const navigate = useNavigate();
  const [sort, setSort] = useState<QueueSort>('waiting');
  const query = useQuery(queuesQuery());
  const live = useQueues();
  const queues = sortQueues(live.length > 0 ? live : (query.data ?? []), sort);
  useShortcuts([
    { keys: 'r', label: 'Refresh', group: 'Page', run: () => void query.refetch() },
    { keys: 'Escape', label: 'Close the queue', group: 'Page', run: () => void navigate({ to: '/queues' }) },
  ]);
  const waiting = queues.reduce((n, q) => n + (q.messages ?? 0), 0);
  const growing = queues.filter((q) => q.growing).length;
  const alone = queues.filter((q) => q.workers.length === 0 && (q.messages ?? 0) > 0).length;
  const words = [
    `${count(waiting)} waiting`,
    growing > 0 && `${growing} grow`,
    alone > 0 && `${alone} ${alone === 1 ? 'has' : 'have'} no consumer`,
  ];
  return (
    <>
      <Bar title={name ? `${name} queue` : 'Queues'}>
        <h1>Queues</h1>
      </Bar>
      <main className="content queues-page" id="main">
        <section className="card queues">
          <div className="head">
            <h2>{queues.length === 1 ? '1 queue' : `${queues.length} queues`}</h2>
            <p>{queues.length > 0 && words.filter(Boolean).join(', ')}</p>
          </div>
          {queues.length > 0 ? (
            <QueueTable queues={queues} open={name} sort={sort} onSort={setSort} />
          ) : query.isError ? (
            <ErrorNote what="The queues could not be read" error={query.error} onRetry={() => void query.refetch()} />
          ) : query.isPending ? (
            <Skeleton rows={6} />
          ) : (
            <Empty icon="queues" title="No queue is known yet">
              <p className="muted">Queues appear with the first worker or message.</p>
            </Empty>
          )}
        </section>
        {name && (
          <OpenedQueue
            key={name}
            name={name}
            live={live.find((q) => q.name === name)}
            tab={tab}
            range={range}
            onTab={(next) =>
              void navigate({
                to: '/queues/$name',
                params: { name },
                search: { tab: next, range } as never,
                replace: true,
              })
            }
            onRange={(next) =>
              void navigate({
                to: '/queues/$name',
                params: { name },
                search: { tab, range: next } as never,
                replace: true,
              })
            }
          />
        )}
      </main>
    </>
  );
}
