// Where alerts are told: each channel of the configuration with what became of its last notice, and a test. Below, the last notices.
import { useMemo } from 'react';
import type { AlertChannel, Delivery } from '../../../shared/wire/alerts.ts';
import { fromServer, t } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { approxDuration } from '../ui/format.ts';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { Age } from '../ui/time.tsx';
import { Severity } from './severity.tsx';
import { EVENT } from './words.ts';

export function Channels({
  channels,
  refused,
  testing,
  onTest,
}: {
  channels: readonly AlertChannel[];
  /** Why they cannot be tried. */
  refused: string | null;
  /** The one that is being tried. */
  testing: string | null;
  onTest: (name: string) => void;
}) {
  const columns = useMemo(() => channelColumns(refused, testing, onTest), [refused, testing, onTest]);
  return (
    <section className="card" aria-labelledby="channels">
      <div className="head">
        <h2 id="channels">{t('Channels')}</h2>
        <p>{t('they stand in the configuration')}</p>
      </div>
      {channels.length === 0 ? (
        <p className="quiet-note">
          {t('None: nobody is told. The guide on alerts says how to name one, with the option --alerts.')}
        </p>
      ) : (
        <DataTable
          caption={t('Channels of alerts')}
          columns={columns}
          lines={channels.map((row) => ({ kind: 'row', key: row.name, row, within: false }))}
        />
      )}
    </section>
  );
}

function channelColumns(
  refused: string | null,
  testing: string | null,
  onTest: (name: string) => void,
): readonly Column<AlertChannel>[] {
  return [
    { id: 'name', label: t('Channel'), width: 130, grow: 1, cell: ({ name }) => <ForeignText text={name} /> },
    { id: 'type', label: t('Kind'), width: 90, rank: 3, cell: ({ type }) => type },
    {
      id: 'to',
      label: t('To'),
      width: 200,
      grow: 1,
      rank: 2,
      title: ({ to }) => to,
      cell: ({ to }) => <ForeignText text={to} />,
    },
    {
      id: 'severity',
      label: t('channel|From'),
      width: 110,
      rank: 4,
      cell: ({ severity }) => <Severity of={severity} />,
    },
    {
      id: 'remind',
      label: t('Reminds'),
      width: 100,
      num: true,
      rank: 5,
      cell: ({ remind }) =>
        remind === null ? (
          <span className="muted">{t('remind|never')}</span>
        ) : (
          t('every {age}', { age: approxDuration(remind) })
        ),
    },
    {
      id: 'last',
      label: t('Last notice'),
      width: 280,
      grow: 2,
      rank: 1,
      cell: ({ last, waiting }) => <Last last={last} waiting={waiting} />,
    },
    {
      id: 'act',
      label: '',
      width: 84,
      className: 'c-act',
      cell: ({ name }) => (
        <Button
          aria-label={t('Send a test by {name}', { name })}
          refused={refused ?? (testing === name ? t('It is being sent') : null)}
          onClick={() => onTest(name)}
        >
          {t('channel|Test')}
        </Button>
      ),
      brief: () => null,
    },
  ];
}

function Last({ last, waiting }: { last: Delivery | null; waiting: number }) {
  if (waiting > 0) return <span className="muted">{t('{count} on their way', { count: waiting })}</span>;
  if (last === null) return <span className="muted">{t('none yet')}</span>;
  return (
    <span>
      <Outcome of={last} />{' '}
      <span className="muted">
        <Age at={last.at} ago />
      </span>
    </span>
  );
}

function Outcome({ of: { outcome, detail } }: { of: Delivery }) {
  if (outcome === 'ok') return <ForeignText text={fromServer(detail)} />;
  return (
    <b className="soon" data-state="FAILURE">
      {outcome === 'dropped' ? t('dropped') : t('not delivered')}: <ForeignText text={fromServer(detail)} />
    </b>
  );
}

export function Notices({ deliveries }: { deliveries: readonly Delivery[] }) {
  const columns = useMemo(noticeColumns, []);
  return (
    <section className="card" aria-labelledby="notices">
      <div className="head">
        <h2 id="notices">{t('Last notices')}</h2>
      </div>
      {deliveries.length === 0 ? (
        <p className="quiet-note">{t('Nobody was told of anything yet.')}</p>
      ) : (
        <DataTable
          caption={t('Notices, newest first')}
          columns={columns}
          lines={deliveries.map((row) => ({
            kind: 'row',
            key: `${row.at} ${row.channel} ${row.summary}`,
            row,
            within: false,
          }))}
        />
      )}
    </section>
  );
}

const noticeColumns = (): readonly Column<Delivery>[] => [
  { id: 'at', label: t('When'), width: 90, num: true, cell: ({ at }) => <Age at={at} /> },
  { id: 'event', label: t('Notice'), width: 90, rank: 3, cell: ({ event }) => EVENT[event] },
  {
    id: 'summary',
    className: 'c-sentence',
    label: t('What'),
    width: 220,
    grow: 3,
    title: ({ summary }) => summary,
    cell: ({ summary }) => <ForeignText text={summary} />,
  },
  { id: 'channel', label: t('Channel'), width: 110, rank: 2, cell: ({ channel }) => <ForeignText text={channel} /> },
  { id: 'outcome', label: t('Outcome'), width: 220, grow: 1, rank: 1, cell: (one) => <Outcome of={one} /> },
];
