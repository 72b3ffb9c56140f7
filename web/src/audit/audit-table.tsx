// Operations as a table, newest first; one of them may be open, one may be under the cursor. A row: audit-row.tsx.
import type { RefObject } from 'react';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import { Boundary } from '../ui/boundary.tsx';
import { Empty } from '../ui/feedback.tsx';
import { AuditRow } from './audit-row.tsx';
import './audit.css';

export function AuditTable({
  records,
  open,
  cursor,
  tableRef,
  onToggle,
}: {
  records: readonly OperationRecord[];
  /** Id of the one that is open, as it stands in the URL. */
  open: string | undefined;
  cursor: string | null;
  tableRef: RefObject<HTMLTableElement | null>;
  onToggle: (id: string) => void;
}) {
  return (
    <table className="table" ref={tableRef}>
      <caption className="sr">Operations, newest first</caption>
      <thead>
        <tr>
          <th className="c-when num">When</th>
          <th className="c-who">Who</th>
          <th className="c-action">Action</th>
          <th className="c-subject">On</th>
          <th className="c-outcome">Outcome</th>
          <th className="c-summary">Answers</th>
          <th className="c-effect">Effect</th>
        </tr>
      </thead>
      <tbody>
        {records.map((record) => (
          <Boundary
            key={record.id}
            what="This operation"
            of={record}
            instead={() => (
              <tr>
                <td colSpan={7}>Operation {record.id} cannot be shown</td>
              </tr>
            )}
          >
            <AuditRow
              record={record}
              open={open === String(record.id)}
              cursor={cursor === String(record.id)}
              onToggle={() => onToggle(String(record.id))}
            />
          </Boundary>
        ))}
      </tbody>
    </table>
  );
}

/** Nothing to list: because of the filter, or because nothing was done. */
export function NoOperations({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <Empty icon="search" title="No operation matches">
      <p className="muted">No operation in the audit matches this filter.</p>
    </Empty>
  ) : (
    <Empty icon="audit" title="No operations yet">
      <p className="muted">
        Revokes, retries, limits and every other operation done from this dashboard are listed here, with the workers'
        replies.
      </p>
    </Empty>
  );
}
