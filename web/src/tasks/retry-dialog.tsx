// Before a task is sent again: what will be sent, from where it is known and to which queue; or why it cannot be, and what would help.
// The server works it out (operations/retry.ts) and judges again when it is done. Many tasks at once: bulk-actions.tsx.

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { OperationRequest } from '../../../shared/wire/operations.ts';
import type { RetryPlan } from '../../../shared/wire/task-values.ts';
import { retryPlanQuery } from '../api/queries.ts';
import { fromServer, t } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText, LongText } from '../ui/foreign-text.tsx';
import { Icon } from '../ui/icon.tsx';
import { consequence } from './applies.ts';

/** A retry, besides its task. */
export type RetryChoice = Omit<Extract<OperationRequest, { action: 'retry' }>, 'action' | 'task_ids'>;

export function RetryDialog({
  id,
  onDo,
  onClose,
}: {
  id: string;
  onDo: (options: RetryChoice) => void;
  onClose: () => void;
}) {
  const plan = useQuery(retryPlanQuery(id));
  return (
    <Dialog title={t('Retry task')} onClose={onClose} className="resend">
      {plan.isError ? (
        <ErrorNote
          what={t('What would be sent could not be read')}
          error={plan.error}
          onRetry={() => void plan.refetch()}
        />
      ) : !plan.data || plan.isFetching ? (
        <Skeleton rows={4} label={t('Looking for its call')} />
      ) : plan.data.allowed ? (
        <Ready plan={plan.data} onDo={onDo} onClose={onClose} />
      ) : (
        <>
          <p className="op-note" role="alert" data-state="FAILURE">
            <Icon name="FAILURE" />
            <span>{fromServer(plan.data.reason)}</span>
          </p>
          <footer>
            <Button onClick={onClose}>{t('Close')}</Button>
          </footer>
        </>
      )}
    </Dialog>
  );
}

function Ready({
  plan,
  onDo,
  onClose,
}: {
  plan: RetryPlan;
  onDo: (options: RetryChoice) => void;
  onClose: () => void;
}) {
  const [queue, setQueue] = useState(plan.queue ?? '');
  const [accepted, setAccepted] = useState(false);
  const doubles = plan.would_double ?? null;
  const queues = [...new Set([plan.queue ?? '', ...plan.queues])];
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (doubles === null) onDo({ queue });
        else if (accepted) onDo({ queue, accept_double: true });
      }}
    >
      <p>{consequence('retry', 1)}</p>
      <pre className="plain-text code call">
        <LongText text={plan.call ?? ''} />
      </pre>
      <p className="muted">{t('Known from {source}.', { source: fromServer(plan.source_reason ?? '') })}</p>
      <label className="keep">
        {t('Queue')}
        <select className="input" value={queue} onChange={(event) => setQueue(event.target.value)}>
          {queues.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        {plan.queue_reason && queue === plan.queue && <span className="muted">{fromServer(plan.queue_reason)}</span>}
      </label>
      {plan.notes.map((note) => (
        <p key={note} className="op-note" data-state="RETRY">
          <Icon name="late" />
          <span>{fromServer(note)}</span>
        </p>
      ))}
      {doubles !== null && (
        <label className="keep doubles">
          <input
            type="checkbox"
            className="check"
            checked={accepted}
            onChange={(event) => setAccepted(event.target.checked)}
          />
          <span>
            <ForeignText text={fromServer(doubles)} /> {t('Send it all the same.')}
          </span>
        </label>
      )}
      <footer>
        <Button onClick={onClose}>{t('Cancel')}</Button>
        <Button
          type="submit"
          kind="primary"
          refused={doubles !== null && !accepted ? t('It may still run: say that it may run twice') : null}
        >
          {t('Send it again')}
        </Button>
      </footer>
    </form>
  );
}
