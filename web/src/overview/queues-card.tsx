// Queues on the overview: those that grow first, then those with more waiting. All of them: pages/queues.tsx.

import { Link } from '@tanstack/react-router';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import { Spark } from '../charts/spark.tsx';
import { t, tn } from '../language/text.ts';
import { usePart } from '../live/part.ts';
import { Oldest } from '../queues/oldest.tsx';
import { isStranded } from '../queues/stranded.ts';
import { AsOf } from '../ui/as-of.tsx';
import { Empty } from '../ui/feedback.tsx';
import { count, exactCount, signed } from '../ui/format.ts';
import { Fresh } from '../ui/fresh.tsx';
import { Middle } from '../ui/middle.tsx';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';

const ROWS = 5;

/** Those that grow first, then those with more waiting. */
function byNeed(a: QueueRow, b: QueueRow): number {
  return (
    Number(b.growing) - Number(a.growing) || (b.messages ?? -1) - (a.messages ?? -1) || a.name.localeCompare(b.name)
  );
}

const COLUMNS: readonly Column<QueueRow>[] = [
  {
    id: 'name',
    label: t('Queue'),
    width: 88,
    grow: 3,
    className: 'code',
    cell: (queue) => (
      <Link to="/queues/$name" params={{ name: queue.name }} className="row-link">
        <Middle text={queue.name} />
      </Link>
    ),
  },
  {
    id: 'spark',
    label: t('1 h'),
    width: 64,
    grow: 1,
    rank: 2,
    className: 'c-spark',
    cell: (queue) => (
      <Spark
        values={queue.depth}
        height={18}
        label={t('{name}: depth over the last hour', { name: queue.name })}
        fromZero
      />
    ),
  },
  {
    id: 'waiting',
    label: t('Waiting'),
    width: 72,
    num: true,
    className: 'c-depth',
    title: (queue) => exactCount(queue.messages),
    cell: (queue) =>
      queue.messages === null ? <span className="faint">{t('unknown')}</span> : <Fresh text={count(queue.messages)} />,
  },
  {
    id: 'net',
    label: t('Net'),
    width: 58,
    num: true,
    rank: 1,
    cell: (queue) => <Fresh text={signed(queue.per_min)} />,
  },
  {
    id: 'oldest',
    label: t('Oldest'),
    width: 88,
    num: true,
    className: 'muted',
    cell: (queue) => <Oldest queue={queue} />,
  },
];

const calm = (queue: QueueRow) => (queue.growing || isStranded(queue) ? undefined : 'calm');

export function QueuesCard({ queues, total }: { queues: readonly QueueRow[]; total: number }) {
  const part = usePart('broker');
  const growing = queues.filter((q) => q.growing).length;
  return (
    <section className={`card growing${part.stale}`}>
      <div className="head">
        <h2>{t('Queues')}</h2>
        <AsOf since={part.since} />
        {/* Beside the time of what is old there is no room for it. */}
        <p>
          {part.since !== null
            ? ''
            : growing > 0
              ? t('{growing} of {total} growing', { growing, total })
              : queues.length > 0
                ? tn(total, '# queue, none growing', '# queues, none growing')
                : ''}
        </p>
        <Link className="more-link" to="/queues">
          {t('All queues')}
        </Link>
      </div>
      {queues.length === 0 ? (
        <Empty title={t('No queue is known yet')}>
          <p className="muted">{t('Queues appear with the first worker or message.')}</p>
        </Empty>
      ) : (
        <DataTable
          caption={t('Queues, growing ones first')}
          columns={COLUMNS}
          lines={[...queues]
            .sort(byNeed)
            .slice(0, ROWS)
            .map((row) => ({ kind: 'row', key: String(row.name), row, within: false }))}
          rowClass={calm}
          inPlace
          givesUp
        />
      )}
    </section>
  );
}
