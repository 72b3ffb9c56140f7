// The limits of one task, being edited: its name, three fields with what they were, where it applies, what will follow, and the button that
// says to how many. The list: limits.tsx. Reading rates: rate-effect.ts.

import { useState } from 'react';
import type { OperationRequest } from '../../../shared/wire/operations.ts';
import type { WorkerDetail, WorkerTask } from '../../../shared/wire/workers.ts';
import { localFigures } from '../language/figures.ts';
import { t, tn } from '../language/text.ts';
import { useWorkers } from '../live/hooks.ts';
import { Button, Segmented } from '../ui/button.tsx';
import { lastPart } from '../ui/format.ts';
import { TaskName } from '../ui/task-name.tsx';
import { limitEffect, readRate, readSeconds } from './rate-effect.ts';

export interface LimitRequests {
  rate?: OperationRequest;
  time?: OperationRequest;
}

const UNCHANGED = t('Nothing is changed');

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
      ? t('Time limits are seconds, like 30 or 1.5')
      : softS !== null && hardS !== null && softS >= hardS
        ? t('The soft limit must be below the hard one')
        : !rateChanged && !timeChanged
          ? UNCHANGED
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
        placeholder={t('limit|none')}
        aria-label={said}
        spellCheck={false}
        onChange={(event) => set(event.target.value)}
        {...more}
      />
      <span className="faint">{t('was {was}', { was })}</span>
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
        {field(t('Rate limit'), t('Rate limit of {name}', { name: short }), rateText, setRate, limit, {
          autoFocus: true,
          'aria-invalid': !read.ok,
          'aria-describedby': `effect-${task.name}`,
        })}
        {field(
          t('Soft limit'),
          t('Soft time limit of {name}, seconds', { name: short }),
          soft,
          setSoft,
          secondsWere(task.soft_time_limit),
          {
            inputMode: 'decimal',
          },
        )}
        {field(
          t('Hard limit'),
          t('Hard time limit of {name}, seconds', { name: short }),
          hard,
          setHard,
          secondsWere(task.time_limit),
          {
            inputMode: 'decimal',
          },
        )}
      </div>
      <div className="limit-foot">
        <Segmented
          label={t('limit|Where')}
          value={where}
          onChange={setWhere}
          options={[
            ['this', t('This worker')],
            ['all', online === 1 ? t('Every worker') : t('All {online}', { online })],
          ]}
        />
        <p id={`effect-${task.name}`}>
          {wrong && wrong !== UNCHANGED ? (
            <span className="bad">{wrong}</span>
          ) : (
            read.ok && limitEffect(read, workers, runs)
          )}
        </p>
        <Button kind="bare" onClick={onCancel}>
          {t('Cancel')}
        </Button>
        <Button kind={wrong ? undefined : 'primary'} refused={wrong} onClick={save}>
          {timeChanged && !rateChanged
            ? tn(workers, 'Set limits on # worker', 'Set limits on # workers')
            : tn(workers, 'Limit on # worker', 'Limit on # workers')}
        </Button>
      </div>
    </form>
  );
}

const secondsWere = (seconds: number | null): string =>
  seconds === null ? t('limit|none') : localFigures(`${seconds} s`);
