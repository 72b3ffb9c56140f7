// All queues: how much waits, whether it drains, who consumes. Depth alone is no trouble, so depth has no colour.
import { Link } from '@tanstack/react-router';
import type { QueueRow } from '../../../shared/wire/http.ts';
import { Spark } from '../charts/spark.tsx';
import { Icon } from '../ui/icon.tsx';
import { Age } from '../ui/time.tsx';
import { age, count, exactCount, rate, signed } from '../ui/words.ts';

export type QueueSort = 'waiting' | 'name' | 'oldest' | 'net';

export function sortQueues(queues: readonly QueueRow[], sort: QueueSort): QueueRow[] {
  const by: Record<QueueSort, (a: QueueRow, b: QueueRow) => number> = {
    waiting: (a, b) => (b.messages ?? -1) - (a.messages ?? -1),
    name: (a, b) => a.name.localeCompare(b.name),
    oldest: (a, b) => (a.oldest ?? Infinity) - (b.oldest ?? Infinity),
    net: (a, b) => (b.per_min ?? -Infinity) - (a.per_min ?? -Infinity),
  };
  return [...queues].sort((a, b) => by[sort](a, b) || a.name.localeCompare(b.name));
}

/** 'never', in words and weight, when it does not. */
export function Drain({ queue }: { queue: QueueRow }) {
  if (!queue.messages) return <span className="faint">-</span>;
  if (queue.drain === null) return <b>{queue.per_min === null ? '-' : 'never'}</b>;
  return <span className="muted">{age(queue.drain)}</span>;
}

export function QueueTable({
  queues,
  open,
  sort,
  onSort,
}: {
  queues: readonly QueueRow[];
  open: string | undefined;
  sort: QueueSort;
  onSort: (sort: QueueSort) => void;
}) {
  const head = (id: QueueSort, label: string, className: string) => (
    <th className={className} aria-sort={sort === id ? (id === 'name' ? 'ascending' : 'descending') : undefined}>
      <button type="button" className="sort" onClick={() => onSort(id)}>
        {label}
        {sort === id && <Icon name={id === 'name' ? 'up' : 'down'} />}
      </button>
    </th>
  );
  return (
    <div className="scroll-x">
      <table className="table">
        <caption className="sr">Queues</caption>
        <thead>
          <tr>
            {head('name', 'Queue', 'c-queue')}
            {head('waiting', 'Waiting', 'c-depth num')}
            <th className="c-spark">1 h</th>
            <th className="c-in num">In / min</th>
            <th className="c-out num">Out / min</th>
            {head('net', 'Net', 'c-net num')}
            <th className="c-drain num">Drains in</th>
            {head('oldest', 'Oldest', 'c-oldest num')}
            <th className="c-cons num">Consumers</th>
            <th className="c-steps">By priority</th>
            <th className="c-say">
              <span className="sr">Note</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => {
            const none = queue.consumers === 0 || (queue.consumers === null && queue.workers.length === 0);
            const arrives =
              queue.per_min === null || queue.out_per_min === null
                ? null
                : Math.max(0, queue.per_min + queue.out_per_min);
            return (
              <tr
                key={queue.name}
                aria-selected={queue.name === open}
                className={queue.messages === 0 ? 'calm' : undefined}
              >
                <td className="c-queue code">
                  <Link
                    to="/queues/$name"
                    params={{ name: queue.name }}
                    className="row-link clip"
                    title={queue.name}
                    resetScroll={false}
                  >
                    <b>{queue.name}</b>
                  </Link>
                </td>
                <td className="c-depth num" title={exactCount(queue.messages)}>
                  {count(queue.messages)}
                </td>
                <td className="c-spark">
                  <Spark values={queue.depth} height={18} label={`${queue.name}: depth, last hour`} fromZero />
                </td>
                <td className="c-in num muted">{rate(arrives)}</td>
                <td className="c-out num muted">{rate(queue.out_per_min)}</td>
                <td className="c-net num">
                  {(queue.per_min ?? 0) > 0 ? <b>{signed(queue.per_min)}</b> : signed(queue.per_min)}
                </td>
                <td className="c-drain num">
                  <Drain queue={queue} />
                </td>
                <td className="c-oldest num muted">
                  <Oldest queue={queue} />
                </td>
                <td className="c-cons num" title={queue.workers.join(', ')}>
                  {none ? (
                    <span className={queue.messages ? 'bad' : 'faint'}>none</span>
                  ) : (
                    count(queue.consumers ?? queue.workers.length)
                  )}
                </td>
                <td className="c-steps">
                  <Steps byPriority={queue.by_priority} />
                </td>
                <td className="c-say">
                  {none && queue.messages ? (
                    <span className="state tinted" data-state="FAILURE">
                      <Icon name="FAILURE" />
                      no consumer
                    </span>
                  ) : queue.growing ? (
                    <span className="paused muted">
                      <Icon name="rising" />
                      grows
                    </span>
                  ) : null}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Celery's messages carry no time of sending, and Redis keeps none. */
export function Oldest({ queue }: { queue: Pick<QueueRow, 'messages' | 'oldest'> }) {
  if (queue.oldest === null && queue.messages)
    return (
      <span className="faint" title="The messages do not say when they were sent">
        not told
      </span>
    );
  return <Age at={queue.oldest} />;
}

function Steps({ byPriority }: { byPriority: Readonly<Record<string, number>> }) {
  const steps = Object.entries(byPriority).sort((a, b) => Number(a[0]) - Number(b[0]));
  if (steps.length === 0) return <span className="faint">-</span>;
  if (steps.length === 1) return <span className="muted">all {steps[0]![0]}</span>;
  const most = Math.max(1, ...steps.map(([, n]) => n));
  return (
    <svg
      className="steps"
      role="img"
      width={steps.length * 11}
      aria-label={`Messages by priority: ${steps.map(([p, n]) => `${n} at ${p}`).join(', ')}`}
    >
      {steps.map(([priority, n], i) => {
        const h = n === 0 ? 1 : Math.max(2, (n / most) * 16);
        return (
          <rect key={priority} x={i * 11} width="9" y={16 - h} height={h} className={n === 0 ? 'none' : undefined} />
        );
      })}
    </svg>
  );
}
