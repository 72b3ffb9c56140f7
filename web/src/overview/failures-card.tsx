// Kinds of failure in 24 hours, as the server ranks them.
import { Link } from '@tanstack/react-router';
import type { FailureGroup } from '../../../shared/wire/http.ts';
import { Trend } from '../charts/spark.tsx';
import { usePart } from '../live/part.ts';
import { AsOf } from '../ui/as-of.tsx';
import { Boundary } from '../ui/boundary.tsx';
import { Empty } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { Fresh } from '../ui/fresh.tsx';
import { Age } from '../ui/time.tsx';
import { count, exactCount, lastPart, plural } from '../ui/words.ts';

const ROWS = 5;

export function FailuresCard({ failures }: { failures: readonly FailureGroup[] }) {
  const part = usePart('history', 'events');
  const fresh = failures.filter((f) => f.is_new).length;
  return (
    <section className={`card failures${part.stale}`}>
      <div className="head">
        <h2>Failures</h2>
        <AsOf since={part.since} />
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
            {failures.slice(0, ROWS).map((f, i) => (
              <Boundary
                key={i}
                what="This kind of failure"
                of={f}
                instead={(error) => (
                  <tr>
                    <td colSpan={6}>This kind of failure could not be shown: {String(error)}</td>
                  </tr>
                )}
              >
                <Row group={f} />
              </Boundary>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ group: f }: { group: FailureGroup }) {
  return (
    <tr>
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
        <span className="msg" title={f.message}>
          <ForeignText text={f.message} />
        </span>
      </td>
      <td className="c-task code clip" title={f.task}>
        {lastPart(f.task)}
      </td>
      <td className="c-trend" data-state={f.is_new ? 'FAILURE' : undefined}>
        <Trend values={f.trend} label={`By hour over a day: ${f.trend.join(', ')}`} />
      </td>
      <td className="c-count num" title={exactCount(f.count)}>
        <Fresh text={count(f.count)} />
      </td>
      <td className="c-first num muted">
        <Age at={f.first} />
      </td>
      <td className="c-last num muted">
        <Age at={f.last} />
      </td>
    </tr>
  );
}
