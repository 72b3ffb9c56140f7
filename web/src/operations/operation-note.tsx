// What came of an action, where its button was: waiting for workers, what each answered, and the event that proves it.
// Asking: api/actions.ts. The proof is the live feed's, never the reply's.

import { useState } from 'react';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import type { Operation } from '../api/actions.ts';
import { ApiError } from '../api/client.ts';
import { fromServer, t } from '../language/text.ts';
import { Icon } from '../ui/icon.tsx';

const LOOK: Record<OperationRecord['outcome'], string> = {
  ok: 'SUCCESS',
  partial: 'RETRY',
  failed: 'FAILURE',
  'no-answer': 'RETRY',
  refused: 'REVOKED',
};

export function OperationNote({ operation, proof }: { operation: Operation; proof?: React.ReactNode }) {
  if (operation.isIdle) return null;
  if (operation.isPending) {
    return (
      <p className="op-note" role="status">
        <span className="waiting-dots">{t('Waiting for workers')}</span>
      </p>
    );
  }
  if (operation.isError) {
    const problem = operation.error instanceof ApiError ? operation.error : null;
    return (
      <p className="op-note" role="alert" data-state="FAILURE">
        <Icon name="FAILURE" />
        <span>
          <b>{fromServer(problem?.title) ?? t('It could not be done')}</b>{' '}
          {fromServer(problem?.detail) ?? (problem ? '' : String(operation.error))}
        </span>
      </p>
    );
  }
  if (!operation.data) return null;
  return <RecordNote record={operation.data} proof={proof} onDismiss={operation.reset} />;
}

function RecordNote({
  record,
  proof,
  onDismiss,
}: {
  record: OperationRecord;
  proof?: React.ReactNode;
  onDismiss?: () => void;
}) {
  const [open, setOpen] = useState(record.outcome !== 'ok');
  return (
    <div className="op-note" role="status" data-state={LOOK[record.outcome]}>
      <Icon
        name={LOOK[record.outcome] === 'SUCCESS' ? 'SUCCESS' : LOOK[record.outcome] === 'FAILURE' ? 'FAILURE' : 'late'}
      />
      <div className="grow">
        <p>
          {fromServer(record.summary)}
          {record.answers.length > 0 && (
            <button type="button" className="link plain" aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? t('hide replies') : t('replies')}
            </button>
          )}
        </p>
        {open && (
          <ul className="answers">
            {record.answers.map((answer) => (
              <li key={answer.worker} data-state={answer.ok ? 'SUCCESS' : 'FAILURE'}>
                <Icon name={answer.ok ? 'SUCCESS' : 'FAILURE'} />
                <code>{answer.worker}</code> <span className="muted">{fromServer(answer.text)}</span>
              </li>
            ))}
          </ul>
        )}
        {proof && <p className="muted">{proof}</p>}
      </div>
      {onDismiss && (
        <button type="button" className="btn bare only" aria-label={t('Dismiss')} onClick={onDismiss}>
          <Icon name="close" />
        </button>
      )}
    </div>
  );
}
