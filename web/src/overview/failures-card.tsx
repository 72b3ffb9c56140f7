// Kinds of failure in 24 hours, as the server ranks them.

import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import type { FailureGroup } from '../../../shared/wire/overview.ts';
import { Trend } from '../charts/spark.tsx';
import { language } from '../language/language.ts';
import { t, tn } from '../language/text.ts';
import { usePart } from '../live/part.ts';
import { AsOf } from '../ui/as-of.tsx';
import { Empty } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count, exactCount, lastPart } from '../ui/format.ts';
import { Fresh } from '../ui/fresh.tsx';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { Age } from '../ui/time.tsx';

const ROWS = 5;

const trend = (f: FailureGroup) => (
  <span className="trend-cell" data-state={f.is_new ? 'FAILURE' : undefined}>
    <Trend values={f.trend} label={t('By hour over a day: {trend}', { trend: f.trend.join(', ') })} />
  </span>
);

const COLUMNS: readonly Column<FailureGroup>[] = [
  { id: 'what', label: t('Exception'), width: 150, grow: 2, className: 'c-what code', cell: (f) => <What group={f} /> },
  {
    id: 'task',
    label: t('Task'),
    width: 150,
    grow: 1,
    rank: 2,
    className: 'code',
    title: (f) => f.task,
    cell: (f) => lastPart(f.task),
    brief: (f) => <code>{lastPart(f.task)}</code>,
  },
  { id: 'trend', label: t('24 h'), width: 76, rank: 3, cell: trend, brief: trend },
  {
    id: 'count',
    label: t('Times'),
    width: 60,
    num: true,
    title: (f) => exactCount(f.count),
    cell: (f) => <Fresh text={count(f.count)} />,
  },
  {
    id: 'first',
    label: t('First'),
    width: 76,
    num: true,
    rank: 4,
    className: 'muted',
    cell: (f) => <Age at={f.first} />,
  },
  {
    id: 'last',
    label: t('Last'),
    width: language === 'en' ? 78 : 92,
    num: true,
    rank: 1,
    className: 'muted',
    cell: (f) => <Age at={f.last} />,
  },
];

export function FailuresCard({ failures }: { failures: readonly FailureGroup[] }) {
  const part = usePart('history', 'events');
  const fresh = failures.filter((f) => f.is_new).length;
  return (
    <section className={`card failures${part.stale}`}>
      <div className="head">
        <h2>{t('Failures')}</h2>
        <AsOf since={part.since} />
        <p>
          {failures.length === 0
            ? t('none in 24 h')
            : fresh > 0
              ? tn(failures.length, '# kind in 24 h, {fresh} of them new', '# kinds in 24 h, {fresh} of them new', {
                  fresh,
                })
              : tn(failures.length, '# kind in 24 h', '# kinds in 24 h')}
        </p>
        <Link className="more-link" to="/tasks" search={{ state: 'FAILURE' }}>
          {t('All failures')}
        </Link>
      </div>
      {failures.length === 0 ? (
        <Empty title={t('No task has failed in the last 24 hours')} />
      ) : (
        <DataTable
          caption={t('Failures of the last 24 hours, grouped by task and exception')}
          columns={COLUMNS}
          lines={failures
            .slice(0, ROWS)
            .map((row) => ({ kind: 'row', key: `${row.exception} in ${row.task}`, row, within: false }))}
          inPlace
        />
      )}
    </section>
  );
}

function What({ group: f }: { group: FailureGroup }) {
  return (
    // Another kind in its place is another element, so that nothing counts as moved.
    <Fragment key={`${f.exception} ${f.task}`}>
      {f.is_new && (
        <em className="tag" data-state="FAILURE">
          {t('new')}
        </em>
      )}
      <Link
        to="/tasks"
        search={{
          state: 'FAILURE',
          q: `exception:${f.exception} name:${f.task}`,
        }}
        className="row-link"
      >
        <b>{f.exception}</b>
      </Link>
      <span className="msg" title={f.message}>
        <ForeignText text={f.message} />
      </span>
    </Fragment>
  );
}
