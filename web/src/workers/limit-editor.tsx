// The limits of one task, being edited: its name, three fields with what they were, where it applies, what will follow, and the button that
// says to how many. The list: limits.tsx. Reading rates: rate-effect.ts.
import { useState } from 'react';
import type { OperationRequest } from '../../../shared/wire/operations.ts';
import type { WorkerDetail, WorkerTask } from '../../../shared/wire/workers.ts';
import { useWorkers } from '../live/hooks.ts';
import { Button, Segmented } from '../ui/button.tsx';
import { lastPart, plural } from '../ui/format.ts';
import { TaskName } from '../ui/task-name.tsx';
import { limitEffect, readRate, readSeconds } from './rate-effect.ts';

export interface LimitRequests {
  rate?: OperationRequest;
  time?: OperationRequest;
}

export function LimitEditor({
  task,
  worker,
  limit,
  runs,
  onSave,
  onCancel,
}: {
  task: WorkerTask;
  worker: WorkerDetail;
  /** As it is now, in words. */
  limit: string;
  /** Per minute. */
  /** Per minute; null: not known yet. */
  runs: number | null;
  onSave: (requests: LimitRequests) => void;
  onCancel: () => void;
}) {
  const online = [...useWorkers().values()].filter((w) => w.status === 'online').length;
  const [rateText, setRate] = useState(task.rate_limit ?? '');
  const [soft, setSoft] = useState(task.soft_time_limit?.toString() ?? '');
  const [hard, setHard] = useState(task.time_limit?.toString() ?? '');
  const [where, setWhere] = useState<'this' | 'all'>('this');
  const short = lastPart(task.name);
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
  const save = () => {
    if (wrong) return;
    const destination = where === 'this' ? [worker.hostname] : undefined;
    const requests: LimitRequests = {};
    if (rateChanged && read.ok)
      requests.rate = { action: 'rate_limit', task_name: task.name, rate_limit: read.text, destination };
    if (timeChanged)
      requests.time = {
        action: 'time_limit',
        task_name: task.name,
        soft: softS ?? null,
        hard: hardS ?? null,
        destination,
      };
    onSave(requests);
  };
  const field = (
    label: string,
    said: string,
    value: string,
    set: (text: string) => void,
    was: string,
    more?: React.ComponentProps<'input'>,
  ) => (
    <label>
      {label}
      <input
        className="input"
        value={value}
        placeholder="none"
        aria-label={said}
        spellCheck={false}
        onChange={(event) => set(event.target.value)}
        {...more}
      />
      <span className="faint">was {was}</span>
    </label>
  );
  return (
    <form
      className="limit-editor"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onCancel();
      }}
    >
      <p className="limit-name">
        <TaskName name={task.name} />
      </p>
      <div className="limit-fields">
        {field('Rate limit', `Rate limit of ${short}`, rateText, setRate, limit, {
          autoFocus: true,
          'aria-invalid': !read.ok,
          'aria-describedby': `effect-${task.name}`,
        })}
        {field('Soft limit', `Soft time limit of ${short}, seconds`, soft, setSoft, secondsWere(task.soft_time_limit), {
          inputMode: 'decimal',
        })}
        {field('Hard limit', `Hard time limit of ${short}, seconds`, hard, setHard, secondsWere(task.time_limit), {
          inputMode: 'decimal',
        })}
      </div>
      <div className="limit-foot">
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
            read.ok && limitEffect(read, workers, runs)
          )}
        </p>
        <Button kind="bare" onClick={onCancel}>
          Cancel
        </Button>
        <Button kind={wrong ? undefined : 'primary'} refused={wrong} onClick={save}>
          {timeChanged && !rateChanged ? 'Set limits' : 'Limit'} on {plural(workers, 'worker')}
        </Button>
      </div>
    </form>
  );
}

const secondsWere = (seconds: number | null): string => (seconds === null ? 'none' : `${seconds} s`);
