// What a worker does now, longest first: each bar against its task's own limit, the p95 a tick across it.
// What a silent one held: held.tsx.

import { type CSSProperties, useMemo, useRef, useState } from 'react';
import type { RequestInfo, WorkerDetail } from '../../../shared/wire/workers.ts';
import { useOperation } from '../api/actions.ts';
import { t, tn } from '../language/text.ts';
import { useKnownNow, useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { ConfirmVerb } from '../tasks/bulk-actions.tsx';
import { Button } from '../ui/button.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { age } from '../ui/format.ts';
import { Fresh } from '../ui/fresh.tsx';
import { visible } from '../ui/invisible.ts';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { show } from '../ui/value.ts';
import { againstP95 } from './against-p95.ts';
import { idColumn, taskColumn } from './request-columns.tsx';

export function argumentsShown(info: Pick<RequestInfo, 'args' | 'kwargs'>): string {
  const args =
    typeof info.args === 'string' ? info.args : Array.isArray(info.args) ? info.args.map(show).join(', ') : '';
  const kwargs =
    typeof info.kwargs === 'string'
      ? info.kwargs === '{}'
        ? ''
        : info.kwargs
      : Object.entries((info.kwargs ?? {}) as Record<string, unknown>)
          .map(([key, value]) => `${key}=${show(value)}`)
          .join(', ');
  return `(${[args.replace(/^\(|,?\)$/g, ''), kwargs].filter(Boolean).join(', ')})`;
}

export function Active({ worker }: { worker: WorkerDetail }) {
  const readOnly = useReadOnly();
  const operation = useOperation();
  const refused = useRefusal(worker, operation.isPending);
  const [confirm, setConfirm] = useState<RequestInfo | null>(null);
  const columns = useMemo((): readonly Column<RequestInfo>[] => {
    const limits = new Map(worker.registered.map((task) => [task.name, task.soft_time_limit ?? task.time_limit]));
    const limitOf = (task: RequestInfo) => limits.get(task.name) ?? null;
    return [
      taskColumn({ grow: 2 }),
      idColumn((task) => task.id, { width: 92, rank: 3 }),
      {
        id: 'args',
        label: t('Arguments'),
        width: 120,
        grow: 1,
        rank: 4,
        className: 'code faint',
        cell: (task) => <ForeignText text={argumentsShown(task)} />,
        brief: (task) => <ForeignText text={argumentsShown(task)} />,
        title: (task) => visible(argumentsShown(task)),
      },
      {
        id: 'bar',
        label: t('Runtime'),
        width: 180,
        grow: 1,
        rank: 5,
        className: 'c-bar',
        cell: (task) => <Against task={task} limit={limitOf(task)} />,
      },
      { id: 'ran', label: t('Running for'), width: 92, num: true, rank: 1, cell: (task) => <Ran task={task} /> },
      {
        id: 'vs',
        label: t('Against p95'),
        width: 96,
        num: true,
        rank: 2,
        cell: (task) => <Times task={task} limit={limitOf(task)} />,
      },
      {
        id: 'act',
        label: '',
        width: 112,
        num: true,
        cell: (task) =>
          !readOnly && (
            <Button kind="bare danger" refused={refused} onClick={() => setConfirm(task)}>
              {t('Terminate')}
            </Button>
          ),
      },
    ];
  }, [worker.registered, readOnly, refused]);
  const tasks = [...worker.active_tasks].sort((a, b) => (a.time_start ?? Infinity) - (b.time_start ?? Infinity));
  const size = worker.concurrency;
  const rows = useRoom(worker.hostname, size, tasks.length);
  const idle = size === null ? 0 : Math.max(0, size - tasks.length);
  return (
    <section className="card active" style={{ '--rows': rows } as CSSProperties}>
      <div className="head">
        <h2>{t('Active')}</h2>
        <p>
          {tasks.length > 0
            ? size === null
              ? t('{count} of an unknown number of slots, longest first', { count: tasks.length })
              : tn(size, '{count} of # slot, longest first', '{count} of # slots, longest first', {
                  count: tasks.length,
                })
            : worker.inspected === null
              ? t('unknown: it has not answered yet')
              : t('nothing runs now')}
        </p>
        <ul className="legend">
          <li data-state="STARTED">
            <i className="swatch" />
            {t('legend|runtime')}
          </li>
          <li>
            <i className="tick" />
            {t('p95 of this task')}
          </li>
          <li>
            <i className="end" />
            {t('bar ends at its limit')}
          </li>
        </ul>
      </div>
      <OperationNote operation={operation} />
      {tasks.length > 0 && (
        <DataTable
          caption={t('Active tasks, longest first')}
          columns={columns}
          lines={tasks.map((row) => ({ kind: 'row', key: row.id, row, within: false }))}
        />
      )}
      {idle > 0 && worker.inspected !== null && (
        // By their number: others are another element, so that nothing counts as moved.
        <p className="idle muted" key={idle}>
          {tn(idle, '# slot idle', '# slots idle')}
        </p>
      )}
      {confirm && (
        <ConfirmVerb
          verb="terminate"
          rows={[{ name: confirm.name, uuid: confirm.id } as never]}
          onClose={() => setConfirm(null)}
          onDo={(signal) => {
            operation.mutate({ action: 'terminate', task_ids: [confirm.id], signal });
            setConfirm(null);
          }}
        />
      )}
    </section>
  );
}

/** Rows there is room for at most, before one opens a worker on which more run. */
const MOST_ROWS = 12;

/**
 * How many rows there is room for: one for each slot, so that what stands below never moves when tasks begin and end. Of a large pool as
 * many as run when it is opened; more than that scroll.
 */
export function roomFor(size: number | null, running: number): number {
  return Math.max(Math.min(size ?? MOST_ROWS, MOST_ROWS), running);
}

/** Another worker, or a pool that was resized, has another room. */
function useRoom(of: string, size: number | null, running: number): number {
  const kept = useRef({ of, size, rows: roomFor(size, running) });
  if (kept.current.of !== of || kept.current.size !== size) kept.current = { of, size, rows: roomFor(size, running) };
  return kept.current.rows;
}

/** How long it has run as far as is known. @unit seconds; null: it did not say when it began */
function useRan(task: RequestInfo): number | null {
  const now = useKnownNow();
  return task.time_start === null ? null : Math.max(0, now - task.time_start);
}

function Ran({ task }: { task: RequestInfo }) {
  const ran = useRan(task);
  return ran === null ? <span className="faint">{t('unknown')}</span> : <Fresh text={age(ran)} />;
}

function Times({ task, limit }: { task: RequestInfo; limit: number | null }) {
  const { words, isLong } = againstP95(useRan(task), task.baseline_p95, limit);
  return isLong ? (
    <b key={words}>{words}</b>
  ) : (
    <span key={words} className="faint">
      {words}
    </span>
  );
}

function Against({ task, limit }: { task: RequestInfo; limit: number | null }) {
  const { bar } = againstP95(useRan(task), task.baseline_p95, limit);
  return (
    <span className={limit === null ? 'against open' : 'against'} data-state="STARTED" aria-hidden="true">
      <i style={{ width: `${bar.ran * 100}%` }} />
      {bar.p95 !== null && <b style={{ transform: `translateX(${bar.p95 * 100}%)` }} />}
    </span>
  );
}
