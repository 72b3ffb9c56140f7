// Who works, and how hard: every worker, trouble first, or by deployment when there are many. The rows: workers/worker-table.tsx.

import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useOperation } from '../api/actions.ts';
import { t, tn } from '../language/text.ts';
import { useAway } from '../live/knowledge.ts';
import { AskWorkers } from '../operations/ask-workers.tsx';
import { OperationNote } from '../operations/operation-note.tsx';
import { Bar } from '../shell/layout.tsx';
import { useListKeys } from '../shell/list-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { AsOf } from '../ui/as-of.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/feedback.tsx';
import { withoutEmpty } from '../ui/list/facets.ts';
import { ListHead, NoList } from '../ui/list/list-head.tsx';
import { Listing } from '../ui/list/listing.tsx';
import { useListView } from '../ui/list/use-list-view.ts';
import { VirtualTable } from '../ui/table/virtual-table.tsx';
import { AskHeartbeats } from '../workers/ask-heartbeats.tsx';
import { describeSlots, fleetTotals } from '../workers/fleet.ts';
import { NoTaskEvents } from '../workers/no-task-events.tsx';
import { useWorkerList } from '../workers/use-worker-list.ts';
import { FACET, facetsOf, HEAD } from '../workers/worker-list.ts';
import { keyOf, rowClass } from '../workers/worker-table.tsx';

const route = getRouteApi('/workers');
const TROUBLE_FIRST = 'status';

export default function WorkersPage() {
  const { q = '', sort = TROUBLE_FIRST, by, show = '' } = route.useSearch();
  const navigate = useNavigate({ from: '/workers' });
  const away = useAway('events');
  const ask = useOperation();
  const { cursor, setCursor, isResting, isScrolled, input, box } = useListView();

  const { query, workers, columns, facet, list } = useWorkerList({ q, show, sort, by }, isResting || isScrolled);
  const totals = fleetTotals(list.kept);

  const change = (next: Partial<{ q: string; sort: string; by: 'stem' | 'node' | 'flat'; show: string }>) =>
    void navigate({ search: (before) => ({ ...before, ...withoutEmpty(next) }), replace: true });
  const open = (key: string) => {
    if (!list.toggle(key)) void navigate({ to: '/workers/$name', params: { name: key } });
  };
  useListKeys({
    keys: list.lines.map((line) => line.key),
    cursor,
    onCursor: setCursor,
    onOpen: open,
    onFilter: () => input.current?.focus(),
  });
  useShortcuts([{ keys: 'r', label: t('Refresh'), group: 'Page', run: () => void query.refetch() }]);

  if (workers.length === 0) {
    return (
      <>
        <Bar title={t('Workers')} />
        <main className="content" id="main">
          <section className="card">
            <NoList what="workers" query={query}>
              <AskWorkers />
            </NoList>
          </section>
        </main>
      </>
    );
  }
  return (
    <>
      <Bar title={t('Workers')} />
      <Listing
        {...box}
        stale={away !== null}
        head={
          <>
            <ListHead
              {...HEAD}
              total={workers.length}
              list={list}
              facets={facetsOf(workers)}
              q={q}
              show={facet ?? ''}
              inputRef={input}
              onChange={change}
            >
              <AskHeartbeats ask={ask} />
            </ListHead>
            <OperationNote operation={ask} />
          </>
        }
        below={<NoTaskEvents quiet={workers.filter(FACET.quiet.has).map(keyOf)} />}
        foot={
          <>
            <span>
              {describeSlots(totals)}
              <AsOf since={away} />
            </span>
            <span>
              {list.groups > 0 &&
                (by === 'node'
                  ? tn(list.groups, '# node, ', '# nodes, ')
                  : tn(list.groups, '# deployment, ', '# deployments, '))}
              {tn(list.kept.length, '# worker, {online} online', '# workers, {online} online', {
                online: totals.online,
              })}
            </span>
          </>
        }
      >
        {list.kept.length === 0 ? (
          <Empty icon="search" title={t('No worker matches')}>
            <Button onClick={() => change({ q: '', show: '' })}>{t('Clear the filter')}</Button>
          </Empty>
        ) : (
          <VirtualTable
            caption={t('Workers')}
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
            scroller={box.scroller}
          />
        )}
      </Listing>
    </>
  );
}
