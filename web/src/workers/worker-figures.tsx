// A worker in four figures: its pool in slots, what fills its prefetch window, what it finished, what it processed.
// Holds: of a silent worker nothing is said as if it were of now; the parts of the window add up.

import type { WorkerDetail } from '../../../shared/wire/workers.ts';
import { useOperation } from '../api/actions.ts';
import { Slots, Spark } from '../charts/spark.tsx';
import { fromServer, t, tn } from '../language/text.ts';
import { useNow } from '../live/hooks.ts';
import { usePart } from '../live/part.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Old } from '../ui/as-of.tsx';
import { Button } from '../ui/button.tsx';
import { age, count, exactCount, rate } from '../ui/format.ts';

export function WorkerFigures({ worker }: { worker: WorkerDetail }) {
  const now = useNow();
  const part = usePart('control', 'events');
  const silent = worker.status !== 'online';
  const upFor = (worker.uptime ?? 0) + (worker.inspected ? now - worker.inspected : 0);
  const lastHour = worker.finished_per_min.reduce<number>((sum, n) => sum + (n ?? 0), 0);
  const known = !silent && worker.per_min !== null;
  const since = silent ? worker.last_heard : part.since;
  return (
    <section className={`card figures${part.stale}`} aria-label={t('Now')}>
      <Pool worker={worker} since={since} />
      <Prefetch worker={worker} />
      <div>
        <h2>{t('Finished')}</h2>
        <p className={known ? 'value' : 'value unknown'} title={known || silent ? undefined : t('Too early to say')}>
          {known ? rate(worker.per_min) : t('unknown')}
          {known && <small>{t('/min')}</small>}
        </p>
        <p className="note">
          {worker.failed_last_hour > 0
            ? t('{failed} of {count} failed, last hour', { failed: worker.failed_last_hour, count: lastHour })
            : t('none failed, last hour')}
        </p>
        <Spark values={worker.finished_per_min} height={32} label={t('Finished per minute, last hour')} fromZero />
      </div>
      <div>
        <h2>
          {t('Processed')} <Old since={since} />
        </h2>
        <p className="value" title={exactCount(worker.processed)}>
          {worker.processed === null ? t('unknown') : count(worker.processed)}
        </p>
        <p className="note">
          {worker.uptime === null || silent
            ? t('since it started')
            : t('since it started, {age} ago', { age: age(upFor) })}
        </p>
      </div>
    </section>
  );
}

function Pool({ worker, since }: { worker: WorkerDetail; since: number | null }) {
  const operation = useOperation();
  const refused = useRefusal(worker, operation.isPending);
  const silent = worker.status !== 'online';
  const size = worker.concurrency;
  // The tasks of the list below, which are of the same moment; its heartbeats may be of another.
  const active = worker.inspected === null ? worker.active : worker.active_tasks.length;
  const known = !silent && active !== null;
  const resize = (action: 'pool_grow' | 'pool_shrink') =>
    operation.mutate({ action, n: 1, destination: [worker.hostname] });
  const effect = operation.data?.effect ?? null;
  return (
    <div className="pool">
      <h2>
        {t('Pool')} <span>{worker.pool ?? ''}</span> <Old since={since} />
      </h2>
      <p className={known ? 'value' : 'value unknown'}>
        {known ? count(active) : t('unknown')}
        <small key={active}>{size === null ? t('busy, pool size unknown') : t('of {size} busy', { size })}</small>
      </p>
      <div className="joined stepper" role="group" aria-label={t('Pool size')}>
        <Button
          icon="minus"
          hint={t('Shrink by one')}
          refused={refused ?? (size !== null && size <= 1 ? t('It has one slot') : null)}
          onClick={() => resize('pool_shrink')}
        />
        <span>{size === null ? '?' : count(size)}</span>
        <Button icon="plus" hint={t('Grow by one')} refused={refused} onClick={() => resize('pool_grow')} />
      </div>
      <Slots active={known ? active : 0} total={size ?? 1} unknown={!known || size === null} />
      {!operation.isIdle && (
        <div className="wide">
          <OperationNote
            operation={operation}
            proof={
              effect === null && operation.isSuccess && size !== null
                ? tn(size, 'Its statistics say now: # slot.', 'Its statistics say now: # slots.')
                : undefined
            }
          />
        </div>
      )}
    </div>
  );
}

function Prefetch({ worker }: { worker: WorkerDetail }) {
  const use = worker.prefetch ?? null;
  const held = worker.reserved.length;
  const silent = worker.status !== 'online';
  const taken = use ? use.taken : null;
  const window = use ? use.window : worker.prefetch_count;
  const known = !silent && taken !== null;
  return (
    <div className="pool">
      <h2>
        {t('Prefetch')} <span>{t('taken, not acknowledged')}</span>
      </h2>
      <p className={known ? 'value' : 'value unknown'}>
        {known ? count(taken) : t('unknown')}
        {use?.unlimited ? (
          <small>{t('without a limit')}</small>
        ) : window ? (
          <small key={taken}>{t('of {window}', { window })}</small>
        ) : null}
      </p>
      <span className="meter" aria-hidden="true">
        <i style={{ width: `${known && window ? Math.min(100, (taken / window) * 100) : 0}%` }} />
      </span>
      <p className="note">
        {silent
          ? t('It is silent: nobody knows.')
          : (fromServer(use?.sentence) ??
            fromServer(worker.unlisted_reason) ??
            tn(
              held,
              '# task reserved, {count} waiting for their ETA',
              '# tasks reserved, {count} waiting for their ETA',
              { count: worker.scheduled.length },
            ))}
      </p>
    </div>
  );
}
