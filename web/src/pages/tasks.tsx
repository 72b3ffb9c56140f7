// Find tasks: state counts, query, list, and one task beside it. Everything chosen stands in the URL.
// The list: tasks/use-task-list.ts, task-table.tsx. The task: tasks/task-detail.tsx.
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo, useRef, useState } from 'react';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { useOperation } from '../api/actions.ts';
import { useConnection, usePhone } from '../live/hooks.ts';
import { EventsOff } from '../operations/events-off.tsx';
import { OperationNote } from '../operations/operation-note.tsx';
import { Bar } from '../shell/layout.tsx';
import { setPreferences, usePreferences } from '../shell/preferences.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { refusal, type TaskVerb } from '../tasks/applies.ts';
import { ConfirmVerb, SelectionBar } from '../tasks/bulk-actions.tsx';
import { BulkNote } from '../tasks/bulk-note.tsx';
import { COLUMNS } from '../tasks/columns.ts';
import { RetryDialog } from '../tasks/retry-dialog.tsx';
import { TaskVerbs } from '../tasks/row-menu.tsx';
import { allOf, chosenRows, NONE, type Selection, toggled } from '../tasks/selection.ts';
import { StateChips } from '../tasks/state-chips.tsx';
import { TaskDetailPanel } from '../tasks/task-detail.tsx';
import { TaskFilter } from '../tasks/task-filter.tsx';
import { loadedWords, totalWords } from '../tasks/task-list.ts';
import { customStates, NoList, NoRows, queryRefusal } from '../tasks/task-list-faces.tsx';
import { NEWEST_FIRST } from '../tasks/task-list-store.ts';
import { TaskTable } from '../tasks/task-table.tsx';
import { IDS_A_REQUEST, useBulk } from '../tasks/use-bulk.ts';
import { useSelectAll } from '../tasks/use-select-all.ts';
import { useTaskList } from '../tasks/use-task-list.ts';
import { copyText } from '../ui/button.tsx';
import { LoadingBar } from '../ui/feedback.tsx';
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { count } from '../ui/words.ts';
import './tasks.css';

const route = getRouteApi('/tasks');

export default function TasksPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/tasks' });
  const { q = '', state = '', sort = NEWEST_FIRST, task: openId } = search;
  const prefs = usePreferences();
  const hidden = useMemo(
    () => new Set(search.hide === undefined ? prefs.hidden : search.hide.split(',').filter(Boolean)),
    [search.hide, prefs.hidden],
  );
  const [selected, setSelected] = useState<Selection>(NONE);
  const [cursor, setCursor] = useState<string | null>(null);
  const [menuFor, setMenuFor] = useState<string | null>(null);
  const [resting, setResting] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const [confirm, setConfirm] = useState<{ verb: TaskVerb; rows: readonly TaskRow[] } | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const lastPick = useRef<string | null>(null);
  const phone = usePhone();
  const connection = useConnection();
  const operation = useOperation();
  const { bulk, run, stop, dismiss } = useBulk();

  const why = openId
    ? 'while a task is open'
    : selected.size > 0
      ? 'while tasks are selected'
      : menuFor || confirm
        ? 'while a menu is open'
        : scrolled
          ? 'while you are down the list'
          : resting
            ? 'while the pointer rests on the list'
            : null;
  const tasks = useTaskList({ q, state, sort }, why !== null);
  const rows = tasks.list?.rows ?? [];
  const change = useCallback(
    (next: Partial<typeof search>) => {
      setSelected(NONE);
      scroller.current?.scrollTo({ top: 0 });
      void navigate({ search: (before) => clean({ ...before, task: undefined, ...next }), replace: true });
    },
    [navigate],
  );
  const open = (id: string | undefined) =>
    void navigate({ search: (before) => clean({ ...before, task: id }), replace: openId !== undefined });
  const close = useCallback(() => {
    const back = openId;
    void navigate({ search: (before) => clean({ ...before, task: undefined }) });
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`a[data-row="${back}"]`)?.focus());
  }, [navigate, openId]);

  const rowsRef = useRef(rows);
  rowsRef.current = rows;
  const pick = useCallback((row: TaskRow, range: boolean) => {
    // Read now: React may run the update below later, when the last one picked is this row already.
    const from = range ? lastPick.current : null;
    lastPick.current = row.uuid;
    setSelected((before) => toggled(before, rowsRef.current, row, from));
  }, []);
  const selectAll = useSelectAll({ q, state }, (found) => setSelected(allOf(found)));
  const current = rows.find((row) => row.uuid === (cursor ?? openId));
  const chosen = selected.size > 0 ? chosenRows(selected, rows) : [];
  const hasAll = rows.length > 0 && rows.every((row) => selected.has(row.uuid));

  const act = useCallback(
    (verb: TaskVerb, on: readonly TaskRow[]) => {
      dismiss();
      if (verb !== 'revoke' || on.length > 1) setConfirm({ verb, rows: on });
      else operation.mutate({ action: verb, task_ids: on.map((row) => row.uuid) });
    },
    [operation, dismiss],
  );
  const again = confirm?.verb === 'retry' && confirm.rows.length === 1 ? confirm.rows[0]!.uuid : null;
  const move = (by: number) => {
    if (rows.length === 0) return;
    const at = rows.findIndex((row) => row.uuid === (openId ?? cursor));
    const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))]!;
    setCursor(next.uuid);
    if (openId) open(next.uuid);
  };
  const refresh = () => {
    scroller.current?.scrollTo({ top: 0 });
    tasks.refresh();
  };

  useShortcuts([
    { keys: '/', label: 'Filter', group: 'List', run: () => input.current?.focus() },
    { keys: 'j', label: 'Next row', group: 'List', run: () => move(1) },
    { keys: 'k', label: 'Row before', group: 'List', run: () => move(-1) },
    { keys: 'ArrowDown', label: 'Next row', group: 'List', alias: true, run: () => move(1) },
    { keys: 'ArrowUp', label: 'Row before', group: 'List', alias: true, run: () => move(-1) },
    { keys: 'Enter', label: 'Open', group: 'List', run: () => current && open(current.uuid) },
    {
      keys: 'Escape',
      label: 'Back',
      group: 'List',
      run: () => (selected.size > 0 ? setSelected(NONE) : openId ? close() : setCursor(null)),
    },
    { keys: 'x', label: 'Select', group: 'List', run: () => current && pick(current, false) },
    { keys: 'Shift+x', label: 'Select up to here', group: 'List', run: () => current && pick(current, true) },
    { keys: '.', label: 'Actions', group: 'List', run: () => current && setMenuFor(current.uuid) },
    { keys: 'c', label: 'Copy id', group: 'List', run: () => current && void copyText(current.uuid, 'id') },
    { keys: '[', label: 'Task before', group: 'Task', run: () => openId && move(-1) },
    { keys: ']', label: 'Next task', group: 'Task', run: () => openId && move(1) },
    { keys: 'r', label: 'Refresh', group: 'Page', run: refresh },
  ]);

  const badQuery = queryRefusal(tasks.error);
  const total = tasks.list?.total ?? 0;
  const more = tasks.list !== null && total > rows.length;
  const toggleColumn = (id: string) => {
    const next = new Set(hidden);
    if (next.has(id)) next.delete(id);
    else next.add(id);
    setPreferences({ hidden: [...next] });
    if (search.hide !== undefined)
      void navigate({ search: (before) => ({ ...before, hide: [...next].join(',') }), replace: true });
  };
  const columns = (
    <Menu
      label="Columns"
      trigger={
        <button type="button" className="btn only" aria-label="Columns" title="Columns">
          <Icon name="columns" />
        </button>
      }
      items={COLUMNS.filter((c) => !c.fixed).map((c) => ({
        label: c.label,
        checked: !hidden.has(c.id),
        onSelect: () => toggleColumn(c.id),
      }))}
    />
  );

  return (
    <TaskVerbs value={act}>
      <Bar title="Tasks" />
      <LoadingBar on={tasks.loading || tasks.loadingMore} />
      <main className={openId && !phone ? 'content list-page with-detail' : 'content list-page'} id="main">
        <div className="list">
          {selected.size > 0 ? (
            <SelectionBar
              rows={chosen}
              operation={operation}
              busy={bulk?.state === 'running'}
              everything={
                more && hasAll && selected.size < total && tasks.list
                  ? { words: totalWords(tasks.list), select: selectAll }
                  : null
              }
              onVerb={act}
              onClear={() => {
                selectAll.stop();
                setSelected(NONE);
              }}
            >
              {selectAll.cut && (
                <span className="muted" role="status">
                  {count(selected.size)} is the most at once: the newest of all that match.
                </span>
              )}
              {bulk && <BulkNote bulk={bulk} onStop={stop} onDismiss={dismiss} />}
            </SelectionBar>
          ) : (
            <>
              <StateChips list={tasks.list} state={state} onChange={(next) => change({ state: next })} />
              <div className="query-row">
                <TaskFilter
                  q={q}
                  inputRef={input}
                  serverError={badQuery}
                  matches={tasks.list ? `${totalWords(tasks.list)} match` : ''}
                  onChange={(next) => next !== q && change({ q: next })}
                />
                {columns}
              </div>
            </>
          )}
          {selected.size === 0 && <OperationNote operation={operation} />}
          {selected.size === 0 && bulk && <BulkNote bulk={bulk} onStop={stop} onDismiss={dismiss} />}
          {tasks.list?.note && <p className="list-note">{tasks.list.note}</p>}
          <EventsOff />
          <div
            className={tasks.loading && tasks.list ? 'rows dimmed' : 'rows'}
            ref={scroller}
            onScroll={(event) => setScrolled(event.currentTarget.scrollTop > 8)}
            onPointerEnter={(event) => event.pointerType === 'mouse' && setResting(true)}
            onPointerLeave={() => setResting(false)}
          >
            {tasks.newer > 0 && (
              <button type="button" className="newer" onClick={refresh}>
                <Icon name="up" />
                {tasks.newer >= 100 ? '100+' : count(tasks.newer)} newer
              </button>
            )}
            {!tasks.list ? (
              <NoList error={tasks.error} onRetry={tasks.refresh} />
            ) : rows.length === 0 ? (
              <NoRows
                filtered={Boolean(q || state)}
                custom={customStates(q, state)}
                lookedBackTo={tasks.list.lookedBackTo}
                note={tasks.list.note}
                onClear={() => change({ q: '', state: '' })}
              />
            ) : (
              <TaskTable
                rows={rows}
                total={total}
                sort={sort}
                hidden={hidden}
                openId={openId}
                cursor={cursor}
                selected={selected}
                menuFor={menuFor}
                scroller={scroller}
                search={search}
                onSort={(next) => change({ sort: next })}
                onPick={pick}
                onPickAll={() => setSelected(hasAll ? NONE : allOf(rows))}
                onMenu={setMenuFor}
                onCursor={setCursor}
                onEnd={tasks.more}
              />
            )}
          </div>
          <footer className="status">
            <span>
              {connection.mode === 'paused'
                ? 'Paused: nothing moves until you go on (p)'
                : why
                  ? `Order is held ${why}`
                  : 'New tasks come in at the top'}
            </span>
            <span>{rows.length > 0 && tasks.list && loadedWords(tasks.list)}</span>
          </footer>
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
      {again && (
        <RetryDialog
          id={again}
          onClose={() => setConfirm(null)}
          onDo={(options) => {
            operation.mutate({ action: 'retry', task_ids: [again], ...options });
            setConfirm(null);
          }}
        />
      )}
      {confirm && !again && (
        <ConfirmVerb
          verb={confirm.verb}
          rows={confirm.rows}
          onClose={() => setConfirm(null)}
          onDo={(signal) => {
            const { verb } = confirm;
            const task_ids = confirm.rows.filter((row) => refusal(verb, row) === null).map((row) => row.uuid);
            const options = verb === 'terminate' ? { signal } : {};
            if (task_ids.length > IDS_A_REQUEST) void run(verb, task_ids, options);
            else operation.mutate({ action: verb, task_ids, ...options });
            setConfirm(null);
          }}
        />
      )}
    </TaskVerbs>
  );
}

/** Empty choices leave the URL. */
function clean<T extends Record<string, unknown>>(search: T): T {
  return Object.fromEntries(
    Object.entries(search).filter(
      ([k, v]) => v !== undefined && (v !== '' || k === 'hide') && !(k === 'sort' && v === NEWEST_FIRST),
    ),
  ) as T;
}
