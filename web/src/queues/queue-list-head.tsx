// Round the list of queues: what to keep of it, a filter, how it is grouped; its totals at the foot; and why there is no list.
import type { UseQueryResult } from '@tanstack/react-query';
import type { RefObject } from 'react';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import { AsOf } from '../ui/as-of.tsx';
import { Segmented } from '../ui/button.tsx';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { count, plural } from '../ui/format.ts';
import { Facets, FilterField } from '../ui/list/listing.tsx';
import type { ListState } from '../ui/list/use-list.ts';
import { FACET, FACETS } from './queue-list.ts';

const LOOK = {
  stranded: { icon: 'FAILURE', state: 'FAILURE' },
  grows: { icon: 'rising', state: undefined },
  waiting: { icon: undefined, state: undefined },
  empty: { icon: undefined, state: undefined },
} as const;

export interface QueueChoice {
  q: string;
  show: string;
  by: 'stem' | 'flat';
}

export function QueueListHead({
  queues,
  kept,
  q,
  show,
  by,
  inputRef,
  onChange,
}: QueueChoice & {
  queues: readonly QueueRow[];
  /** How many of them match. */
  kept: number;
  inputRef: RefObject<HTMLInputElement | null>;
  onChange: (next: Partial<QueueChoice>) => void;
}) {
  return (
    <>
      <Facets
        label="Queues to show"
        total={queues.length}
        value={show}
        onChange={(next) => onChange({ show: next })}
        items={FACETS.map((id) => ({
          id,
          label: FACET[id].label,
          n: queues.filter(FACET[id].has).length,
          ...LOOK[id],
        }))}
      />
      <div className="filters">
        <FilterField
          label="Filter queues"
          placeholder="Name, waiting>100, oldest>5m, consumers:0"
          value={q}
          onChange={(next) => onChange({ q: next })}
          matches={`${kept} of ${queues.length}`}
          inputRef={inputRef}
        />
        <Segmented
          label="Grouping"
          value={by}
          onChange={(next) => onChange({ by: next })}
          options={[
            ['stem', 'By stem'],
            ['flat', 'Flat'],
          ]}
        />
      </div>
    </>
  );
}

/** There is no list: it failed, it is being read, or there is none yet. */
export function NoQueues({ query }: { query: Pick<UseQueryResult, 'isError' | 'isPending' | 'error' | 'refetch'> }) {
  if (query.isError)
    return <ErrorNote what="The queues could not be read" error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <Skeleton rows={6} />;
  return (
    <Empty icon="queues" title="No queue is known yet">
      <p className="muted">Queues appear with the first worker or message.</p>
    </Empty>
  );
}

export function QueueListFoot({
  list,
  any,
  away,
}: {
  list: Pick<ListState<QueueRow>, 'kept' | 'groups'>;
  /** There are queues, whether they match or not. */
  any: boolean;
  away: number | null;
}) {
  const waiting = list.kept.reduce((n, queue) => n + (queue.messages ?? 0), 0);
  const unknown = list.kept.filter((queue) => queue.messages === null).length;
  return (
    <>
      <span>
        {any && `${count(waiting)} waiting`}
        {unknown > 0 && `, ${plural(unknown, 'queue')} of unknown depth`}
        <AsOf since={away} />
      </span>
      <span>
        {list.groups > 0 && `${plural(list.groups, 'stem')}, `}
        {plural(list.kept.length, 'queue')}
      </span>
    </>
  );
}
