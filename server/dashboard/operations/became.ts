// How a task ended other than by running: expired, revoked, terminated, removed by a purge, rejected; when and, if from here, by whom.
// Not here: why one still waits (../waiting/).
// Holds: pure over what its events and the audit log say.
// Celery 5.6: worker/request.py _announce_revoked (terminated, signum, expired of a task-revoked)
import type { Became, TaskRow } from '../../../shared/wire/tasks.ts';
import type { Interventions } from './interventions.ts';

export function becameOf(
  row: TaskRow,
  extra: Readonly<Record<string, unknown>> | null,
  interventions: Interventions,
): Became | null {
  const said = extra ?? {};
  switch (row.state) {
    case 'PURGED': {
      const act = row.queue === null ? null : interventions.purgeOf(row.queue);
      const who = typeof said.purged_by === 'string' ? said.purged_by : (act?.who ?? null);
      return {
        what: 'purged',
        at: row.timestamp,
        who,
        operation: act?.operation ?? null,
        sentence: `Removed from ${row.queue ?? 'its queue'}${by(who)} before a worker took it.`,
      };
    }
    case 'REVOKED': {
      if (said.expired === true)
        return {
          what: 'expired',
          at: row.revoked,
          who: null,
          operation: null,
          sentence: 'Expired before a worker could start it.',
        };
      const act = interventions.revokeOf(row.uuid, true);
      const ended = { at: row.revoked, who: act?.who ?? null, operation: act?.operation ?? null };
      if (said.terminated === true)
        return {
          what: 'terminated',
          ...ended,
          sentence: `Terminated${signal(said.signum)} while it ran${by(ended.who)}.`,
        };
      return { what: 'revoked', ...ended, sentence: `Revoked${by(ended.who)} before it started.` };
    }
    case 'REJECTED':
      return {
        what: 'rejected',
        at: row.rejected,
        who: null,
        operation: null,
        sentence: `Rejected by ${row.worker ?? 'its worker'}: what the broker did with it is unknown.`,
      };
    default:
      return null;
  }
}

const by = (who: string | null): string => (who === null ? '' : ` by ${who}`);

const SIGNALS: Readonly<Record<string, string>> = {
  2: 'SIGINT',
  3: 'SIGQUIT',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  15: 'SIGTERM',
};
function signal(signum: unknown): string {
  if (typeof signum === 'number' || typeof signum === 'string') return ` (${SIGNALS[signum] ?? `signal ${signum}`})`;
  return '';
}
