// Registered tasks with their limits, each edited in its place: what it was, where it will apply, what will follow. Beside a limit
// that was set here stands how fast the task has run since. The fields: limit-editor.tsx.

import { useMemo, useState } from 'react';
import type { WorkerDetail, WorkerTask } from '../../../shared/wire/workers.ts';
import { useOperation } from '../api/actions.ts';
import { t } from '../language/text.ts';
import { useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/feedback.tsx';
import { approxDuration, clock, count, lastPart, rate } from '../ui/format.ts';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import type { Line } from '../ui/table/lines.ts';
import { TaskName } from '../ui/task-name.tsx';
import { LimitEditor } from './limit-editor.tsx';

const limitOf = (task: WorkerTask): string => (task.rate_limit && task.rate_limit !== '0' ? task.rate_limit : 'none');

const limitWords = (task: WorkerTask): string => (limitOf(task) === 'none' ? t('limit|none') : limitOf(task));

const orNone = (text: string | null) => (text === null ? <span className="faint">{t('limit|none')}</span> : text);

export function Limits({ worker }: { worker: WorkerDetail }) {
  const [editing, setEditing] = useState<string | null>(null);
  const [noted, setNoted] = useState<string | null>(null);
  const readOnly = useReadOnly();
  const rateOp = useOperation();
  const timeOp = useOperation();
  const refused = useRefusal(worker, rateOp.isPending || timeOp.isPending);
  const columns = useMemo(
    (): readonly Column<WorkerTask>[] => [
      { id: 'task', label: t('Task'), width: 170, grow: 1, cell: (task) => <TaskName name={task.name} /> },
      {
        id: 'limit',
        label: t('Rate limit, each worker'),
        width: 150,
        rank: 1,
        className: 'code',
        cell: (task) => orNone(limitOf(task) === 'none' ? null : limitOf(task)),
        brief: (task) => (limitOf(task) === 'none' ? t('no rate limit') : t('limit {rate}', { rate: limitOf(task) })),
      },
      {
        id: 'runs',
        label: t('Runs at'),
        width: 132,
        num: true,
        rank: 2,
        cell: (task) => <RunsAt task={task} />,
      },
      {
        id: 'soft',
        label: t('Soft limit'),
        width: 84,
        num: true,
        rank: 4,
        cell: (task) => orNone(time(task.soft_time_limit)),
      },
      {
        id: 'hard',
        label: t('Hard limit'),
        width: 84,
        num: true,
        rank: 5,
        cell: (task) => orNone(time(task.time_limit)),
      },
      {
        id: 'p95',
        label: 'p95',
        width: 76,
        num: true,
        rank: 3,
        className: 'muted',
        cell: (task) => approxDuration(task.p95),
      },
      {
        id: 'failed',
        label: t('Failed, 1 h'),
        width: 84,
        num: true,
        rank: 6,
        cell: (task) => <span className={task.failed > 0 ? undefined : 'faint'}>{count(task.failed)}</span>,
      },
      {
        id: 'edit',
        label: '',
        width: 60,
        num: true,
        cell: (task) => (
          <Button
            kind="bare"
            icon="edit"
            hint={t('Limits of {name}', { name: lastPart(task.name) })}
            refused={readOnly ? t('This dashboard is read-only') : refused}
            onClick={() => setEditing(task.name)}
          />
        ),
      },
    ],
    [refused, readOnly],
  );
  if (worker.registered.length === 0) {
    return (
      <Empty title={t('Its tasks are not known yet')}>
        {worker.status !== 'online' && <p className="muted">{t('It is silent: nothing can be asked of it.')}</p>}
      </Empty>
    );
  }
  const lines = worker.registered.flatMap((task): Line<WorkerTask>[] => {
    if (task.name === editing)
      return [
        {
          kind: 'detail',
          key: `edit ${task.name}`,
          content: (
            <LimitEditor
              task={task}
              worker={worker}
              limit={limitOf(task)}
              runs={task.per_min}
              onCancel={() => setEditing(null)}
              onSave={(requests) => {
                rateOp.reset();
                timeOp.reset();
                if (requests.rate) rateOp.mutate(requests.rate);
                if (requests.time) timeOp.mutate(requests.time);
                setNoted(task.name);
                setEditing(null);
              }}
            />
          ),
        },
      ];
    const row: Line<WorkerTask> = { kind: 'row', key: task.name, row: task, within: false };
    if (task.name !== noted || (rateOp.isIdle && timeOp.isIdle)) return [row];
    const note = (
      <>
        <OperationNote
          operation={rateOp}
          proof={
            rateOp.data?.outcome === 'ok' && <>{t('The worker says now: {limit}.', { limit: limitWords(task) })}</>
          }
        />
        <OperationNote operation={timeOp} />
      </>
    );
    return [row, { kind: 'detail', key: `note ${task.name}`, content: note }];
  });
  return <DataTable caption={t('Registered tasks with rate and time limits')} columns={columns} lines={lines} />;
}

const time = (seconds: number | null): string | null => (seconds === null ? null : approxDuration(seconds));

/** '28/m', and since a limit was set here '5.8/m since 13:02': the hour before would say that it does not hold. */
function RunsAt({ task }: { task: WorkerTask }) {
  const since = task.limited_since ?? null;
  if (since === null && task.per_min === null)
    return (
      <span className="faint" title={t('Too early to say')}>
        {t('unknown')}
      </span>
    );
  if (since === null) return <>{`${rate(task.per_min)}/m`}</>;
  const seen = task.per_min_since ?? null;
  const at = clock(since).slice(0, 5);
  if (seen === null)
    return (
      <span className="faint" title={t('Too early to say, or its events are not heard')}>
        {t('unknown since {at}', { at })}
      </span>
    );
  return (
    <>
      {`${rate(seen)}/m`} <span className="muted">{t('since {at}', { at })}</span>
    </>
  );
}
