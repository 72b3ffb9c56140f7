// Queues on the overview: those that grow first, then those with more waiting. All of them: pages/queues.tsx.
import { Link } from '@tanstack/react-router';
import type { QueueRow } from '../../../shared/wire/http.ts';
import { Spark } from '../charts/spark.tsx';
import { usePart } from '../live/part.ts';
import { Oldest } from '../queues/oldest.tsx';
import { isStranded } from '../queues/queue-list.ts';
import { AsOf } from '../ui/as-of.tsx';
import { Boundary } from '../ui/boundary.tsx';
import { Empty } from '../ui/feedback.tsx';
import { Fresh } from '../ui/fresh.tsx';
import { Middle } from '../ui/middle.tsx';
import { count, exactCount, plural, signed } from '../ui/words.ts';

const ROWS = 5;

/** Those that grow first, then those with more waiting. */
function byNeed(a: QueueRow, b: QueueRow): number {
  return (
    Number(b.growing) - Number(a.growing) || (b.messages ?? -1) - (a.messages ?? -1) || a.name.localeCompare(b.name)
  );
}

export function QueuesCard({ queues, total }: { queues: readonly QueueRow[]; total: number }) {
  const part = usePart('broker');
  const growing = queues.filter((q) => q.growing).length;
  return (
    <section className={`card growing${part.stale}`}>
      <div className="head">
        <h2>Queues</h2>
        <AsOf since={part.since} />
        <p>
          {growing > 0
            ? `${growing} of ${total} grow`
            : queues.length > 0
              ? `${plural(total, 'queue')}, none grows`
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
              <th className="c-net num">Net</th>
              <th className="c-age num">Oldest</th>
            </tr>
          </thead>
          <tbody>
            {[...queues]
              .sort(byNeed)
              .slice(0, ROWS)
              .map((queue, i) => (
                <Boundary
                  key={i}
                  what={queue.name}
                  of={queue}
                  instead={(error) => (
                    <tr>
                      <td colSpan={5}>
                        {String(queue.name)} could not be shown: {String(error)}
                      </td>
                    </tr>
                  )}
                >
                  <Row queue={queue} />
                </Boundary>
              ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ queue }: { queue: QueueRow }) {
  return (
    <tr className={queue.growing || isStranded(queue) ? undefined : 'calm'}>
      <td className="c-queue code clip">
        <Link to="/queues/$name" params={{ name: queue.name }} className="row-link">
          <Middle text={queue.name} />
        </Link>
      </td>
      <td className="c-spark">
        <Spark values={queue.depth} height={18} label={`${queue.name}: depth over the last hour`} fromZero />
      </td>
      <td className="c-depth num" title={exactCount(queue.messages)}>
        {queue.messages === null ? <span className="faint">unknown</span> : <Fresh text={count(queue.messages)} />}
      </td>
      <td className="c-net num">
        <Fresh text={signed(queue.per_min)} />
      </td>
      <td className="c-age num muted">
        <Oldest queue={queue} />
      </td>
    </tr>
  );
}
