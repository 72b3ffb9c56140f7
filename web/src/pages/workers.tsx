// Who works, and how hard: every worker, trouble first.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useOperation } from '../api/actions.ts';
import { workersQuery } from '../api/queries.ts';
import { Slots, Spark } from '../charts/spark.tsx';
import { useReadOnly, useWorkers } from '../live/hooks.ts';
import { AskWorkers } from '../operations/ask-workers.tsx';
import { EventsOff } from '../operations/events-off.tsx';
import { OperationNote } from '../operations/operation-note.tsx';
import { Bar } from '../shell/layout.tsx';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { Alive } from '../ui/state-badge.tsx';
import { Age } from '../ui/time.tsx';
import { count, exactCount, rate } from '../ui/words.ts';
import { byTrouble } from './overview-cards.tsx';

export default function WorkersPage() {
  const query = useQuery(workersQuery());
  const live = useWorkers();
  const ask = useOperation();
  const readOnly = useReadOnly();
  useShortcuts([{ keys: 'r', label: 'Refresh', group: 'Page', run: () => void query.refetch() }]);
  const workers = (live.size > 0 ? [...live.values()] : (query.data ?? [])).sort(byTrouble);
  const online = workers.filter((w) => w.status === 'online');
  const sum = (pick: (w: (typeof workers)[number]) => number | null) => online.reduce((n, w) => n + (pick(w) ?? 0), 0);
  return (
    <>
      <Bar title="Workers" />
      <main className="content workers-page" id="main">
        <section className="card workers">
          <div className="head">
            <h2>{workers.length === 1 ? '1 worker' : `${workers.length} workers`}</h2>
            <p>
              {workers.length > 0 &&
                `${online.length} online, ${sum((w) => w.active)} of ${sum((w) => w.concurrency)} slots busy`}
            </p>
            {!readOnly && workers.length > 0 && (
              <div className="btns">
                <Button
                  icon="refresh"
                  refused={ask.isPending ? 'Waiting for workers' : null}
                  onClick={() => ask.mutate({ action: 'heartbeat' })}
                >
                  Ask for heartbeats
                </Button>
              </div>
            )}
          </div>
          <OperationNote operation={ask} />
          <EventsOff />
          {workers.length === 0 ? (
            query.isError ? (
              <ErrorNote
                what="The workers could not be read"
                error={query.error}
                onRetry={() => void query.refetch()}
              />
            ) : query.isPending ? (
              <Skeleton rows={8} />
            ) : (
              <AskWorkers />
            )
          ) : (
            <table className="table">
              <caption className="sr">Workers, trouble first</caption>
              <thead>
                <tr>
                  <th className="c-worker">Worker</th>
                  <th className="c-status">Status</th>
                  <th className="c-heard num">Heard</th>
                  <th className="c-pool">Pool</th>
                  <th className="c-slots">Slots</th>
                  <th className="c-spark">Finished, 1 h</th>
                  <th className="c-rate num">Per min</th>
                  <th className="c-done num">Processed</th>
                  <th className="c-failed num">Failed, 1 h</th>
                  <th className="c-load num">Load</th>
                  <th className="c-queues">Queues</th>
                </tr>
              </thead>
              <tbody>
                {workers.map((w) => {
                  const perMin = w.finished_per_min.at(-2) ?? w.finished_per_min.at(-1);
                  return (
                    <tr key={w.hostname} className={w.status === 'online' ? undefined : 'calm'}>
                      <td className="c-worker code">
                        <Link
                          to="/workers/$name"
                          params={{ name: w.hostname }}
                          className="row-link clip"
                          title={w.hostname}
                        >
                          <b>{w.hostname}</b>
                        </Link>
                      </td>
                      <td className="c-status">
                        <Alive status={w.status} />
                      </td>
                      <td className="c-heard num muted">
                        <Age at={w.last_heard} />
                      </td>
                      <td className="c-pool muted">{w.pool ?? '-'}</td>
                      <td className="c-slots">
                        <span className="slots-cell">
                          <Slots active={w.active ?? 0} total={w.concurrency ?? 1} unknown={w.status !== 'online'} />
                          <span className="muted">
                            {w.status === 'online'
                              ? `${count(w.active)} of ${count(w.concurrency)}`
                              : `${count(w.concurrency)} unknown`}
                          </span>
                        </span>
                      </td>
                      <td className="c-spark">
                        <Spark
                          values={w.finished_per_min}
                          height={18}
                          label={`${w.hostname}: finished per minute, last hour`}
                          fromZero
                        />
                      </td>
                      <td className="c-rate num">{rate(perMin)}</td>
                      <td className="c-done num" title={exactCount(w.processed)}>
                        {count(w.processed)}
                      </td>
                      <td
                        className={w.failed_last_hour > 0 ? 'c-failed num' : 'c-failed num faint'}
                        title={exactCount(w.failed_last_hour)}
                      >
                        {count(w.failed_last_hour)}
                      </td>
                      <td className="c-load num muted">
                        {w.loadavg?.[0] === undefined ? '-' : w.loadavg[0].toFixed(2)}
                      </td>
                      <td className="c-queues code muted clip" title={w.queues.join(', ')}>
                        {w.queues.join(', ')}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          )}
        </section>
      </main>
    </>
  );
}
