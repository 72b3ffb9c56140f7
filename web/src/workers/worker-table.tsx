// Every worker as a row, or as deployments when there are many. What a list of workers is: worker-list.ts. The table: ui/table.

import { Link } from '@tanstack/react-router';
import { Spark } from '../charts/spark.tsx';
import { t, tn } from '../language/text.ts';
import { count, exactCount, rate } from '../ui/format.ts';
import { Middle } from '../ui/middle.tsx';
import { Alive } from '../ui/state-badge.tsx';
import type { Column } from '../ui/table/columns.ts';
import type { Grouping } from '../ui/table/lines.ts';
import { Age } from '../ui/time.tsx';
import { type FleetTotals, troubleRank } from './fleet.ts';
import { SlotsCell } from './slots-cell.tsx';
import { deploymentNote, restOfWorkers, sumWorkers, type WorkerLine } from './worker-list.ts';

/** @param labels what each is called in the list: workerLabels */
export const columnsOf = (labels: ReadonlyMap<string, string>): readonly Column<WorkerLine>[] => [
  {
    id: 'name',
    label: t('Worker'),
    width: 168,
    grow: 2,
    className: 'code',
    sort: (w) => w.hostname,
    cell: (w) => (
      <Link to="/workers/$name" params={{ name: w.hostname }} className="row-link" title={w.hostname}>
        <b>
          <Middle text={labels.get(w.hostname) ?? w.hostname} />
        </b>
      </Link>
    ),
  },
  {
    id: 'status',
    label: t('Status'),
    width: 92,
    rank: 1,
    // Trouble first.
    sort: troubleRank,
    cell: (w) => <Alive status={w.status}>{w.totals && inTrouble(w.totals)}</Alive>,
  },
  {
    id: 'heard',
    label: t('Heard'),
    width: 86,
    num: true,
    rank: 2,
    className: 'muted',
    first: '',
    sort: (w) => w.last_heard,
    cell: (w) => <Age at={w.last_heard} />,
  },
  {
    id: 'pool',
    label: t('Pool'),
    width: 72,
    rank: 9,
    className: 'muted',
    sort: (w) => w.pool,
    cell: (w) => w.pool ?? '-',
    brief: (w) => w.pool ?? '',
  },
  {
    id: 'slots',
    label: t('Slots'),
    width: 152,
    grow: 1,
    rank: 3,
    className: 'c-slots',
    first: '-',
    sort: (w) => (w.concurrency ? (w.active ?? 0) / w.concurrency : null),
    cell: (w) => <SlotsCell worker={w} />,
    brief: (w) => <SlotsCell worker={w} />,
  },
  {
    id: 'spark',
    label: t('Finished, 1 h'),
    width: 84,
    rank: 7,
    className: 'c-spark',
    cell: (w) => (
      <Spark
        values={w.finished_per_min}
        height={18}
        label={t('{hostname}: finished per minute, last hour', { hostname: w.hostname })}
        fromZero
      />
    ),
    brief: (w) => (
      <Spark
        values={w.finished_per_min}
        height={16}
        label={t('{hostname}: finished per minute, last hour', { hostname: w.hostname })}
        fromZero
      />
    ),
  },
  {
    id: 'rate',
    label: t('Per min'),
    width: 66,
    num: true,
    rank: 4,
    sort: (w) => w.per_min,
    cell: (w) => rate(w.per_min),
    brief: (w) => t('{rate}/min', { rate: rate(w.per_min) }),
  },
  {
    id: 'processed',
    label: t('Processed'),
    width: 78,
    num: true,
    rank: 6,
    sort: (w) => w.processed,
    cell: (w) => count(w.processed),
    brief: (w) => t('{count} processed', { count: count(w.processed) }),
    title: (w) => exactCount(w.processed),
  },
  {
    id: 'failed',
    label: t('Failed, 1 h'),
    width: 78,
    num: true,
    rank: 5,
    sort: (w) => w.failed_last_hour,
    cell: (w) => <span className={w.failed_last_hour > 0 ? undefined : 'faint'}>{count(w.failed_last_hour)}</span>,
    title: (w) => exactCount(w.failed_last_hour),
    brief: (w) => t('{count} failed', { count: w.failed_last_hour }),
  },
  {
    id: 'load',
    label: t('Load'),
    width: 56,
    num: true,
    rank: 10,
    className: 'muted',
    sort: (w) => w.loadavg?.[0] ?? null,
    cell: (w) => (w.loadavg?.[0] === undefined ? '-' : w.loadavg[0].toFixed(2)),
    brief: (w) => t('load {load}', { load: w.loadavg?.[0] === undefined ? '-' : w.loadavg[0].toFixed(2) }),
  },
  {
    id: 'queues',
    label: t('Queues'),
    width: 92,
    grow: 1,
    rank: 11,
    className: 'code muted c-queues',
    cell: (w) => <span className="clip">{queuesOf(w)}</span>,
    brief: (w) => <span className="clip">{queuesOf(w)}</span>,
    title: (w) => w.queues.join(', '),
  },
];

/** Of a deployment: how many are in the worst state, since it is not all of it. */
function inTrouble({ offline, late }: FleetTotals): string | undefined {
  return offline > 0
    ? t('{count} offline', { count: offline })
    : late > 0
      ? t('{count} late', { count: late })
      : undefined;
}

/** A deployment's may be many: they are counted. */
const queuesOf = (w: WorkerLine): string =>
  w.totals ? tn(w.queues.length, '# queue', '# queues') : w.queues.join(', ') || '-';

export const keyOf = (w: WorkerLine): string => String(w.hostname);

export const rowClass = (w: WorkerLine): string | undefined => (w.status === 'online' ? undefined : 'calm');

/** @param stems of all workers, so that a filter moves nobody to another deployment */
export function groupingOf(stems: ReadonlyMap<string, string>): Omit<Grouping<WorkerLine>, 'keyOf'> {
  return {
    stemOf: (w) => stems.get(w.hostname) ?? '',
    sum: sumWorkers,
    note: deploymentNote,
    needsYou: (w) => w.status !== 'online' || w.task_events === false,
    rest: restOfWorkers,
  };
}
