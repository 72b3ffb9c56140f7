// What scrolls on the tasks page: the table, or why there is none, and above it how many are newer; at the foot what holds the order.

import type { ReactNode, RefObject } from 'react';
import { t } from '../language/text.ts';
import { useConnection } from '../live/hooks.ts';
import { SCROLLS, useRestoredScroll } from '../shell/restored-scroll.ts';
import { Icon } from '../ui/icon.tsx';
import { formatLoaded } from './task-list.ts';
import { customStates, NoList, NoRows } from './task-list-faces.tsx';
import type { TaskListState } from './use-task-list.ts';

export function TaskRows({
  tasks,
  q,
  state,
  scroller,
  onScrolled,
  onRest,
  onRefresh,
  onClear,
  children,
}: {
  tasks: TaskListState;
  q: string;
  state: string;
  scroller: RefObject<HTMLDivElement | null>;
  onScrolled: (scrolled: boolean) => void;
  /** The pointer came to rest on the rows, or left them. */
  onRest: (resting: boolean) => void;
  onRefresh: () => void;
  onClear: () => void;
  /** The table. */
  children: ReactNode;
}) {
  const { list, loading, newer, error } = tasks;
  useRestoredScroll(scroller, (list?.rows.length ?? 0) > 0);
  return (
    <div
      className={loading && list ? 'rows dimmed' : 'rows'}
      ref={scroller}
      {...SCROLLS}
      onScroll={(event) => onScrolled(event.currentTarget.scrollTop > 8)}
      onPointerEnter={(event) => event.pointerType === 'mouse' && onRest(true)}
      onPointerLeave={() => onRest(false)}
    >
      {newer > 0 && (
        <button type="button" className="newer" onClick={onRefresh}>
          <Icon name="up" />
          {t('{count} newer', { count: newer >= 100 ? '100+' : newer })}
        </button>
      )}
      {!list ? (
        <NoList error={error} onRetry={tasks.refresh} />
      ) : list.rows.length === 0 ? (
        <NoRows
          filtered={Boolean(q || state)}
          custom={customStates(q, state)}
          lookedBackTo={list.lookedBackTo}
          note={list.note}
          onClear={onClear}
        />
      ) : (
        children
      )}
    </div>
  );
}

/** @param held why the order stands still; null: it does not */
export function TaskListFoot({ tasks: { list }, held }: { tasks: TaskListState; held: string | null }) {
  const { mode } = useConnection();
  return (
    <footer className="status">
      <span>
        {mode === 'paused'
          ? t('Paused: nothing moves until you go on (p)')
          : held
            ? t('Order is held {why}', { why: held })
            : t('New tasks come in at the top')}
      </span>
      <span>{list && list.rows.length > 0 && formatLoaded(list)}</span>
    </footer>
  );
}
