// Registered tasks with their limits, each edited in its row: what it was, where it will apply, what will follow.
import { useState } from 'react';
import type { OperationRequest, RegisteredTask, WorkerDetail } from '../../../shared/wire/http.ts';
import { useOperation } from '../api/actions.ts';
import { useReadOnly, useWorkers } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { Button, Segmented } from '../ui/button.tsx';
import { Empty } from '../ui/feedback.tsx';
import { TaskName } from '../ui/task-name.tsx';
import { count, lastPart, plural, rate, roughly } from '../ui/words.ts';
import { limitEffect, readRate, readSeconds } from './rate-words.ts';

export function Limits({ worker }: { worker: WorkerDetail }) {
  const [editing, setEditing] = useState<string | null>(null);
  if (worker.registered.length === 0) {
    return (
      <Empty title="It has not told its tasks yet">
        {worker.status !== 'online' && <p className="muted">It is silent: nothing can be asked of it.</p>}
      </Empty>
    );
  }
  return (
    <div className="scroll-x">
      <table className="table">
        <caption className="sr">Registered tasks with rate and time limits</caption>
        <thead>
          <tr>
            <th className="c-task">Task</th>
            <th className="c-rate">Rate limit, each worker</th>
            <th className="c-now num">Runs at</th>
            <th className="c-soft num">Soft limit</th>
            <th className="c-hard num">Hard limit</th>
            <th className="c-p95 num">p95</th>
            <th className="c-failed num">Failed, 1 h</th>
            <th className="c-act">
              <span className="sr">Edit</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {worker.registered.map((task) => (
            <LimitRow
              key={task.name}
              task={task}
              worker={worker}
              editing={editing === task.name}
              onEdit={(on) => setEditing(on ? task.name : null)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type Where = 'this' | 'all';

function LimitRow({
  task,
  worker,
  editing,
  onEdit,
}: {
  task: RegisteredTask;
  worker: WorkerDetail;
  editing: boolean;
  onEdit: (on: boolean) => void;
}) {
  const readOnly = useReadOnly();
  const online = [...useWorkers().values()].filter((w) => w.status === 'online').length;
  const [rateText, setRate] = useState('');
  const [soft, setSoft] = useState('');
  const [hard, setHard] = useState('');
  const [where, setWhere] = useState<Where>('this');
  const rateOp = useOperation();
  const timeOp = useOperation();
  // The last hour, or as long as it has been up.
  // Both over the last hour, or as long as it has finished anything: a worker's start does not begin its history.
  const began = worker.finished_per_min.findIndex((n) => n > 0);
  const perMin = task.finished / (began === -1 ? 60 : worker.finished_per_min.length - began);
  const short = lastPart(task.name);
  const start = () => {
    setRate(task.rate_limit ?? '');
    setSoft(task.soft_time_limit?.toString() ?? '');
    setHard(task.time_limit?.toString() ?? '');
    rateOp.reset();
    timeOp.reset();
    onEdit(true);
  };
  const read = readRate(rateText);
  const softS = readSeconds(soft);
  const hardS = readSeconds(hard);
  const workers = where === 'this' ? 1 : online;
  const rateChanged = read.ok && read.text !== (task.rate_limit ?? '0');
  const timeChanged =
    softS !== undefined && hardS !== undefined && (softS !== task.soft_time_limit || hardS !== task.time_limit);
  const wrong = !read.ok
    ? read.reason
    : softS === undefined || hardS === undefined
      ? 'Time limits are seconds, like 30 or 1.5'
      : softS !== null && hardS !== null && softS >= hardS
        ? 'The soft limit must be below the hard one'
        : !rateChanged && !timeChanged
          ? 'Nothing is changed'
          : null;
  const destination = where === 'this' ? [worker.hostname] : undefined;
  const save = () => {
    if (wrong) return;
    if (rateChanged && read.ok)
      rateOp.mutate({ action: 'rate_limit', task_name: task.name, rate_limit: read.text, destination });
    if (timeChanged) {
      const request: OperationRequest = {
        action: 'time_limit',
        task_name: task.name,
        soft: softS ?? null,
        hard: hardS ?? null,
        destination,
      };
      timeOp.mutate(request);
    }
    onEdit(false);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter') save();
    if (event.key === 'Escape') {
      event.stopPropagation();
      onEdit(false);
    }
  };
  const busy = rateOp.isPending || timeOp.isPending;
  const showNote = !editing && !(rateOp.isIdle && timeOp.isIdle);
  const rateIs = task.rate_limit && task.rate_limit !== '0' ? task.rate_limit : 'none';
  return (
    <>
      <tr className={editing ? 'editing' : undefined}>
        <td className="c-task">
          <TaskName name={task.name} />
        </td>
        <td className="c-rate code">
          {editing ? (
            <>
              <input
                className="input"
                // biome-ignore lint/a11y/noAutofocus: the row was opened for this
                autoFocus
                value={rateText}
                placeholder="none"
                aria-label={`Rate limit of ${short}`}
                aria-invalid={!read.ok}
                aria-describedby={`effect-${task.name}`}
                onChange={(event) => setRate(event.target.value)}
                onKeyDown={onKeyDown}
              />{' '}
              <span className="faint">was {rateIs}</span>
            </>
          ) : rateIs === 'none' ? (
            <span className="faint">none</span>
          ) : (
            rateIs
          )}
        </td>
        <td className="c-now num">{rate(perMin)}/m</td>
        <td className="c-soft num">
          {editing ? (
            <input
              className="input short"
              value={soft}
              placeholder="none"
              aria-label={`Soft time limit of ${short}, seconds`}
              onChange={(event) => setSoft(event.target.value)}
              onKeyDown={onKeyDown}
            />
          ) : task.soft_time_limit === null ? (
            <span className="faint">none</span>
          ) : (
            roughly(task.soft_time_limit)
          )}
        </td>
        <td className="c-hard num">
          {editing ? (
            <input
              className="input short"
              value={hard}
              placeholder="none"
              aria-label={`Hard time limit of ${short}, seconds`}
              onChange={(event) => setHard(event.target.value)}
              onKeyDown={onKeyDown}
            />
          ) : task.time_limit === null ? (
            <span className="faint">none</span>
          ) : (
            roughly(task.time_limit)
          )}
        </td>
        <td className="c-p95 num muted">{roughly(task.p95)}</td>
        <td className={task.failed > 0 ? 'c-failed num' : 'c-failed num faint'}>{count(task.failed)}</td>
        <td className="c-act num">
          {!editing && (
            <Button
              kind="bare"
              icon="edit"
              hint={`Limits of ${short}`}
              refused={
                readOnly
                  ? 'The dashboard only reads'
                  : worker.status !== 'online'
                    ? 'The worker is silent'
                    : busy
                      ? 'Waiting for workers'
                      : null
              }
              onClick={start}
            />
          )}
        </td>
      </tr>
      {editing && (
        <tr className="editing effect">
          <td colSpan={8}>
            <div>
              <Segmented
                label="Where"
                value={where}
                onChange={setWhere}
                options={[
                  ['this', 'This worker'],
                  ['all', online === 1 ? 'Every worker' : `All ${online}`],
                ]}
              />
              <p id={`effect-${task.name}`}>
                {wrong && wrong !== 'Nothing is changed' ? (
                  <span className="bad">{wrong}</span>
                ) : (
                  read.ok && limitEffect(read, workers, perMin)
                )}
              </p>
              <Button kind="bare" onClick={() => onEdit(false)}>
                Cancel
              </Button>
              <Button kind={wrong ? undefined : 'primary'} refused={wrong} onClick={save}>
                {timeChanged && !rateChanged ? 'Set limits' : 'Limit'} on {plural(workers, 'worker')}
              </Button>
            </div>
          </td>
        </tr>
      )}
      {showNote && (
        <tr className="effect">
          <td colSpan={8}>
            <OperationNote
              operation={rateOp}
              proof={rateOp.data?.outcome === 'ok' && <>The worker says now: {rateIs}.</>}
            />
            <OperationNote operation={timeOp} />
          </td>
        </tr>
      )}
    </>
  );
}
