// Who works, and how hard: every worker, trouble first, or by deployment when there are many. The rows: workers/worker-table.tsx.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useMemo, useRef, useState } from 'react';
import { useOperation } from '../api/actions.ts';
import { workersQuery } from '../api/queries.ts';
import { useReadOnly, useWorkers } from '../live/hooks.ts';
import { useAway } from '../live/knowledge.ts';
import { AskWorkers } from '../operations/ask-workers.tsx';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Bar } from '../shell/layout.tsx';
import { useListKeys } from '../shell/list-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { AsOf } from '../ui/as-of.tsx';
import { Button, Segmented } from '../ui/button.tsx';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { plural } from '../ui/format.ts';
import { Facets, FilterField, Listing } from '../ui/list/listing.tsx';
import { useList } from '../ui/list/use-list.ts';
import { readFilter } from '../ui/list-filter.ts';
import { VirtualTable } from '../ui/table/virtual-table.tsx';
import {
  deploymentsOf,
  describeSlots,
  FACET,
  FACETS,
  FILTER,
  fleetTotals,
  nodesOf,
  workerLabels,
} from '../workers/worker-list.ts';
import { columnsOf, groupingOf, keyOf, rowClass } from '../workers/worker-table.tsx';

const route = getRouteApi('/workers');
const TROUBLE_FIRST = 'status';
const ICON = { offline: 'offline', late: 'late', online: 'online', full: undefined, quiet: undefined } as const;

export default function WorkersPage() {
  const { q = '', sort = TROUBLE_FIRST, by, show = '' } = route.useSearch();
  const navigate = useNavigate({ from: '/workers' });
  const query = useQuery(workersQuery());
  const live = useWorkers();
  const ask = useOperation();
  const enable = useOperation();
  const readOnly = useReadOnly();
  const refusal = useRefusal(undefined, ask.isPending || enable.isPending);
  const away = useAway('events');
  const [cursor, setCursor] = useState<string | null>(null);
  const [resting, setResting] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);

  const workers = useMemo(() => (live.size > 0 ? [...live.values()] : (query.data ?? [])), [live, query.data]);
  const names = workers.map(keyOf).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: deployments change with the names alone
  const stems = useMemo(() => (by === 'node' ? nodesOf(workers) : deploymentsOf(workers)), [names, by]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: so do labels
  const columns = useMemo(() => columnsOf(workerLabels(workers.map(keyOf))), [names]);
  const grouping = useMemo(() => groupingOf(stems), [stems]);
  const facet = FACETS.find((name) => name === show);
  const keep = useMemo(() => {
    const fits = readFilter(q, FILTER);
    return (w: (typeof workers)[number]) => fits(w) && (!facet || FACET[facet].has(w));
  }, [q, facet]);
  const list = useList({ rows: workers, columns, keyOf, keep, sort, by, grouping, held: resting || scrolled });
  const totals = fleetTotals(list.kept);
  const quiet = workers.filter(FACET.quiet.has).map(keyOf);

  const change = (next: Partial<{ q: string; sort: string; by: 'stem' | 'node' | 'flat'; show: string }>) =>
    void navigate({ search: (before) => ({ ...before, ...clean(next) }), replace: true });
  const open = (key: string) => {
    if (/^(group|more) /.test(key)) toggle(key);
    else void navigate({ to: '/workers/$name', params: { name: key } });
  };
  const toggle = (key: string) => {
    const line = list.lines.find((one) => one.key === key);
    if (line?.kind === 'more') list.setGroup(line.group, 'all');
    if (line?.kind === 'group') list.setGroup(key.slice('group '.length), line.open ? 'closed' : 'some');
  };
  useListKeys({
    keys: list.lines.map((line) => line.key),
    cursor,
    onCursor: setCursor,
    onOpen: open,
    onFilter: () => input.current?.focus(),
  });
  useShortcuts([{ keys: 'r', label: 'Refresh', group: 'Page', run: () => void query.refetch() }]);

  if (workers.length === 0) {
    return (
      <>
        <Bar title="Workers" />
        <main className="content" id="main">
          <section className="card">
            {query.isError ? (
              <ErrorNote
                what="The workers could not be read"
                error={query.error}
                onRetry={() => void query.refetch()}
              />
            ) : query.isPending ? (
              <Skeleton rows={8} />
            ) : (
              <AskWorkers />
            )}
          </section>
        </main>
      </>
    );
  }
  return (
    <>
      <Bar title="Workers" />
      <Listing
        scroller={scroller}
        stale={away !== null}
        onRest={setResting}
        onScrolled={setScrolled}
        head={
          <>
            <Facets
              label="Workers to show"
              total={workers.length}
              value={facet ?? ''}
              onChange={(next) => change({ show: next })}
              items={FACETS.map((id) => ({
                id,
                label: FACET[id].label,
                n: workers.filter(FACET[id].has).length,
                icon: ICON[id],
                state: ICON[id],
              }))}
            />
            <div className="filters">
              <FilterField
                label="Filter workers"
                placeholder="Name, queue:images, busy>4, status:late"
                value={q}
                onChange={(next) => change({ q: next })}
                matches={`${list.kept.length} of ${workers.length}`}
                inputRef={input}
              />
              <Segmented
                label="Grouping"
                value={list.by}
                onChange={(next) => change({ by: next })}
                options={[
                  ['stem', 'By deployment'],
                  ['node', 'By node'],
                  ['flat', 'Flat'],
                ]}
              />
              {!readOnly && (
                <Button
                  icon="refresh"
                  hint="Ask for heartbeats"
                  refused={refusal}
                  onClick={() => ask.mutate({ action: 'heartbeat' })}
                />
              )}
            </div>
            <OperationNote operation={ask} />
          </>
        }
        below={
          (quiet.length > 0 || !enable.isIdle) && (
            <div className="notice">
              {quiet.length > 0 && (
                <p>
                  {quiet.length === 1 ? <b>{quiet[0]}</b> : <b>{plural(quiet.length, 'worker')}</b>}{' '}
                  {quiet.length === 1 ? 'sends no task events, so its' : 'send no task events, so their'} tasks are not
                  seen.
                </p>
              )}
              {!readOnly && quiet.length > 0 && (
                <Button
                  icon="events"
                  refused={refusal}
                  onClick={() => enable.mutate({ action: 'enable_events', destination: quiet })}
                >
                  {quiet.length === 1 ? 'Enable task events' : `Enable task events on ${quiet.length} workers`}
                </Button>
              )}
              <OperationNote operation={enable} />
            </div>
          )
        }
        foot={
          <>
            <span>
              {describeSlots(totals)}
              <AsOf since={away} />
            </span>
            <span>
              {list.groups > 0 && `${plural(list.groups, by === 'node' ? 'node' : 'deployment')}, `}
              {plural(list.kept.length, 'worker')}, {totals.online} online
            </span>
          </>
        }
      >
        {list.kept.length === 0 ? (
          <Empty icon="search" title="No worker matches">
            <Button onClick={() => change({ q: '', show: '' })}>Clear the filter</Button>
          </Empty>
        ) : (
          <VirtualTable
            caption="Workers"
            className="workers"
            columns={columns}
            lines={list.lines}
            sort={sort}
            onSort={(next) => change({ sort: next })}
            cursor={cursor}
            onCursor={setCursor}
            onOpen={open}
            onGroup={list.setGroup}
            rowClass={rowClass}
            scroller={scroller}
          />
        )}
      </Listing>
    </>
  );
}

/** Empty choices leave the URL. */
function clean<T extends Record<string, unknown>>(search: T): T {
  return Object.fromEntries(Object.entries(search).map(([k, v]) => [k, v === '' ? undefined : v])) as T;
}
