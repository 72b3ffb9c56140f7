// Find tasks: state counts, query, list, and one task beside it. Everything chosen stands in the URL.
// The list: tasks/use-task-list.ts, task-table.tsx. What is done with tasks: tasks/use-verbs.tsx. The task: tasks/task-detail.tsx.

import { useRef, useState } from 'react';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { t } from '../language/text.ts';
import { usePhone } from '../live/hooks.ts';
import { Bar } from '../shell/layout.tsx';
import { MenuFor, TaskVerbs } from '../tasks/row-menu.tsx';
import { TaskDetailPanel } from '../tasks/task-detail.tsx';
import { TaskListHead } from '../tasks/task-list-head.tsx';
import { TaskListFoot, TaskRows } from '../tasks/task-rows.tsx';
import { TaskTable } from '../tasks/task-table.tsx';
import { useHiddenColumns } from '../tasks/use-columns.tsx';
import { useSelected } from '../tasks/use-selected.ts';
import { useTaskKeys } from '../tasks/use-task-keys.ts';
import { useTaskList } from '../tasks/use-task-list.ts';
import { useTaskSearch } from '../tasks/use-task-search.ts';
import { useVerbs, VerbDialog } from '../tasks/use-verbs.tsx';
import { LoadingBar } from '../ui/feedback.tsx';
import { useListView } from '../ui/list/use-list-view.ts';
import { focusLine } from '../ui/table/data-table.tsx';
import './tasks.css';

export default function TasksPage() {
  const { q, state, sort, openId, ...search } = useTaskSearch();
  const columns = useHiddenColumns();
  const { cursor, setCursor, isResting, isScrolled, input, box } = useListView();
  const { scroller } = box;
  const [menuFor, setMenuFor] = useState<string | null>(null);
  const phone = usePhone();
  const verbs = useVerbs();
  const shownRows = useRef<readonly TaskRow[]>([]);
  const selection = useSelected({ q, state }, shownRows);
  const { clear, selected } = selection;

  const held = whyHeld({
    [t('while a task is open')]: openId !== undefined,
    [t('while tasks are selected')]: selected.size > 0,
    [t('while a menu is open')]: menuFor !== null || verbs.asked !== null,
    [t('while the cursor is on a row (Esc)')]: cursor !== null,
    [t('while you are down the list')]: isScrolled,
    [t('while the pointer rests on the list')]: isResting,
  });
  const tasks = useTaskList({ q, state, sort }, held !== null);
  const rows = tasks.list?.rows ?? [];
  shownRows.current = rows;

  const change = (next: Parameters<typeof search.change>[0]) => {
    clear();
    setCursor(null);
    scroller.current?.scrollTo({ top: 0 });
    search.change(next);
  };
  const open = (id: string) => {
    setCursor(id);
    search.open(id);
  };
  const close = () => {
    search.open(undefined);
    requestAnimationFrame(() => openId && focusLine(scroller.current, openId));
  };
  const refresh = () => {
    setCursor(null);
    scroller.current?.scrollTo({ top: 0 });
    tasks.refresh();
  };
  const move = useTaskKeys({
    rows,
    cursor,
    openId,
    onCursor: setCursor,
    onOpen: open,
    onBack: () => (selected.size > 0 ? clear() : openId ? close() : setCursor(null)),
    onFilter: () => input.current?.focus(),
    onPick: selection.pick,
    onMenu: setMenuFor,
    onRefresh: refresh,
  });

  return (
    <TaskVerbs value={verbs.act}>
      <MenuFor value={{ uuid: menuFor, onChange: setMenuFor }}>
        <Bar title={t('Tasks')} />
        <LoadingBar on={tasks.loading || tasks.loadingMore} />
        <main className={openId && !phone ? 'content list-page with-detail' : 'content list-page'} id="main">
          <div className="list">
            <TaskListHead
              tasks={tasks}
              filter={{ q, state }}
              selection={selection}
              verbs={verbs}
              columns={columns}
              inputRef={input}
              onChange={change}
            />
            <TaskRows
              tasks={tasks}
              q={q}
              state={state}
              {...box}
              onRefresh={refresh}
              onClear={() => change({ q: '', state: '' })}
            >
              <TaskTable
                rows={rows}
                total={tasks.list?.total ?? 0}
                sort={sort}
                hidden={columns.hidden}
                openId={openId}
                cursor={cursor}
                selected={selected}
                scroller={scroller}
                onOpen={open}
                onSort={(next) => change({ sort: next })}
                onPick={selection.pick}
                onPickAll={selection.pickAll}
                onCursor={setCursor}
                onEnd={tasks.more}
              />
            </TaskRows>
            <TaskListFoot tasks={tasks} held={held} />
          </div>
          {openId && (
            <TaskDetailPanel
              key={openId}
              id={openId}
              row={rows.find((row) => row.uuid === openId)}
              onClose={close}
              onMove={move}
              atStart={rows[0]?.uuid === openId}
              atEnd={rows.at(-1)?.uuid === openId}
            />
          )}
        </main>
        <VerbDialog verbs={verbs} />
      </MenuFor>
    </TaskVerbs>
  );
}

const whyHeld = (reasons: Record<string, boolean>): string | null =>
  Object.entries(reasons).find(([, holds]) => holds)?.[0] ?? null;
