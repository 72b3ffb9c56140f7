// A worker in four figures: its pool in slots, what fills its prefetch window, what it finished, what it processed.
// Holds: of a silent worker nothing is said as if it were of now; the parts of the window add up.
import type { WorkerDetail } from '../../../shared/wire/workers.ts';
import { useOperation } from '../api/actions.ts';
import { Slots, Spark } from '../charts/spark.tsx';
import { useNow } from '../live/hooks.ts';
import { usePart } from '../live/part.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Old } from '../ui/as-of.tsx';
import { Button } from '../ui/button.tsx';
import { age, count, exactCount, plural, rate } from '../ui/format.ts';

export function WorkerFigures({ worker }: { worker: WorkerDetail }) {
  const now = useNow();
  const part = usePart('control', 'events');
  const silent = worker.status !== 'online';
  const upFor = (worker.uptime ?? 0) + (worker.inspected ? now - worker.inspected : 0);
  const lastHour = worker.finished_per_min.reduce<number>((sum, n) => sum + (n ?? 0), 0);
  const known = !silent && worker.per_min !== null;
  const since = silent ? worker.last_heard : part.since;
  return (
    <section className={`card figures${part.stale}`} aria-label="Now">
      <Pool worker={worker} since={since} />
      <Prefetch worker={worker} />
      <div>
        <h2>Finished</h2>
        <p className={known ? 'value' : 'value unknown'} title={known || silent ? undefined : 'Too early to say'}>
          {known ? rate(worker.per_min) : 'unknown'}
          {known && <small>/min</small>}
        </p>
        <p className="note">
          {worker.failed_last_hour > 0
            ? `${count(worker.failed_last_hour)} of ${count(lastHour)} failed, last hour`
            : 'none failed, last hour'}
        </p>
        <Spark values={worker.finished_per_min} height={32} label="Finished per minute, last hour" fromZero />
      </div>
      <div>
        <h2>
          Processed <Old since={since} />
        </h2>
        <p className="value" title={exactCount(worker.processed)}>
          {worker.processed === null ? 'unknown' : count(worker.processed)}
        </p>
        <p className="note">since it started{worker.uptime === null || silent ? '' : `, ${age(upFor)} ago`}</p>
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
        Pool <span>{worker.pool ?? ''}</span> <Old since={since} />
      </h2>
      <p className={known ? 'value' : 'value unknown'}>
        {known ? count(active) : 'unknown'}
        <small key={active}>{size === null ? 'busy, pool size unknown' : `of ${count(size)} busy`}</small>
      </p>
      <div className="joined stepper" role="group" aria-label="Pool size">
        <Button
          icon="minus"
          hint="Shrink by one"
          refused={refused ?? (size !== null && size <= 1 ? 'It has one slot' : null)}
          onClick={() => resize('pool_shrink')}
        />
        <span>{size === null ? '?' : count(size)}</span>
        <Button icon="plus" hint="Grow by one" refused={refused} onClick={() => resize('pool_grow')} />
      </div>
      <Slots active={known ? active : 0} total={size ?? 1} unknown={!known || size === null} />
      {!operation.isIdle && (
        <div className="wide">
          <OperationNote
            operation={operation}
            proof={
              effect === null && operation.isSuccess && size !== null
                ? `Its statistics say now: ${plural(size, 'slot')}.`
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
        Prefetch <span>taken, not acknowledged</span>
      </h2>
      <p className={known ? 'value' : 'value unknown'}>
        {known ? count(taken) : 'unknown'}
        {use?.unlimited ? (
          <small>without a limit</small>
        ) : window ? (
          <small key={taken}>of {count(window)}</small>
        ) : null}
      </p>
      <span className="meter" aria-hidden="true">
        <i style={{ width: `${known && window ? Math.min(100, (taken / window) * 100) : 0}%` }} />
      </span>
      <p className="note">
        {silent
          ? 'It is silent: nobody knows.'
          : (use?.sentence ??
            worker.unlisted_reason ??
            `${plural(held, 'task')} reserved, ${worker.scheduled.length} waiting for their ETA`)}
      </p>
    </div>
  );
}
