// The head of one task: its state, its name, its id, what can be done with it, and what came of that.
// Whether a verb applies is the server's word (`actions` of the detail). Before it is done: bulk-actions.tsx, retry-dialog.tsx.

import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { OperationRequest } from '../../../shared/wire/operations.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { useOperation } from '../api/actions.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Button, CopyButton } from '../ui/button.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { clock } from '../ui/format.ts';
import { visible } from '../ui/invisible.ts';
import { StateBadge } from '../ui/state-badge.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { At } from '../ui/time.tsx';
import type { TaskVerb } from './applies.ts';
import { ConfirmVerb } from './bulk-actions.tsx';
import type { KnownTask } from './known-task.ts';
import { RetryDialog } from './retry-dialog.tsx';

const VERB_ICON = { retry: 'refresh', revoke: 'stop', terminate: 'power' } as const;
/** Where sending it again is what one came for. */
const WANTS_RETRY = new Set(['FAILURE', 'REVOKED', 'REJECTED']);

export function TaskHead({ task, tools, page }: { task: KnownTask; tools?: React.ReactNode; page?: boolean }) {
  const operation = useOperation();
  const readOnly = useReadOnly();
  const away = useRefusal(undefined, operation.isPending);
  const [confirm, setConfirm] = useState<TaskVerb | null>(null);
  const newId = operation.data?.new_ids?.[task.uuid];
  const finished = task.actions.retry.allowed && task.state !== 'STARTED' && task.state !== 'RECEIVED';
  const send = (request: OperationRequest) => {
    operation.mutate(request);
    setConfirm(null);
  };
  const go = (verb: TaskVerb) =>
    verb === 'revoke' ? operation.mutate({ action: verb, task_ids: [task.uuid] }) : setConfirm(verb);
  useShortcuts(
    page
      ? []
      : [
          {
            keys: 'v',
            label: t('Revoke the open task'),
            group: 'Task',
            run: () => task.actions.revoke.allowed && away === null && go('revoke'),
          },
        ],
  );
  const button = (verb: TaskVerb, label: string, kind?: 'primary' | 'danger') => {
    const may = task.actions[verb];
    const gone =
      verb === 'terminate' && task.unknown_since !== undefined ? t('Its worker is gone: nothing would hear it') : null;
    const refused = may.allowed ? (away ?? gone) : (fromServer(may.reason) ?? t('It does not apply now'));
    return (
      <Button icon={VERB_ICON[verb]} kind={refused ? undefined : kind} refused={refused} onClick={() => go(verb)}>
        {label}
      </Button>
    );
  };
  const retry = button('retry', t('Retry'), WANTS_RETRY.has(task.state) ? 'primary' : undefined);
  const Name = page ? 'h1' : 'h2';
  return (
    <header>
      <div className="line">
        <StateBadge state={task.state} tinted />
        <span className="muted clip">
          <Aside task={task} />
        </span>
        <span className="grow" />
        {tools}
      </div>
      <Name className="task-title">
        <TaskName name={task.name} />
      </Name>
      <p className="line id">
        <code className="clip" title={visible(task.uuid)}>
          <ForeignText text={task.uuid} />
        </code>
        <CopyButton text={task.uuid} what={t('id')} keys="c" />
      </p>
      {readOnly ? (
        <p className="muted">{t('This dashboard only reads: it was started read-only.')}</p>
      ) : (
        <div className="btns">
          {finished ? retry : null}
          {button('revoke', t('Revoke'))}
          {button('terminate', t('Terminate'), 'danger')}
          {finished ? null : retry}
        </div>
      )}
      <OperationNote
        operation={operation}
        proof={
          newId
            ? rich('Sent again as {link}', {
                link: (
                  <Link to="/tasks" search={{ task: newId }} className="link">
                    <code>{shortId(newId)}</code>
                  </Link>
                ),
              })
            : operation.data && <Proof task={task} action={operation.data.action} since={operation.data.at} />
        }
      />
      {confirm === 'retry' && (
        <RetryDialog
          id={task.uuid}
          onClose={() => setConfirm(null)}
          onDo={(options) => send({ action: 'retry', task_ids: [task.uuid], ...options })}
        />
      )}
      {confirm === 'terminate' && (
        <ConfirmVerb
          verb={confirm}
          rows={[task as TaskRow]}
          onClose={() => setConfirm(null)}
          onDo={(signal) => send({ action: 'terminate', task_ids: [task.uuid], signal })}
        />
      )}
    </header>
  );
}

/** The worker's reply says that it heard; only the event says that it is so. */
function Proof({ task, action, since }: { task: KnownTask; action: string; since: number }) {
  if (action !== 'revoke' && action !== 'terminate') return null;
  if (task.revoked !== null && task.revoked >= since - 60)
    return <>{t('The event came: revoked at {time}.', { time: clock(task.revoked) })}</>;
  if (task.state === 'FAILURE' && task.failed !== null && task.failed >= since - 1)
    return <>{t('The event came: failed at {time}.', { time: clock(task.failed) })}</>;
  if (task.state === 'SUCCESS') return <>{t('It had succeeded before a worker could stop it.')}</>;
  return (
    <>
      {task.started === null
        ? t('A worker drops it when it comes to it, and says so then. No event yet')
        : t('No event of its end yet')}
      <i className="waiting-dots" aria-hidden="true" />
    </>
  );
}

/** What the state alone does not say. */
function Aside({ task }: { task: KnownTask }) {
  if (task.unknown_since !== undefined)
    return <>{rich('unknown since {time}', { time: <At at={task.unknown_since} /> })}</>;
  const tries = task.tries.length || task.retries + 1;
  if (task.orphaned) return t('its worker is gone');
  if (task.end_unknown) return t('how it ended is unknown');
  if (task.revoke_asked && task.state !== 'REVOKED') return t('revoked, and waits to be dropped');
  if (tries > 1)
    return task.state === 'RETRY' ? t('after try {tries}', { tries }) : t('after {tries} tries', { tries });
  if (task.state === 'REVOKED') return task.started === null ? t('before it started') : t('while it ran');
  return null;
}
