// What a worker does now, longest first: each bar against its task's own limit, the p95 a tick across it.
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { RequestInfo, WorkerDetail } from '../../../shared/wire/http.ts';
import { useOperation } from '../api/actions.ts';
import { useNow, useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { ConfirmVerb } from '../tasks/bulk-actions.tsx';
import { Button } from '../ui/button.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { show } from '../ui/value.ts';
import { age, plural, rate } from '../ui/words.ts';

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
  const now = useNow();
  const readOnly = useReadOnly();
  const operation = useOperation();
  const [confirm, setConfirm] = useState<RequestInfo | null>(null);
  const limits = new Map(worker.registered.map((task) => [task.name, task.soft_time_limit ?? task.time_limit]));
  const tasks = [...worker.active_tasks].sort((a, b) => (a.time_start ?? now) - (b.time_start ?? now));
  const idle = Math.max(0, (worker.concurrency ?? 0) - tasks.length);
  return (
    <section className="card active">
      <div className="head">
        <h2>Active</h2>
        <p>
          {tasks.length === 0
            ? 'nothing runs now'
            : `${tasks.length} of ${plural(worker.concurrency ?? tasks.length, 'slot')}, longest first`}
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
        <div className="scroll-x">
          <table className="table">
            <caption className="sr">Active tasks, longest first</caption>
            <thead>
              <tr>
                <th className="c-task">Task</th>
                <th className="c-id">Id</th>
                <th className="c-args">Arguments</th>
                <th className="c-bar">Runtime</th>
                <th className="c-run num">
                  <span className="sr">Running for</span>
                </th>
                <th className="c-vs num">Against p95</th>
                <th className="c-act">
                  <span className="sr">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {tasks.map((task) => {
                const ran = task.time_start === null ? 0 : Math.max(0, now - task.time_start);
                const limit = limits.get(task.name) ?? null;
                const p95 = task.usual_p95;
                const end = limit ?? Math.max(ran, (p95 ?? 0) * 2, 1);
                // What workers say is a second or two old: a short task has long been done.
                const times = p95 ? (ran < 2 ? Math.min(1, ran / p95) : ran / p95) : null;
                return (
                  <tr key={task.id}>
                    <td className="c-task">
                      <TaskName name={task.name} />
                    </td>
                    <td className="c-id code muted">
                      <Link to="/tasks/$id" params={{ id: task.id }} className="row-link" title={task.id}>
                        {shortId(task.id)}
                      </Link>
                    </td>
                    <td className="c-args code faint">{argumentsShown(task)}</td>
                    <td className="c-bar">
                      <span
                        className={limit === null ? 'against open' : 'against'}
                        data-state="STARTED"
                        aria-hidden="true"
                      >
                        <i style={{ width: `${Math.min(100, (ran / end) * 100)}%` }} />
                        {p95 !== null && p95 <= end && <b style={{ left: `${(p95 / end) * 100}%` }} />}
                      </span>
                    </td>
                    <td className="c-run num">{age(ran)}</td>
                    <td className={times !== null && times > 1.2 ? 'c-vs num' : 'c-vs num faint'}>
                      {times === null ? 'no p95 yet' : times > 1.2 ? <b>{rate(times)} times</b> : 'within'}
                    </td>
                    <td className="c-act num">
                      {!readOnly && (
                        <Button kind="bare danger" onClick={() => setConfirm(task)}>
                          Terminate
                        </Button>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
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
