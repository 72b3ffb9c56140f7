// What stands in a cell of the task list. Holds: what is unknown says so; a figure that nobody knows to be true does not tick on.

import { splitException } from '../../../shared/exception-repr.ts';
import { ENDED_STATES } from '../../../shared/states.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { t } from '../language/text.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { exactTime, shortNode } from '../ui/format.ts';
import { visible } from '../ui/invisible.ts';
import { StateBadge } from '../ui/state-badge.tsx';
import { Runtime } from '../ui/time.tsx';
import { argumentsOf } from './call-arguments.ts';

export function State({ row }: { row: TaskRow }) {
  // Another state is another element: what trouble wears around it moves nothing.
  const badge = <StateBadge key={row.state} state={row.state} retries={row.retries} />;
  if (row.unknown_since === undefined) return badge;
  return (
    <span
      data-unknown=""
      title={t('Unknown since {time}: its worker fell silent', {
        time: exactTime(row.unknown_since),
      })}
    >
      {badge}
    </span>
  );
}

export function MaybeName({ name, short = false }: { name: string | null; short?: boolean }) {
  if (!name) return <span className="faint">-</span>;
  return (
    <span title={visible(name)}>
      <ForeignText text={short ? shortNode(name) : name} />
    </span>
  );
}

const RUNNING = new Set(['STARTED', 'PROGRESS']);

function isRunning(row: TaskRow): boolean {
  return (
    row.started !== null &&
    row.succeeded === null &&
    row.failed === null &&
    row.revoked === null &&
    row.retried === null
  );
}

export function RunTime({ row }: { row: TaskRow }) {
  if (row.unknown_since !== undefined)
    return (
      <span className="unknown" title={t('Its worker fell silent')}>
        {t('unknown')}
      </span>
    );
  const runs = isRunning(row);
  return (
    <span className={runs || RUNNING.has(row.state) ? 'running' : undefined} data-state={row.state}>
      <Runtime runtime={row.runtime} started={row.started} ended={row.failed ?? row.revoked} running={runs} />
    </span>
  );
}

/** Somebody has revoked it, and no worker has come to it yet: it will not run, whatever its state says. */
function RevokeAsked({ row }: { row: TaskRow }) {
  if (!row.revoke_asked || ENDED_STATES.has(row.state)) return null;
  return (
    <span
      className="revoke-asked"
      data-state="REVOKED"
      title={t('Revoked {time}: a worker drops it when it comes to it', {
        time: exactTime(row.revoke_asked),
      })}
    >
      {t('revoke asked')}
    </span>
  );
}

/** Enough for the widest screen: a list is no place for a long text. @unit characters */
const IN_A_ROW = 300;
const TROUBLE = new Set(['FAILURE', 'RETRY', 'REJECTED']);

/** What one looks for first in a failed task is why; its arguments come after it, and both on hover. */
export function WhyOrArguments({ row }: { row: TaskRow }) {
  const given = argumentsOf(row);
  if (!row.exception || !TROUBLE.has(row.state))
    return (
      <>
        <RevokeAsked row={row} />
        <span title={visible(given.slice(0, 2000))}>
          <ForeignText text={given.slice(0, IN_A_ROW)} />
        </span>
      </>
    );
  const { type, message } = splitException(row.exception);
  return (
    <>
      <RevokeAsked row={row} />
      <span className="why" title={visible(`${row.exception.slice(0, 1500)}\n${given.slice(0, 500)}`)}>
        {type !== '' && (
          <b>
            <ForeignText text={type.slice(0, 100)} />
          </b>
        )}{' '}
        <ForeignText text={message.slice(0, IN_A_ROW)} />
        <span className="args">
          <ForeignText text={given.slice(0, 100)} />
        </span>
      </span>
    </>
  );
}
