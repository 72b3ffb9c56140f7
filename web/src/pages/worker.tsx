// One worker: how it is, its pool in slots, what it does now, its limits, and what can be done to it.
// What it does: workers/active.tsx. Tabs: workers/worker-tabs.tsx.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { WorkerDetail } from '../../../shared/wire/http.ts';
import { useOperation } from '../api/actions.ts';
import { ApiError } from '../api/client.ts';
import { workerQuery } from '../api/queries.ts';
import { Slots, Spark } from '../charts/spark.tsx';
import { useNow, useReadOnly, useWorker } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { Bar } from '../shell/layout.tsx';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty, ErrorNote, Skeleton, Stale } from '../ui/feedback.tsx';
import { Alive } from '../ui/state-badge.tsx';
import { Age } from '../ui/time.tsx';
import { age, count, exactCount, lastPart, plural, rate } from '../ui/words.ts';
import { Active } from '../workers/active.tsx';
import { WorkerTabs } from '../workers/worker-tabs.tsx';

const route = getRouteApi('/workers/$name');

export default function WorkerPage() {
  const { name } = route.useParams();
  const { tab = 'tasks' } = route.useSearch();
  const navigate = useNavigate({ from: '/workers/$name' });
  const query = useQuery({
    ...workerQuery(name),
    retry: (n, error) => n < 2 && !(error instanceof ApiError && error.status === 404),
  });
  const live = useWorker(name);
  useShortcuts([{ keys: 'r', label: 'Refresh', group: 'Page', run: () => void query.refetch() }]);
  const worker = query.data ? ({ ...query.data, ...(live ?? {}) } as WorkerDetail) : undefined;
  return (
    <>
      <Bar title={name}>
        <nav aria-label="Where">
          <Link to="/workers">Workers</Link>
        </nav>
      </Bar>
      <main className="content worker" id="main">
        {worker ? (
          <>
            <Title worker={worker} />
            <Figures worker={worker} />
            <Active worker={worker} />
            <WorkerTabs
              worker={worker}
              tab={tab}
              onTab={(next) => void navigate({ search: { tab: next }, replace: true })}
            />
          </>
        ) : query.isError ? (
          query.error instanceof ApiError && query.error.status === 404 ? (
            <Empty icon="workers" title={`No worker ${name}`}>
              <p className="muted">None of that name was heard, or it was forgotten.</p>
            </Empty>
          ) : (
            <ErrorNote what="The worker could not be read" error={query.error} onRetry={() => void query.refetch()} />
          )
        ) : (
          <Skeleton rows={14} />
        )}
      </main>
    </>
  );
}

function Title({ worker }: { worker: WorkerDetail }) {
  const operation = useOperation();
  const readOnly = useReadOnly();
  const now = useNow();
  const [asking, setAsking] = useState(false);
  const silent = worker.status !== 'online';
  const refused = silent ? 'It is silent: it would not hear' : operation.isPending ? 'Waiting for workers' : null;
  return (
    <header className="title">
      <div>
        <h1 className="code">{worker.hostname}</h1>
        <Alive status={worker.status} />
        <dl className="inline">
          <Fact term="heard">
            <Age at={worker.last_heard} suffix=" ago" />
          </Fact>
          {worker.uptime !== null && (
            <Fact term="up">{age(worker.uptime + (worker.inspected ? now - worker.inspected : 0))}</Fact>
          )}
          {worker.sw_ident && (
            <Fact term={worker.sw_ident}>
              {worker.sw_ver} {worker.sw_sys}
            </Fact>
          )}
          {worker.pid !== null && <Fact term="pid">{worker.pid}</Fact>}
          {worker.loadavg && <Fact term="load">{worker.loadavg.map((n) => n.toFixed(2)).join(' ')}</Fact>}
        </dl>
      </div>
      {!readOnly && (
        <div className="btns">
          {worker.task_events !== true && (
            <Button
              icon="events"
              hint={worker.task_events === null ? 'Whether it sends them is seen with its next task' : undefined}
              refused={refused}
              onClick={() => operation.mutate({ action: 'enable_events', destination: [worker.hostname] })}
            >
              Enable task events
            </Button>
          )}
          {worker.task_events === true && (
            <Button
              icon="events"
              hint="Its tasks will no longer be seen here"
              refused={refused}
              onClick={() => operation.mutate({ action: 'disable_events', destination: [worker.hostname] })}
            >
              Disable task events
            </Button>
          )}
          <Button icon="power" kind={refused ? undefined : 'danger'} refused={refused} onClick={() => setAsking(true)}>
            Shut down
          </Button>
        </div>
      )}
      <OperationNote
        operation={operation}
        proof={
          operation.data?.action === 'shutdown' &&
          (silent ? (
            'The event came: it is offline.'
          ) : (
            <span className="waiting-dots">It finishes what it holds; waiting for its last event</span>
          ))
        }
      />
      {asking && (
        <Confirm
          title={<>Shut down {worker.hostname}</>}
          verb="Shut down worker"
          onClose={() => setAsking(false)}
          onConfirm={() => operation.mutate({ action: 'shutdown', destination: [worker.hostname] })}
        >
          It finishes the {plural(worker.active_tasks.length, 'task')} it runs, gives back what it holds and ends. It is
          not started again from here.
        </Confirm>
      )}
    </header>
  );
}

function Fact({ term, children }: { term: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Figures({ worker }: { worker: WorkerDetail }) {
  const operation = useOperation();
  const readOnly = useReadOnly();
  const now = useNow();
  const upFor = (worker.uptime ?? 0) + (worker.inspected ? now - worker.inspected : 0);
  const silent = worker.status !== 'online';
  const size = worker.concurrency;
  const active = worker.active ?? worker.active_tasks.length;
  const held = worker.reserved.length;
  const lastHour = worker.finished_per_min.reduce((sum, n) => sum + n, 0);
  // Prefetch is a bound on all that it holds: what runs, what is reserved and what waits for its ETA.
  const holds = active + held + worker.scheduled.length;
  const perMin = worker.finished_per_min.at(-2) ?? worker.finished_per_min.at(-1) ?? 0;
  const refused = readOnly
    ? 'The dashboard only reads'
    : silent
      ? 'It is silent: it would not hear'
      : operation.isPending
        ? 'Waiting for workers'
        : null;
  const resize = (action: 'pool_grow' | 'pool_shrink') =>
    operation.mutate({ action, n: 1, destination: [worker.hostname] });
  const before = (operation.data?.request as { before?: number } | undefined)?.before;
  return (
    <section className="card figures" aria-label="Now">
      <div className="pool">
        <h2>
          Pool <span>{worker.pool ?? ''}</span>
        </h2>
        <p className="value">
          <Stale at={worker.last_heard}>
            {silent ? '?' : count(active)}
            <small>of {count(size)} busy</small>
          </Stale>
        </p>
        <div className="joined stepper" role="group" aria-label="Pool size">
          <Button
            icon="minus"
            hint="Shrink by one"
            refused={refused ?? (size !== null && size <= 1 ? 'It has one slot' : null)}
            onClick={() => resize('pool_shrink')}
          />
          <span>{count(size)}</span>
          <Button icon="plus" hint="Grow by one" refused={refused} onClick={() => resize('pool_grow')} />
        </div>
        <Slots active={active} total={size ?? 1} unknown={silent} />
        <div className="wide">
          <OperationNote
            operation={operation}
            proof={
              operation.isSuccess && before === undefined
                ? `Its statistics say now: ${plural(size ?? 0, 'slot')}.`
                : undefined
            }
          />
        </div>
      </div>
      <div className="pool">
        <h2>
          Reserved <span>prefetched, not yet running</span>
        </h2>
        <p className="value">
          {count(held)}
          {worker.prefetch_count ? (
            <small
              title={`It holds ${holds}, running, reserved and scheduled together; the broker gives it no more than the prefetch count`}
            >
              prefetch count {count(worker.prefetch_count)}
            </small>
          ) : null}
        </p>
        <p className="side">{mostOf(worker)}</p>
        <span className="meter" aria-hidden="true">
          <i
            style={{ width: `${worker.prefetch_count ? Math.min(100, (holds / worker.prefetch_count) * 100) : 0}%` }}
          />
        </span>
      </div>
      <div>
        <h2>Finished</h2>
        <p className="value">
          {rate(perMin)}
          <small>/min</small>
        </p>
        <p className="note">
          {worker.failed_last_hour > 0
            ? `${count(worker.failed_last_hour)} of ${count(lastHour)} failed, last hour`
            : 'none failed, last hour'}
        </p>
        <Spark values={worker.finished_per_min} height={32} label="Finished per minute, last hour" fromZero />
      </div>
      <div>
        <h2>Processed</h2>
        <p className="value" title={exactCount(worker.processed)}>
          {count(worker.processed)}
        </p>
        <p className="note">since it started{worker.uptime === null ? '' : `, ${age(upFor)} ago`}</p>
      </div>
    </section>
  );
}

/** '4 charge_card, 10 others' */
function mostOf(worker: WorkerDetail): string {
  const byName = new Map<string, number>();
  for (const task of worker.reserved) byName.set(task.name, (byName.get(task.name) ?? 0) + 1);
  const most = [...byName].sort((a, b) => b[1] - a[1])[0];
  if (!most) return '';
  const others = worker.reserved.length - most[1];
  return `${most[1]} ${lastPart(most[0])}${others > 0 ? `\n${others} others` : ''}`;
}
