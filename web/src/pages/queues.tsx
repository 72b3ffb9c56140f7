// How much waits, and where: all queues, or by stem when there are many, and beside them the one that is open.
// The rows: queues/queue-table.tsx. The open one: queues/queue-panel.tsx.
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useRef, useState } from 'react';
import type { Range } from '../../../shared/wire/series.ts';
import { queuesQuery } from '../api/queries.ts';
import { useQueues, useServerClock } from '../live/hooks.ts';
import { useAway } from '../live/knowledge.ts';
import { FACET, FACETS, filterFields, queueStems } from '../queues/queue-list.ts';
import { QueuePanel, type QueueTab } from '../queues/queue-panel.tsx';
import { COLUMNS, groupingOf, keyOf, rowClass } from '../queues/queue-table.tsx';
import { Bar } from '../shell/layout.tsx';
import { useListKeys } from '../shell/list-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { AsOf } from '../ui/as-of.tsx';
import { Boundary } from '../ui/boundary.tsx';
import { Button, Segmented } from '../ui/button.tsx';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { count, plural } from '../ui/format.ts';
import { Facets, FilterField, Listing } from '../ui/list/listing.tsx';
import { useList } from '../ui/list/use-list.ts';
import { readFilter } from '../ui/list-filter.ts';
import { focusLine } from '../ui/table/data-table.tsx';
import { VirtualTable } from '../ui/table/virtual-table.tsx';

interface Search {
  q?: string;
  sort?: string;
  by?: 'stem' | 'flat';
  show?: string;
  tab?: QueueTab;
  range?: Range;
}

const MOST_FIRST = '-waiting';
const LOOK = {
  stranded: { icon: 'FAILURE', state: 'FAILURE' },
  grows: { icon: 'rising', state: undefined },
  waiting: { icon: undefined, state: undefined },
  empty: { icon: undefined, state: undefined },
} as const;

export default function QueuesPage() {
  const params = useParams({ strict: false }) as { name?: string };
  const { name } = params;
  const search = useSearch({ strict: false }) as Search;
  const { q = '', sort = MOST_FIRST, by, show = '', tab = 'messages', range = '1h' } = search;
  const navigate = useNavigate();
  const query = useQuery(queuesQuery());
  const live = useQueues();
  const away = useAway('broker');
  const [cursor, setCursor] = useState<string | null>(null);
  const [resting, setResting] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);

  const queues = live.length > 0 ? live : (query.data ?? []);
  const names = queues.map(keyOf).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: stems change with the names alone
  const stems = useMemo(() => queueStems(queues), [names]);
  const grouping = useMemo(() => groupingOf(stems), [stems]);
  const facet = FACETS.find((id) => id === show);
  const serverNow = useServerClock();
  const keep = useMemo(() => {
    const fits = readFilter(q, filterFields(serverNow));
    return (queue: (typeof queues)[number]) => fits(queue) && (!facet || FACET[facet].has(queue));
  }, [q, facet, serverNow]);
  const held = resting || scrolled || name !== undefined;
  const list = useList<(typeof queues)[number]>({
    rows: queues,
    columns: COLUMNS,
    keyOf,
    keep,
    sort,
    by,
    grouping,
    held,
  });
  const waiting = list.kept.reduce((n, queue) => n + (queue.messages ?? 0), 0);
  const unknown = list.kept.filter((queue) => queue.messages === null).length;

  const go = useCallback(
    (to: string | undefined, change: Search, replace = true) => {
      const next = clean({ ...search, ...change }) as never;
      void (to === undefined
        ? navigate({ to: '/queues', search: next, replace })
        : navigate({
            to: '/queues/$name',
            params: { name: to },
            search: next,
            replace,
            resetScroll: false,
          }));
    },
    [navigate, search],
  );
  const open = (key: string) => {
    const line = list.lines.find((one) => one.key === key);
    if (line?.kind === 'more') list.setGroup(line.group, 'all');
    else if (line?.kind === 'group') list.setGroup(key.slice('group '.length), line.open ? 'closed' : 'some');
    else go(key, {}, name !== undefined);
  };
  const close = () => {
    go(undefined, { tab: undefined, range: undefined }, false);
    if (name !== undefined) requestAnimationFrame(() => focusLine(scroller.current, name));
  };
  const move = useListKeys({
    keys: list.lines.map((line) => line.key),
    cursor,
    onCursor: setCursor,
    openKey: name,
    onOpen: open,
    onBack: () => (name === undefined ? setCursor(null) : close()),
    onFilter: () => input.current?.focus(),
  });
  useShortcuts([{ keys: 'r', label: 'Refresh', group: 'Page', run: () => void query.refetch() }]);

  return (
    <>
      <Bar title={name === undefined ? 'Queues' : `${name} queue`}>
        <h1>Queues</h1>
      </Bar>
      <Listing
        scroller={scroller}
        stale={away !== null}
        onRest={setResting}
        onScrolled={setScrolled}
        panel={
          name !== undefined && (
            <Boundary what={`The queue ${name}`} of={name}>
              <QueuePanel
                key={name}
                name={name}
                live={live.find((queue) => queue.name === name)}
                tab={tab}
                range={range}
                onTab={(next) => go(name, { tab: next })}
                onRange={(next) => go(name, { range: next })}
                onClose={close}
                onMove={move}
              />
            </Boundary>
          )
        }
        head={
          <>
            <Facets
              label="Queues to show"
              total={queues.length}
              value={facet ?? ''}
              onChange={(next) => go(name, { show: next })}
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
                onChange={(next) => go(name, { q: next })}
                matches={`${list.kept.length} of ${queues.length}`}
                inputRef={input}
              />
              <Segmented
                label="Grouping"
                value={list.by}
                onChange={(next) => go(name, { by: next })}
                options={[
                  ['stem', 'By stem'],
                  ['flat', 'Flat'],
                ]}
              />
            </div>
          </>
        }
        foot={
          <>
            <span>
              {queues.length > 0 && `${count(waiting)} waiting`}
              {unknown > 0 && `, ${plural(unknown, 'queue')} of unknown depth`}
              <AsOf since={away} />
            </span>
            <span>
              {list.groups > 0 && `${plural(list.groups, 'stem')}, `}
              {plural(list.kept.length, 'queue')}
            </span>
          </>
        }
      >
        {queues.length === 0 ? (
          query.isError ? (
            <ErrorNote what="The queues could not be read" error={query.error} onRetry={() => void query.refetch()} />
          ) : query.isPending ? (
            <Skeleton rows={6} />
          ) : (
            <Empty icon="queues" title="No queue is known yet">
              <p className="muted">Queues appear with the first worker or message.</p>
            </Empty>
          )
        ) : list.kept.length === 0 ? (
          <Empty icon="search" title="No queue matches">
            <Button onClick={() => go(name, { q: '', show: '' })}>Clear the filter</Button>
          </Empty>
        ) : (
          <VirtualTable
            caption="Queues"
            className="queues"
            columns={COLUMNS}
            lines={list.lines}
            sort={sort}
            onSort={(next) => go(name, { sort: next })}
            openKey={name}
            cursor={cursor}
            onCursor={setCursor}
            onOpen={open}
            onGroup={list.setGroup}
            rowClass={rowClass}
            scroller={scroller}
            givesUp={name !== undefined}
          />
        )}
      </Listing>
    </>
  );
}

/** Empty choices leave the URL. */
function clean(search: Search): Search {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ''));
}
