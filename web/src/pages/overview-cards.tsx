// The lower half of the overview: kinds of failure, queues (those that grow first), workers (trouble first).
import { Link } from '@tanstack/react-router';
import type { FailureGroup, Figures, QueueRow, WorkerRow } from '../../../shared/wire/http.ts';
import { Slots, Spark, Trend } from '../charts/spark.tsx';
import { useNow } from '../live/hooks.ts';
import { AskWorkers } from '../operations/ask-workers.tsx';
import { Oldest } from '../queues/queue-table.tsx';
import { Empty } from '../ui/feedback.tsx';
import { Alive } from '../ui/state-badge.tsx';
import { Age } from '../ui/time.tsx';
import { age, count, exactCount, lastPart, plural, rate, shortNode, signed } from '../ui/words.ts';

const ROWS = 5;

export function FailuresCard({ failures }: { failures: readonly FailureGroup[] }) {
  const fresh = failures.filter((f) => f.is_new).length;
  return (
    <section className="card failures">
      <div className="head">
        <h2>Failures</h2>
        <p>
          {failures.length === 0
            ? 'none in 24 h'
            : `${plural(failures.length, 'kind')} in 24 h${fresh > 0 ? `, ${fresh} of them new` : ''}`}
        </p>
        <Link className="more-link" to="/tasks" search={{ state: 'FAILURE' }}>
          All failures
        </Link>
      </div>
      {failures.length === 0 ? (
        <Empty title="No task has failed in the last 24 hours" />
      ) : (
        <table className="table">
          <caption className="sr">Failures of the last 24 hours, grouped by task and exception</caption>
          <thead>
            <tr>
              <th className="c-what">Exception</th>
              <th className="c-task">Task</th>
              <th className="c-trend">24 h</th>
              <th className="c-count num">Times</th>
              <th className="c-first num">First</th>
              <th className="c-last num">Last</th>
            </tr>
          </thead>
          <tbody>
            {failures.slice(0, ROWS).map((f) => (
              <tr key={`${f.task} ${f.exception}`}>
                <td className="c-what code">
                  {f.is_new && (
                    <em className="tag" data-state="FAILURE">
                      new
                    </em>
                  )}
                  <Link
                    to="/tasks"
                    search={{ state: 'FAILURE', q: `exception:${f.exception} name:${f.task}` }}
                    className="row-link"
                  >
                    <b>{f.exception}</b>
                  </Link>
                  <span className="msg">{f.message}</span>
                </td>
                <td className="c-task code clip" title={f.task}>
                  {lastPart(f.task)}
                </td>
                <td className="c-trend" data-state={f.is_new ? 'FAILURE' : undefined}>
                  <Trend values={f.trend} label={`By hour over a day: ${f.trend.join(', ')}`} />
                </td>
                <td className="c-count num" title={exactCount(f.count)}>
                  {count(f.count)}
                </td>
                <td className="c-first num muted">
                  <Age at={f.first} />
                </td>
                <td className="c-last num muted">
                  <Age at={f.last} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** Those that grow first, then those with more waiting. */
export function byNeed(a: QueueRow, b: QueueRow): number {
  return (
    Number(b.growing) - Number(a.growing) || (b.messages ?? -1) - (a.messages ?? -1) || a.name.localeCompare(b.name)
  );
}

export function QueuesCard({ queues }: { queues: readonly QueueRow[] }) {
  const growing = queues.filter((q) => q.growing).length;
  return (
    <section className="card growing">
      <div className="head">
        <h2>Queues</h2>
        <p>
          {growing > 0
            ? `${growing} of ${queues.length} grow`
            : queues.length > 0
              ? `${plural(queues.length, 'queue')}, none grows`
              : ''}
        </p>
        <Link className="more-link" to="/queues">
          All queues
        </Link>
      </div>
      {queues.length === 0 ? (
        <Empty title="No queue is known yet">
          <p className="muted">Queues appear with the first worker or message.</p>
        </Empty>
      ) : (
        <table className="table">
          <caption className="sr">Queues, growing ones first</caption>
          <thead>
            <tr>
              <th className="c-queue">Queue</th>
              <th className="c-spark">1 h</th>
              <th className="c-depth num">Waiting</th>
              <th className="c-rate num">Out / min</th>
              <th className="c-net num">Net</th>
              <th className="c-age num">Oldest</th>
            </tr>
          </thead>
          <tbody>
            {[...queues]
              .sort(byNeed)
              .slice(0, ROWS)
              .map((queue) => (
                <tr key={queue.name} className={queue.growing ? undefined : 'calm'}>
                  <td className="c-queue code clip">
                    <Link to="/queues/$name" params={{ name: queue.name }} className="row-link">
                      {queue.name}
                    </Link>
                  </td>
                  <td className="c-spark">
                    <Spark
                      values={queue.depth}
                      height={18}
                      label={`${queue.name}: depth over the last hour`}
                      fromZero
                    />
                  </td>
                  <td className="c-depth num" title={exactCount(queue.messages)}>
                    {count(queue.messages)}
                  </td>
                  <td className="c-rate num muted">{rate(queue.out_per_min)}</td>
                  <td className="c-net num">{signed(queue.per_min)}</td>
                  <td className="c-age num muted">
                    <Oldest queue={queue} />
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

const RANK = { offline: 0, late: 1, online: 2 } as const;
const SHOWN_WORKERS = 12;

export function byTrouble(a: WorkerRow, b: WorkerRow): number {
  return RANK[a.status] - RANK[b.status] || a.hostname.localeCompare(b.hostname, 'en', { numeric: true });
}

export function FleetCard({ workers, figures }: { workers: readonly WorkerRow[]; figures: Figures }) {
  const now = useNow();
  const sorted = [...workers].sort(byTrouble);
  return (
    <section className="card fleet">
      <div className="head">
        <h2>Workers</h2>
        <p>
          {workers.length > 0 &&
            `${figures.workers_online} of ${figures.workers_total} online, ${figures.busy} of ${figures.slots} slots busy`}
        </p>
        <Link className="more-link" to="/workers">
          All workers
        </Link>
      </div>
      {workers.length === 0 ? (
        <AskWorkers />
      ) : (
        <ul>
          {sorted.slice(0, SHOWN_WORKERS).map((w) => {
            const silent = w.status !== 'online';
            return (
              <li key={w.hostname}>
                <Link
                  to="/workers/$name"
                  params={{ name: w.hostname }}
                  className={silent ? 'trouble' : undefined}
                  title={w.hostname}
                >
                  <Alive status={w.status}>
                    <code className="clip">{shortNode(w.hostname)}</code>
                  </Alive>
                  <span className="busy">
                    {silent ? (
                      <em data-state={w.status}>
                        {w.last_heard === null ? 'never heard' : `silent ${age(now - w.last_heard)}`}
                      </em>
                    ) : w.concurrency === null ? (
                      `${count(w.active)} busy`
                    ) : (
                      `${count(w.active)} of ${count(w.concurrency)}`
                    )}
                  </span>
                  <Slots active={w.active ?? 0} total={w.concurrency ?? 1} unknown={silent} />
                </Link>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
