// Is the cluster well? First what needs a person, then four figures, throughput beside runtime, failures, queues, workers.
// Each part: overview/. Charts: charts/. Holds: a card that cannot be drawn takes no other with it.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Overview } from '../../../shared/wire/overview.ts';
import { overviewQuery } from '../api/queries.ts';
import { fittingRange } from '../charts/series-data.ts';
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
  useShortcuts([{ keys: 'r', label: 'Refresh', group: 'Page', run: () => void overview.refetch() }]);
  return (
    <>
      <Bar title="Overview" />
      <LoadingBar on={overview.isFetching && !overview.data} />
      <main className="content overview" id="main">
        {overview.data ? (
          <Body overview={overview.data} />
        ) : overview.isError ? (
          <ErrorNote
            what="The overview could not be read"
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

function Body({ overview }: { overview: Overview }) {
  const figures = useFigures() ?? overview.figures;
  const live = useWorkers();
  const queues = useQueues();
  const workers = useMemo(() => (live.size > 0 ? [...live.values()] : overview.workers), [live, overview.workers]);
  const fleet = useMemo(() => fleetTotals(workers), [workers]);
  // The overview itself has the first fifty.
  const all = live.size > 0 || (overview.workers_total ?? workers.length) === workers.length;
  return (
    <>
      <Boundary what="What needs you" of={overview}>
        <NeedsLine overview={overview} />
      </Boundary>
      <Boundary what="The figures" of={figures}>
        <FiguresCard figures={figures} fleet={all ? fleet : null} />
      </Boundary>
      <Boundary what="Traffic" of={overview}>
        <Traffic fitting={fittingRange(figures.spark.finished)} />
      </Boundary>
      <Boundary what="The failures" of={overview}>
        <FailuresCard failures={overview.failures} />
      </Boundary>
      <Boundary what="The queues" of={queues}>
        <QueuesCard
          queues={queues.length > 0 ? queues : overview.queues}
          total={queues.length > 0 ? queues.length : (overview.queues_total ?? overview.queues.length)}
        />
      </Boundary>
      <Boundary what="The workers" of={workers}>
        <FleetCard
          workers={workers}
          fleet={fleet}
          total={live.size > 0 ? live.size : (overview.workers_total ?? workers.length)}
        />
      </Boundary>
    </>
  );
}
