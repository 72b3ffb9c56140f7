// Tasks a worker holds: reserved, waiting for their ETA; and the ids it knows as revoked.

import { Link } from '@tanstack/react-router';
import type { RequestInfo } from '../../../shared/wire/workers.ts';
import { t } from '../language/text.ts';
import { Empty } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { At } from '../ui/time.tsx';
import { argumentsShown } from './active.tsx';
import { idColumn, taskColumn } from './request-columns.tsx';

export function Requests({
  requests,
  caption,
  none,
  eta,
}: {
  requests: readonly RequestInfo[];
  caption: string;
  none: string;
  eta?: boolean;
}) {
  if (requests.length === 0) return <Empty title={none} />;
  return (
    <DataTable
      caption={caption}
      columns={eta ? SCHEDULED : RESERVED}
      lines={requests.map((row) => ({ kind: 'row', key: row.id, row, within: false }))}
    />
  );
}

const RESERVED: readonly Column<RequestInfo>[] = [
  taskColumn(),
  idColumn((task) => task.id),
  {
    id: 'args',
    label: t('Arguments'),
    width: 200,
    grow: 2,
    rank: 2,
    className: 'code faint',
    cell: (task) => <ForeignText text={argumentsShown(task)} />,
  },
];
const SCHEDULED: readonly Column<RequestInfo>[] = [
  ...RESERVED,
  {
    id: 'eta',
    label: 'ETA',
    width: 150,
    num: true,
    rank: 1,
    className: 'muted',
    cell: (task) => <Eta eta={task.eta} />,
  },
];

/** In the person's own zone, as every other time here. */
function Eta({ eta }: { eta: string | null }) {
  const at = eta === null ? Number.NaN : Date.parse(eta) / 1000;
  return Number.isNaN(at) ? (eta ?? '-') : <At at={at} />;
}

export function Revoked({ ids }: { ids: readonly string[] }) {
  if (ids.length === 0) return <Empty title={t('It remembers no revoked task')} />;
  return (
    <ul className="id-list code">
      {ids.slice(0, 500).map((id) => (
        <li key={id}>
          <Link to="/tasks/$id" params={{ id }} className="link">
            {id}
          </Link>
        </li>
      ))}
    </ul>
  );
}
