// What fires now: the worst first, each a link to its place.
import { useMemo } from 'react';
import type { FiringAlert } from '../../../shared/wire/alerts.ts';
import { fromServer, t } from '../language/text.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count } from '../ui/format.ts';
import { PathLink } from '../ui/path-link.tsx';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { Age } from '../ui/time.tsx';
import { Severity } from './severity.tsx';

export function Firing({ firing, total }: { firing: readonly FiringAlert[]; total: number }) {
  const columns = useMemo(firingColumns, []);
  return (
    <section className="card" aria-labelledby="firing">
      <div className="head">
        <h2 id="firing">{t('Fires now')}</h2>
        {total > firing.length && (
          <p>{t('the worst {shown} of {total}', { shown: firing.length, total: count(total) })}</p>
        )}
      </div>
      {firing.length === 0 ? (
        <p className="quiet-note">{t('No rule has found anything for long enough.')}</p>
      ) : (
        <DataTable
          caption={t('Alerts that fire, the worst first')}
          columns={columns}
          lines={firing.map((row) => ({
            kind: 'row',
            key: `${row.rule} ${row.subject} ${row.since}`,
            row,
            within: false,
          }))}
        />
      )}
    </section>
  );
}

const firingColumns = (): readonly Column<FiringAlert>[] => [
  { id: 'severity', label: t('Severity'), width: 110, cell: ({ severity }) => <Severity of={severity} /> },
  {
    id: 'what',
    label: t('What'),
    className: 'c-sentence',
    width: 190,
    grow: 3,
    title: ({ subject, detail }) => `${subject} ${fromServer(detail)}`,
    cell: ({ subject, detail, href }) => (
      <PathLink href={href}>
        <b>
          <ForeignText text={subject} />
        </b>{' '}
        <span>{fromServer(detail)}</span>
      </PathLink>
    ),
  },
  {
    id: 'rule',
    label: t('Rule'),
    width: 180,
    grow: 1,
    rank: 2,
    cell: ({ rule_name: name }) => <ForeignText text={fromServer(name)} />,
  },
  { id: 'since', label: t('alert|Since'), width: 100, num: true, rank: 3, cell: ({ since }) => <Age at={since} /> },
  {
    id: 'notified',
    label: t('Notified'),
    width: 110,
    num: true,
    rank: 1,
    cell: ({ notified }) =>
      notified === null ? <span className="muted">{t('nobody')}</span> : <Age at={notified} ago />,
  },
];
