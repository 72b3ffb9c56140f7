// Above the rows: state counts and the query field, or, while tasks are selected, what can be done with them; and what came of it.

import type { RefObject } from 'react';
import { t } from '../language/text.ts';
import { EventsOff } from '../operations/events-off.tsx';
import { OperationNote } from '../operations/operation-note.tsx';
import { SelectionBar } from './bulk-actions.tsx';
import { BulkNote } from './bulk-note.tsx';
import { chosenRows, hasAll } from './selection.ts';
import { StateChips } from './state-chips.tsx';
import { TaskFilter } from './task-filter.tsx';
import { formatTotal } from './task-list.ts';
import { queryRefusal } from './task-list-faces.tsx';
import { ColumnMenu, type useHiddenColumns } from './use-columns.tsx';
import type { Selected } from './use-selected.ts';
import type { TaskListState } from './use-task-list.ts';
import type { Verbs } from './use-verbs.tsx';

export function TaskListHead({
  tasks: { list, error },
  filter: { q, state },
  selection: { selected, all, clear },
  verbs: { operation, bulk, act },
  columns,
  inputRef,
  onChange,
}: {
  tasks: TaskListState;
  filter: { q: string; state: string };
  selection: Selected;
  verbs: Verbs;
  columns: ReturnType<typeof useHiddenColumns>;
  inputRef: RefObject<HTMLInputElement | null>;
  onChange: (next: { q?: string; state?: string }) => void;
}) {
  const selects = selected.size > 0;
  const beyond =
    list !== null && list.total > list.rows.length && hasAll(selected, list.rows) && selected.size < list.total;
  const bulkNote = bulk.bulk && <BulkNote bulk={bulk.bulk} onStop={bulk.stop} onDismiss={bulk.dismiss} />;
  return (
    <>
      {selects ? (
        <SelectionBar
          rows={chosenRows(selected, list?.rows ?? [])}
          operation={operation}
          busy={bulk.bulk?.state === 'running'}
          everything={beyond ? { words: formatTotal(list), select: all } : null}
          onVerb={act}
          onClear={clear}
        >
          {all.cut && (
            <span className="muted" role="status">
              {t('{count} is the most at once: the newest of all that match.', { count: selected.size })}
            </span>
          )}
          {bulkNote}
        </SelectionBar>
      ) : (
        <>
          <StateChips list={list} state={state} onChange={(next) => onChange({ state: next })} />
          <div className="query-row">
            <TaskFilter
              q={q}
              inputRef={inputRef}
              serverError={queryRefusal(error)}
              matches={list ? t('{list} match', { list: formatTotal(list) }) : ''}
              onChange={(next) => next !== q && onChange({ q: next })}
            />
            <ColumnMenu hidden={columns.hidden} onToggle={columns.toggle} />
          </div>
          <OperationNote operation={operation} />
          {bulkNote}
        </>
      )}
      {list?.note && <p className="list-note">{list.note}</p>}
      <EventsOff />
    </>
  );
}
