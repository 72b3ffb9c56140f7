// Is the cluster well? First what needs a person, then four figures, throughput beside runtime, failures, queues, workers.
// Each part: overview/. Charts: charts/. Holds: a card that cannot be drawn takes no other with it.

import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Overview } from '../../../shared/wire/overview.ts';
import { overviewQuery } from '../api/queries.ts';
import { fittingRange } from '../charts/series-data.ts';
import { t } from '../language/text.ts';
import { useFigures, useQueues, useWorkers } from '../live/hooks.ts';
import { FailuresCard } from '../overview/failures-card.tsx';
import { FiguresCard } from '../overview/figures.tsx';
import { FleetCard } from '../overview/fleet-card.tsx';
import { NeedsLine } from '../overview/needs-line.tsx';
import { QueuesCard } from '../overview/queues-card.tsx';
import { Traffic } from '../overview/traffic.tsx';
import { Bar } from '../shell/layout.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Boundary } from '../ui/boundary.tsx';
import { ErrorNote, LoadingBar, Skeleton } from '../ui/feedback.tsx';
import { fleetTotals } from '../workers/fleet.ts';

export default function OverviewPage() {
  const overview = useQuery(overviewQuery());
  useRowKeys();
  useShortcuts([{ keys: 'r', label: t('Refresh'), group: 'Page', run: () => void overview.refetch() }]);
  return (
    <>
      <Bar title={t('Overview')} />
      <LoadingBar on={overview.isFetching && !overview.data} />
      <main className="content overview" id="main">
        {overview.data ? (
          <Body overview={overview.data} />
        ) : overview.isError ? (
          <ErrorNote
            what={t('The overview could not be read')}
            error={overview.error}
            onRetry={() => void overview.refetch()}
          />
        ) : (
          <Skeleton rows={12} />
        )}
      </main>
    </>
  );
}

/** Each part reads the reply inside its own boundary: a shape that is not as expected takes that part alone. */
function Body({ overview }: { overview: Overview }) {
  const figures = useFigures();
  const workers = useWorkers();
  const queues = useQueues();
  return (
    <>
      <Boundary what={t('What needs you')} of={overview}>
        <NeedsLine overview={overview} />
      </Boundary>
      <Boundary what={t('The figures')} of={figures ?? overview}>
        <Figures overview={overview} />
      </Boundary>
      <Boundary what={t('Traffic')} of={overview}>
        <Rates overview={overview} />
      </Boundary>
      <Boundary what={t('The failures')} of={overview}>
        <FailuresCard failures={overview.failures} />
      </Boundary>
      <Boundary what={t('The queues')} of={queues.length > 0 ? queues : overview}>
        <Queues overview={overview} />
      </Boundary>
      <Boundary what={t('The workers')} of={workers.size > 0 ? workers : overview}>
        <Fleet overview={overview} />
      </Boundary>
    </>
  );
}

function useFleet(overview: Overview) {
  const live = useWorkers();
  const workers = useMemo(() => (live.size > 0 ? [...live.values()] : overview.workers), [live, overview.workers]);
  const fleet = useMemo(() => fleetTotals(workers), [workers]);
  return { workers, fleet, total: live.size > 0 ? live.size : (overview.workers_total ?? workers.length) };
}

function Figures({ overview }: { overview: Overview }) {
  const figures = useFigures() ?? overview.figures;
  const { workers, fleet, total } = useFleet(overview);
  // The overview itself has the first fifty.
  return <FiguresCard figures={figures} fleet={total === workers.length ? fleet : null} />;
}

function Rates({ overview }: { overview: Overview }) {
  const figures = useFigures() ?? overview.figures;
  return <Traffic fitting={fittingRange(figures.spark.finished)} />;
}

function Queues({ overview }: { overview: Overview }) {
  const live = useQueues();
  const queues = live.length > 0 ? live : overview.queues;
  return (
    <QueuesCard queues={queues} total={live.length > 0 ? live.length : (overview.queues_total ?? queues.length)} />
  );
}

function Fleet({ overview }: { overview: Overview }) {
  return <FleetCard {...useFleet(overview)} />;
}
