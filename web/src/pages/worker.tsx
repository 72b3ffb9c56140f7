// One worker: how it is, its pool in slots, what it does now or held when it fell silent, its limits, and what can be done to it.
// Each part: workers/.

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { WorkerDetail } from '../../../shared/wire/workers.ts';
import { ApiError } from '../api/client.ts';
import { workerQuery } from '../api/queries.ts';
import { t } from '../language/text.ts';
import { useWorker } from '../live/hooks.ts';
import { Bar } from '../shell/layout.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Boundary } from '../ui/boundary.tsx';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { Active } from '../workers/active.tsx';
import { Held } from '../workers/held.tsx';
import { WorkerFigures } from '../workers/worker-figures.tsx';
import { WorkerTabs } from '../workers/worker-tabs.tsx';
import { WorkerTitle } from '../workers/worker-title.tsx';

const route = getRouteApi('/workers/$name');

export default function WorkerPage() {
  const { name } = route.useParams();
  const { tab = 'tasks' } = route.useSearch();
  const navigate = useNavigate({ from: '/workers/$name' });
  const query = useQuery({
    ...workerQuery(name),
    retry: (n, error) => n < 2 && !(error instanceof ApiError && error.status === 404),
  });
  const live = useWorker(name);
  useRowKeys();
  useShortcuts([{ keys: 'r', label: t('Refresh'), group: 'Page', run: () => void query.refetch() }]);
  const worker = query.data ? ({ ...query.data, ...(live ?? {}) } as WorkerDetail) : undefined;
  return (
    <>
      <Bar title={name}>
        <nav aria-label={t('nav|Where')}>
          <Link to="/workers">{t('Workers')}</Link>
        </nav>
      </Bar>
      <main className="content worker" id="main">
        {worker ? (
          <>
            <WorkerTitle worker={worker} />
            <Boundary what={t('Its figures')} of={worker}>
              <WorkerFigures worker={worker} />
            </Boundary>
            <Boundary what={t('What it does')} of={worker}>
              {worker.status === 'online' || !worker.held ? (
                <Active worker={worker} />
              ) : (
                <Held worker={worker} held={worker.held} />
              )}
            </Boundary>
            <Boundary what={t('This tab')} of={`${tab} ${worker.inspected}`}>
              <WorkerTabs
                worker={worker}
                tab={tab}
                onTab={(next) => void navigate({ search: { tab: next }, replace: true })}
              />
            </Boundary>
          </>
        ) : query.isError ? (
          query.error instanceof ApiError && query.error.status === 404 ? (
            <Empty icon="workers" title={t('No worker {name}', { name })}>
              <p className="muted">{t('None of that name was heard, or it was forgotten.')}</p>
            </Empty>
          ) : (
            <ErrorNote
              what={t('The worker could not be read')}
              error={query.error}
              onRetry={() => void query.refetch()}
            />
          )
        ) : (
          <Skeleton rows={14} />
        )}
      </main>
    </>
  );
}
