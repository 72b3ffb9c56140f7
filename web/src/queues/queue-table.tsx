// Every queue as a row, or as stems when there are many: how much waits, whether it drains, who consumes. Depth alone is no trouble,
// so depth has no colour. What a list of queues is: queue-list.ts. The table: ui/table. The open queue: queue-panel.tsx.

import { Link } from '@tanstack/react-router';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import { Spark } from '../charts/spark.tsx';
import { t, tn } from '../language/text.ts';
import { age, count, exactCount, rate, signed } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { Middle } from '../ui/middle.tsx';
import type { Column } from '../ui/table/columns.ts';
import type { Grouping } from '../ui/table/lines.ts';
import { Oldest } from './oldest.tsx';
import { arrives, restOfQueues, stemNote, sumQueues } from './queue-list.ts';
import { isPaused, isStranded, isUnconsumed } from './stranded.ts';

/** 'never', in words and weight, when it does not. */
function Drain({ queue }: { queue: QueueRow }) {
  if (!queue.messages) return <span className="faint">-</span>;
  if (queue.drain === null) return <b>{queue.per_min === null ? '-' : t('drain|never')}</b>;
  return <span className="muted">{age(queue.drain)}</span>;
}

export function Consumers({ queue }: { queue: QueueRow }) {
  if (isPaused(queue))
    return (
      <span className="state" data-state="PENDING">
        <Icon name="pause" />
        {isUnconsumed(queue) ? t('queue|paused') : tn(queue.workers.length, 'paused, # consumes', 'paused, # consume')}
      </span>
    );
  if (isStranded(queue))
    return (
      <span className="state tinted" data-state="FAILURE">
        <Icon name="FAILURE" />
        {t('no consumer')}
      </span>
    );
  if (isUnconsumed(queue)) return <span className="faint">{t('limit|none')}</span>;
  return <>{count(queue.consumers ?? queue.workers.length)}</>;
}

export const COLUMNS: readonly Column<QueueRow>[] = [
  {
    id: 'name',
    label: t('Queue'),
    width: 150,
    grow: 2,
    className: 'code',
    sort: (q) => q.name,
    cell: (q) => (
      <Link
        to="/queues/$name"
        params={{ name: q.name }}
        search={(before: Record<string, unknown>) => before}
        className="row-link"
        resetScroll={false}
      >
        <b>
          <Middle text={q.name} />
        </b>
      </Link>
    ),
  },
  {
    id: 'waiting',
    label: t('Waiting'),
    width: 78,
    num: true,
    className: 'c-depth',
    sort: (q) => q.messages,
    cell: (q) => (q.messages === null ? <span className="faint">{t('unknown')}</span> : count(q.messages)),
    title: (q) => exactCount(q.messages),
  },
  {
    id: 'spark',
    label: t('1 h'),
    width: 96,
    grow: 1,
    rank: 4,
    className: 'c-spark',
    cell: (q) => (
      <Spark values={q.depth} height={18} label={t('{name}: depth, last hour', { name: q.name })} fromZero />
    ),
    brief: (q) => (
      <Spark values={q.depth} height={16} label={t('{name}: depth, last hour', { name: q.name })} fromZero />
    ),
  },
  {
    id: 'in',
    label: t('In / min'),
    width: 72,
    num: true,
    rank: 7,
    className: 'muted',
    sort: arrives,
    cell: (q) => rate(arrives(q)),
    brief: (q) => t('in {rate}', { rate: rate(arrives(q)) }),
  },
  {
    id: 'out',
    label: t('Out / min'),
    width: 76,
    num: true,
    rank: 6,
    className: 'muted',
    sort: (q) => q.out_per_min,
    cell: (q) => rate(q.out_per_min),
    brief: (q) => t('out {rate}', { rate: rate(q.out_per_min) }),
  },
  {
    id: 'net',
    label: t('Net'),
    width: 66,
    num: true,
    rank: 2,
    sort: (q) => q.per_min,
    cell: (q) => ((q.per_min ?? 0) > 0 ? <b>{signed(q.per_min)}</b> : signed(q.per_min)),
    title: (q) => (q.growing ? t('It grows') : undefined),
  },
  {
    id: 'drain',
    label: t('Drains in'),
    width: 80,
    num: true,
    rank: 3,
    sort: (q) => (!q.messages ? -1 : (q.drain ?? Number.MAX_VALUE)),
    cell: (q) => <Drain queue={q} />,
    brief: (q) =>
      q.messages === 0 ? null : (
        <>
          <i>{t('Drains in')}</i> <Drain queue={q} />
        </>
      ),
  },
  {
    id: 'oldest',
    label: t('Oldest'),
    width: 84,
    num: true,
    rank: 5,
    className: 'muted',
    first: '',
    sort: (q) => q.oldest,
    cell: (q) => <Oldest queue={q} />,
    brief: (q) =>
      q.messages === 0 ? null : (
        <>
          <i>{t('Oldest')}</i> <Oldest queue={q} />
        </>
      ),
  },
  {
    id: 'consumers',
    label: t('Consumers'),
    width: 132,
    num: true,
    rank: 1,
    first: '',
    sort: (q) => (isStranded(q) ? -1 : (q.consumers ?? q.workers.length)),
    cell: (q) => <Consumers queue={q} />,
    title: (q) => q.workers.slice(0, 20).join(', '),
  },
  {
    id: 'priority',
    label: t('By priority'),
    width: 96,
    rank: 8,
    className: 'c-steps',
    cell: (q) => <Steps byPriority={q.by_priority} />,
    brief: (q) => Object.keys(q.by_priority).length > 1 && <Steps byPriority={q.by_priority} />,
  },
];

export const keyOf = (q: QueueRow): string => String(q.name);

export const rowClass = (q: QueueRow): string | undefined => (q.messages === 0 ? 'calm' : undefined);

export function groupingOf(stems: ReadonlyMap<string, string>): Omit<Grouping<QueueRow>, 'keyOf'> {
  return {
    stemOf: (q) => stems.get(q.name) ?? '',
    sum: sumQueues,
    note: stemNote,
    needsYou: (q) => q.growing || isStranded(q),
    rest: restOfQueues,
  };
}

function Steps({ byPriority }: { byPriority: Readonly<Record<string, number>> }) {
  const steps = Object.entries(byPriority).sort((a, b) => Number(a[0]) - Number(b[0]));
  if (steps.length === 0) return <span className="faint">-</span>;
  if (steps.length === 1) return <span className="muted">{t('all {priority}', { priority: steps[0]![0] })}</span>;
  const most = Math.max(1, ...steps.map(([, n]) => n));
  return (
    <svg
      className="steps"
      role="img"
      width={steps.length * 11}
      aria-label={t('Messages by priority: {steps}', {
        steps: steps.map(([priority, n]) => t('{n} at {priority}', { n, priority })).join(', '),
      })}
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
