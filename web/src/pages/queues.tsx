// How much waits, and where: all queues, or by stem when there are many, and beside them the one that is open.
// The rows: queues/queue-table.tsx. The open one: queues/queue-panel.tsx.

import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { Range } from '../../../shared/wire/series.ts';
import { t } from '../language/text.ts';
import { useAway } from '../live/knowledge.ts';
import { facetsOf, HEAD } from '../queues/queue-list.ts';
import { QueueListFoot } from '../queues/queue-list-foot.tsx';
import { QueuePanel, type QueueTab } from '../queues/queue-panel.tsx';
import { COLUMNS, rowClass } from '../queues/queue-table.tsx';
import { useQueueList } from '../queues/use-queue-list.ts';
import { Bar } from '../shell/layout.tsx';
import { useListKeys } from '../shell/list-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Boundary } from '../ui/boundary.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/feedback.tsx';
import { withoutEmpty } from '../ui/list/facets.ts';
import { ListHead, NoList } from '../ui/list/list-head.tsx';
import { Listing } from '../ui/list/listing.tsx';
import { useListView } from '../ui/list/use-list-view.ts';
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

export default function QueuesPage() {
  const { name } = useParams({ strict: false }) as { name?: string };
  const search = useSearch({ strict: false }) as Search;
  const { q = '', sort = MOST_FIRST, by, show = '', tab = 'messages', range = '1h' } = search;
  const navigate = useNavigate();
  const away = useAway('broker');
  const { cursor, setCursor, isResting, isScrolled, input, box } = useListView();

  const isHeld = isResting || isScrolled || name !== undefined;
  const { query, queues, facet, list } = useQueueList({ q, show, sort, by }, isHeld);
  const isUnread = queues.length === 0 && query.isError;
  const go = useCallback(
    (to: string | undefined, change: Search, replace = true) => {
      const next = withoutEmpty({ ...search, ...change }) as never;
      void navigate(
        to === undefined
          ? { to: '/queues', search: next, replace }
          : { to: '/queues/$name', params: { name: to }, search: next, replace, resetScroll: false },
      );
    },
    [navigate, search],
  );
  const open = (key: string) => {
    if (!list.toggle(key)) go(key, {}, name !== undefined);
  };
  const close = () => {
    go(undefined, { tab: undefined, range: undefined }, false);
    if (name !== undefined) requestAnimationFrame(() => focusLine(box.scroller.current, name));
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
  useShortcuts([{ keys: 'r', label: t('Refresh'), group: 'Page', run: () => void query.refetch() }]);

  return (
    <>
      <Bar title={name === undefined ? t('Queues') : t('{name} queue', { name })}>
        <h1>{t('Queues')}</h1>
      </Bar>
      <Listing
        {...box}
        stale={away !== null}
        panel={
          name !== undefined && (
            <Boundary what={t('The queue {name}', { name })} of={name}>
              <QueuePanel
                key={name}
                name={name}
                live={queues.find((queue) => queue.name === name)}
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
          // Of a list that could not be read nothing is counted.
          isUnread ? null : (
            <ListHead
              {...HEAD}
              total={queues.length}
              list={list}
              facets={facetsOf(queues)}
              q={q}
              show={facet ?? ''}
              inputRef={input}
              onChange={(next) => go(name, next)}
            />
          )
        }
        foot={!isUnread && <QueueListFoot list={list} any={queues.length > 0} away={away} />}
      >
        {queues.length === 0 ? (
          <NoList what="queues" query={query}>
            <Empty icon="queues" title={t('No queue is known yet')}>
              <p className="muted">{t('Queues appear with the first worker or message.')}</p>
            </Empty>
          </NoList>
        ) : list.kept.length === 0 ? (
          <Empty icon="search" title={t('No queue matches')}>
            <Button onClick={() => go(name, { q: '', show: '' })}>{t('Clear the filter')}</Button>
          </Empty>
        ) : (
          <VirtualTable
            caption={t('Queues')}
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
            scroller={box.scroller}
            givesUp={name !== undefined}
          />
        )}
      </Listing>
    </>
  );
}
