// The list of workers as its page uses it: as the live line has them, or the API until it speaks; filtered, sorted and grouped.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { workersQuery } from '../api/queries.ts';
import { useWorkers } from '../live/hooks.ts';
import type { ListChoice } from '../ui/list/facets.ts';
import { useList } from '../ui/list/use-list.ts';
import { readFilter } from '../ui/list-filter.ts';
import { workerLabels } from './fleet.ts';
import { deploymentsOf, FACET, FACETS, FILTER, nodesOf, type WorkerGrouping, type WorkerLine } from './worker-list.ts';
import { columnsOf, groupingOf, keyOf } from './worker-table.tsx';

/** @param by not chosen: by deployment when there are many @param held rows keep their places */
export function useWorkerList(
  { q, show, sort, by }: Omit<ListChoice<WorkerGrouping>, 'by'> & { sort: string; by: WorkerGrouping | undefined },
  held: boolean,
) {
  const query = useQuery(workersQuery());
  const live = useWorkers();
  const workers = useMemo(
    (): readonly WorkerLine[] => (live.size > 0 ? [...live.values()] : (query.data ?? [])),
    [live, query.data],
  );
  const names = workers.map(keyOf).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: deployments change with the names alone
  const stems = useMemo(() => (by === 'node' ? nodesOf(workers) : deploymentsOf(workers)), [names, by]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: so do labels
  const columns = useMemo(() => columnsOf(workerLabels(workers.map(keyOf))), [names]);
  const grouping = useMemo(() => groupingOf(stems), [stems]);
  const facet = FACETS.find((name) => name === show);
  const keep = useMemo(() => {
    const fits = readFilter(q, FILTER);
    return (worker: WorkerLine) => fits(worker) && (!facet || FACET[facet].has(worker));
  }, [q, facet]);
  const list = useList({ rows: workers, columns, keyOf, keep, sort, by, grouping, held });
  return { query, workers, columns, facet, list };
}
