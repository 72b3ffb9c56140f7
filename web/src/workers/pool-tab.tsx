// The pool of a worker: its kind, its processes, its bounds, as its statistics tell them; new bounds for its autoscaler, new processes.
// One slot more or less: pages/worker.tsx. Holds: what the worker answered is shown as it said it, refusals too.

import { useState } from 'react';
import type { WorkerDetail } from '../../../shared/wire/workers.ts';
import { useOperation } from '../api/actions.ts';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty } from '../ui/feedback.tsx';
import { count, duration, exactCount } from '../ui/format.ts';

type Stats = Record<string, unknown>;

export function PoolTab({ worker }: { worker: WorkerDetail }) {
  const operation = useOperation();
  const readOnly = useReadOnly();
  const refused = useRefusal(worker, operation.isPending);
  const [asking, setAsking] = useState(false);
  const pool = worker.stats?.pool as Stats | undefined;
  if (!pool) return <Empty title={t('It has not answered yet')} />;
  const scaler = worker.stats?.autoscaler as { min?: number; max?: number; qty?: number } | undefined;
  const destination = [worker.hostname];
  return (
    <div className="facts-tab pool-tab">
      <dl className="facts">
        <dt>{t('Kind')}</dt>
        <dd>{worker.pool ?? t('unknown')}</dd>
        <dt>{t('Slots')}</dt>
        <dd>{count(worker.concurrency)}</dd>
        {poolFacts(pool).map(([term, said]) => [<dt key={term}>{term}</dt>, <dd key={`${term}:`}>{said}</dd>])}
        <dt>{t('Autoscaling')}</dt>
        <dd>
          {scaler
            ? t('{min} to {max} slots', { min: scaler.min ?? '?', max: scaler.max ?? '?' })
            : t('off: the worker was started without --autoscale')}
        </dd>
      </dl>
      {!readOnly && (
        <div className="btns">
          {scaler && (
            <Autoscale
              key={`${scaler.min} ${scaler.max}`}
              min={scaler.min ?? 0}
              max={scaler.max ?? 1}
              refused={refused}
              onSet={(min, max) => operation.mutate({ action: 'autoscale', min, max, destination })}
            />
          )}
          <Button icon="refresh" refused={refused} onClick={() => setAsking(true)}>
            {t('Restart pool')}
          </Button>
        </div>
      )}
      <OperationNote operation={operation} />
      {asking && (
        <Confirm
          title={t('Restart the pool of {hostname}', { hostname: worker.hostname })}
          verb={t('Restart pool')}
          onClose={() => setAsking(false)}
          onConfirm={() => operation.mutate({ action: 'pool_restart', destination })}
        >
          {rich(
            'Its processes are replaced by new ones, and {tasks} may be cut off. The worker does it only when it was started with <code>worker_pool_restarts</code>.',
            {
              tasks: tn(worker.active_tasks.length, 'the # task they run', 'the # tasks they run'),
            },
          )}
        </Confirm>
      )}
    </div>
  );
}

/** Celery's statistics of a pool in words; what a pool does not tell is left out. */
function poolFacts(pool: Stats): [string, string][] {
  const facts: [string, string][] = [];
  if (Array.isArray(pool.processes) && pool.processes.length > 0)
    facts.push([pool.processes.length === 1 ? t('Process') : t('Processes'), pool.processes.join(', ')]);
  const most = pool['max-tasks-per-child'];
  if (most !== undefined)
    facts.push([
      t('Tasks a process runs'),
      typeof most === 'number' ? t('{most}, then it is replaced', { most: exactCount(most) }) : t('no limit'),
    ]);
  const [soft, hard] = Array.isArray(pool.timeouts) ? (pool.timeouts as (number | null)[]) : [];
  if (soft || hard)
    facts.push([
      t('Time limits'),
      t('soft {soft}, hard {hard}', {
        soft: soft ? duration(soft) : t('limit|none'),
        hard: hard ? duration(hard) : t('limit|none'),
      }),
    ]);
  else if (Array.isArray(pool.timeouts)) facts.push([t('Time limits'), t('limit|none')]);
  const writes = pool.writes as { total?: number; strategy?: string } | undefined;
  if (writes?.strategy)
    facts.push([
      t('Tasks are given'),
      tn(writes.total ?? 0, '{strategy}; # task so far', '{strategy}; # tasks so far', { strategy: writes.strategy }),
    ]);
  return facts;
}

function Autoscale({
  min,
  max,
  refused,
  onSet,
}: {
  min: number;
  max: number;
  refused: string | null;
  onSet: (min: number, max: number) => void;
}) {
  const [least, setLeast] = useState(String(min));
  const [most, setMost] = useState(String(max));
  const [from, to] = [Number(least), Number(most)];
  const wrong =
    !Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < 1
      ? t('Whole numbers, please')
      : from > to
        ? t('The least is more than the most')
        : from === min && to === max
          ? t('These are its bounds now')
          : null;
  const field = (label: string, said: string, value: string, set: (text: string) => void) => (
    <label>
      {label}{' '}
      <input
        className="input short"
        inputMode="numeric"
        value={value}
        aria-label={said}
        onChange={(event) => set(event.target.value)}
      />
    </label>
  );
  return (
    <form
      className="autoscale"
      onSubmit={(event) => {
        event.preventDefault();
        if (!wrong && !refused) onSet(from, to);
      }}
    >
      {field(t('Least'), t('Least slots'), least, setLeast)}
      {field(t('Most'), t('Most slots'), most, setMost)}
      <Button refused={refused ?? wrong} onClick={() => onSet(from, to)}>
        {t('Autoscale')}
      </Button>
    </form>
  );
}
