// The list of queues as its page uses it: as the live line has them, or the API until it speaks; filtered, sorted and grouped.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import { queuesQuery } from '../api/queries.ts';
import { useQueues, useServerClock } from '../live/hooks.ts';
import type { ListChoice } from '../ui/list/facets.ts';
import { useList } from '../ui/list/use-list.ts';
import { readFilter } from '../ui/list-filter.ts';
import { FACET, FACETS, filterFields, queueStems } from './queue-list.ts';
import { COLUMNS, groupingOf, keyOf } from './queue-table.tsx';

/** @param by not chosen: by stem when there are many @param held rows keep their places */
export function useQueueList(
  { q, show, sort, by }: Omit<ListChoice<'stem' | 'flat'>, 'by'> & { sort: string; by: 'stem' | 'flat' | undefined },
  held: boolean,
) {
  const query = useQuery(queuesQuery());
  const live = useQueues();
  const queues = live.length > 0 ? live : (query.data ?? []);
  const names = queues.map(keyOf).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: stems change with the names alone
  const stems = useMemo(() => queueStems(queues), [names]);
  const grouping = useMemo(() => groupingOf(stems), [stems]);
  const facet = FACETS.find((id) => id === show);
  const serverNow = useServerClock();
  const keep = useMemo(() => {
    const fits = readFilter(q, filterFields(serverNow));
    return (queue: QueueRow) => fits(queue) && (!facet || FACET[facet].has(queue));
  }, [q, facet, serverNow]);
  const list = useList<QueueRow>({ rows: queues, columns: COLUMNS, keyOf, keep, sort, by, grouping, held });
  return { query, queues, facet, list };
}
