// Operations as a table, newest first; one of them may be open, one may be under the cursor. Columns and the open one: audit-row.tsx.

import { useMemo } from 'react';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import { t } from '../language/text.ts';
import { Empty } from '../ui/feedback.tsx';
import { day } from '../ui/format.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import type { Line } from '../ui/table/lines.ts';
import { auditColumns, Opened } from './audit-row.tsx';
import './audit.css';

export function AuditTable({
  records,
  open,
  cursor,
  onCursor,
  onToggle,
}: {
  records: readonly OperationRecord[];
  /** Id of the one that is open, as it stands in the URL. */
  open: string | undefined;
  cursor: string | null;
  onCursor: (id: string) => void;
  onToggle: (id: string) => void;
}) {
  const columns = useMemo(() => auditColumns(onToggle), [onToggle]);
  const lines = records.flatMap((row, i): Line<OperationRecord>[] => {
    const key = String(row.id);
    const of = day(row.at);
    const found: Line<OperationRecord>[] = [{ kind: 'row', key, row, within: false }];
    if (i === 0 || day(records[i - 1]!.at) !== of)
      found.unshift({ kind: 'detail', key: `day ${key}`, content: <b className="audit-day">{of}</b> });
    if (key === open) found.push({ kind: 'detail', key: `open ${key}`, content: <Opened record={row} /> });
    return found;
  });
  return (
    <DataTable
      caption={t('Operations, newest first')}
      columns={columns}
      lines={lines}
      openKey={open}
      cursor={cursor}
      onCursor={onCursor}
      onOpen={onToggle}
    />
  );
}

/** Nothing to list: because of the filter, or because nothing was done. */
export function NoOperations({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <Empty icon="search" title={t('No operation matches')}>
      <p className="muted">{t('No operation in the audit matches this filter.')}</p>
    </Empty>
  ) : (
    <Empty icon="audit" title={t('No operations yet')}>
      <p className="muted">
        {t(
          "Revokes, retries, limits and every other operation done from this dashboard are listed here, with the workers' replies.",
        )}
      </p>
    </Empty>
  );
}
