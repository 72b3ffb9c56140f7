// What a worker does now, longest first: each bar against its task's own limit, the p95 a tick across it.
// What a silent one held: held.tsx.
import { type CSSProperties, useMemo, useRef, useState } from 'react';
import type { RequestInfo, WorkerDetail } from '../../../shared/wire/workers.ts';
import { useOperation } from '../api/actions.ts';
import { useKnownNow, useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { ConfirmVerb } from '../tasks/bulk-actions.tsx';
import { Button } from '../ui/button.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { age, plural } from '../ui/format.ts';
import { Fresh } from '../ui/fresh.tsx';
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
        label: '',
        width: 120,
        grow: 1,
        rank: 4,
        className: 'code faint',
        cell: (task) => <ForeignText text={argumentsShown(task)} />,
      },
      {
        id: 'bar',
        label: 'Runtime',
        width: 180,
        grow: 1,
        rank: 5,
        className: 'c-bar',
        cell: (task) => <Against task={task} limit={limitOf(task)} />,
      },
      { id: 'ran', label: 'Running for', width: 92, num: true, rank: 1, cell: (task) => <Ran task={task} /> },
      {
        id: 'vs',
        label: 'Against p95',
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
              Terminate
            </Button>
          ),
      },
    ];
  }, [worker.registered, readOnly, refused]);
  const tasks = [...worker.active_tasks].sort((a, b) => (a.time_start ?? Infinity) - (b.time_start ?? Infinity));
  // Room for as many as there were at once: those below do not jump with every task that ends.
  const room = useRef({ of: worker.hostname, rows: 0 });
  if (room.current.of !== worker.hostname) room.current = { of: worker.hostname, rows: 0 };
  room.current.rows = Math.max(room.current.rows, tasks.length);
  const size = worker.concurrency;
  const idle = size === null ? 0 : Math.max(0, size - tasks.length);
  return (
    <section className="card active" style={{ '--rows': room.current.rows } as CSSProperties}>
      <div className="head">
        <h2>Active</h2>
        <p>
          {tasks.length > 0
            ? `${tasks.length} of ${size === null ? 'an unknown number of slots' : plural(size, 'slot')}, longest first`
            : worker.inspected === null
              ? 'unknown: it has not answered yet'
              : 'nothing runs now'}
        </p>
        {tasks.length > 0 && (
          <ul className="legend">
            <li data-state="STARTED">
              <i className="swatch" />
              runtime
            </li>
            <li>
              <i className="tick" />
              p95 of this task
            </li>
            <li>
              <i className="end" />
              bar ends at its limit
            </li>
          </ul>
        )}
      </div>
      <OperationNote operation={operation} />
      {tasks.length > 0 && (
        <DataTable
          caption="Active tasks, longest first"
          columns={columns}
          lines={tasks.map((row) => ({ kind: 'row', key: row.id, row, within: false }))}
        />
      )}
      {tasks.length > 0 && idle > 0 && <p className="idle muted">{plural(idle, 'slot')} idle</p>}
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

/** How long it has run as far as is known. @unit seconds; null: it did not say when it began */
function useRan(task: RequestInfo): number | null {
  const now = useKnownNow();
  return task.time_start === null ? null : Math.max(0, now - task.time_start);
}

function Ran({ task }: { task: RequestInfo }) {
  const ran = useRan(task);
  return ran === null ? <span className="faint">unknown</span> : <Fresh text={age(ran)} />;
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
      {bar.p95 !== null && <b style={{ left: `${bar.p95 * 100}%` }} />}
    </span>
  );
}
