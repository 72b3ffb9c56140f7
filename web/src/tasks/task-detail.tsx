// One task, all of it: beside the list, over it, or as a page of its own. Parts: task-timeline, task-values, traceback-view.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { TaskDetail, TaskRow } from '../../../shared/wire/http.ts';
import { useOperation } from '../api/actions.ts';
import { ApiError } from '../api/client.ts';
import { taskQuery } from '../api/queries.ts';
import { useLiveTask, useReadOnly, useWatch } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Button, CopyButton } from '../ui/button.tsx';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { Icon } from '../ui/icon.tsx';
import { StateBadge } from '../ui/state-badge.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { Age } from '../ui/time.tsx';
import { clock, count, exceptionParts, plural } from '../ui/words.ts';
import type { TaskVerb } from './applies.ts';
import { ConfirmVerb } from './bulk-actions.tsx';
import { RetryDialog } from './retry-dialog.tsx';
import { TaskTimeline } from './task-timeline.tsx';
import { Arguments, Result } from './task-values.tsx';
import { TracebackView } from './traceback-view.tsx';

/** The task with what the live feed knows better; read again when it changed. */
export function useTask(id: string) {
  const live = useLiveTask(id);
  useWatch([id]);
  const query = useQuery({
    ...taskQuery(id),
    retry: (n, error) => n < 2 && !(error instanceof ApiError && error.status === 404),
  });
  const { refetch } = query;
  const stamp = live?.timestamp ?? 0;
  const known = query.data?.timestamp ?? 0;
  useEffect(() => {
    if (stamp <= known || known === 0) return;
    const handle = setTimeout(() => void refetch(), 150);
    return () => clearTimeout(handle);
  }, [stamp, known, refetch]);
  const task: TaskDetail | undefined =
    query.data && live && live.timestamp > query.data.timestamp ? { ...query.data, ...live } : query.data;
  return { ...query, task };
}

export function TaskDetailPanel({
  id,
  onClose,
  onMove,
  atStart,
  atEnd,
}: {
  id: string;
  onClose: () => void;
  onMove: (by: number) => void;
  atStart: boolean;
  atEnd: boolean;
}) {
  return (
    <aside className="panel detail" aria-label={`Task ${shortId(id)}`}>
      <TaskBody
        id={id}
        tools={
          <>
            <Button
              kind="bare"
              icon="up"
              hint="Task before"
              keys="["
              refused={atStart ? 'It is the first' : null}
              onClick={() => onMove(-1)}
            />
            <Button
              kind="bare"
              icon="down"
              hint="Next task"
              keys="]"
              refused={atEnd ? 'It is the last' : null}
              onClick={() => onMove(1)}
            />
            <Link
              to="/tasks/$id"
              params={{ id }}
              className="btn bare only as-page"
              aria-label="Open as a page"
              title="Open as a page"
            >
              <Icon name="external" />
            </Link>
            <Button kind="bare" icon="close" hint="Close" keys="Esc" onClick={onClose} />
          </>
        }
      />
    </aside>
  );
}

export function TaskBody({ id, tools, page }: { id: string; tools?: React.ReactNode; page?: boolean }) {
  const query = useTask(id);
  const { task } = query;
  if (!task) {
    return (
      <>
        <header>
          <div className="line">
            <code className="grow clip muted">{id}</code>
            {tools}
          </div>
        </header>
        {query.isError ? (
          query.error instanceof ApiError && query.error.status === 404 ? (
            <Empty icon="tasks" title="No such task">
              <p className="muted">No event named it, or it has left the history.</p>
            </Empty>
          ) : (
            <ErrorNote what="The task could not be read" error={query.error} onRetry={() => void query.refetch()} />
          )
        ) : (
          <Skeleton rows={12} label="Loading the task" />
        )}
      </>
    );
  }
  return (
    <>
      <Head task={task} tools={tools} page={page} />
      {task.exception && task.state !== 'SUCCESS' && <Exception task={task} />}
      {(task.orphaned || task.untold) && <Lost task={task} />}
      <div className="detail-sections">
        <TaskTimeline task={task} />
        <Arguments task={task} />
        <Result task={task} />
        {task.traceback && <TracebackView text={task.traceback} of={tryOf(task)} />}
        <Belongs task={task} />
      </div>
    </>
  );
}

/** What was raised and is overcome belongs to a try before. */
function tryOf(task: TaskDetail): string | null {
  return task.state === 'SUCCESS' || task.state === 'STARTED' || task.state === 'RECEIVED' ? 'of a try before' : null;
}

function Lost({ task }: { task: TaskDetail }) {
  return (
    <section>
      <p className="op-note" data-state="RETRY">
        <Icon name="late" />
        <span>
          {task.orphaned
            ? `${task.worker} is gone, and had not finished it. If the task acknowledges late, the broker gives it to another worker after its visibility timeout; else it is lost. It can be sent again.`
            : `${task.worker} says that it has it no more. Either it ended without an event, as one that raises Ignore does, or the event was lost. The stored result may tell.`}
        </span>
      </p>
    </section>
  );
}

const VERB_ICON = { retry: 'refresh', revoke: 'stop', terminate: 'power' } as const;

function Head({ task, tools, page }: { task: TaskDetail; tools?: React.ReactNode; page?: boolean }) {
  const operation = useOperation();
  const readOnly = useReadOnly();
  const [confirm, setConfirm] = useState<TaskVerb | null>(null);
  const newId = operation.data?.new_ids?.[task.uuid];
  const finished = task.actions.retry.allowed && task.state !== 'STARTED' && task.state !== 'RECEIVED';
  const go = (verb: TaskVerb) =>
    verb === 'revoke' ? operation.mutate({ action: verb, task_ids: [task.uuid] }) : setConfirm(verb);
  useShortcuts(
    page
      ? []
      : [
          {
            keys: 'v',
            label: 'Revoke the open task',
            group: 'Task',
            run: () => task.actions.revoke.allowed && !readOnly && go('revoke'),
          },
        ],
  );
  const button = (verb: TaskVerb, label: string, kind?: 'primary' | 'danger') => {
    const may = task.actions[verb];
    const refused = operation.isPending
      ? 'Waiting for workers'
      : may.allowed
        ? null
        : (may.reason ?? 'It does not apply now');
    return (
      <Button icon={VERB_ICON[verb]} kind={refused ? undefined : kind} refused={refused} onClick={() => go(verb)}>
        {label}
      </Button>
    );
  };
  const Name = page ? 'h1' : 'h2';
  return (
    <header>
      <div className="line">
        <StateBadge state={task.state} tinted />
        <span className="muted clip">{triesNote(task)}</span>
        <span className="grow" />
        {tools}
      </div>
      <Name className="task-title">
        <TaskName name={task.name} />
      </Name>
      <p className="line id">
        <code className="clip" title={task.uuid}>
          {task.uuid}
        </code>
        <CopyButton text={task.uuid} what="id" keys="c" />
      </p>
      {readOnly ? (
        <p className="muted">This dashboard only reads: it was started read-only.</p>
      ) : (
        <div className="btns">
          {finished ? button('retry', 'Retry', 'primary') : null}
          {button('revoke', 'Revoke')}
          {button('terminate', 'Terminate', 'danger')}
          {finished ? null : button('retry', 'Retry')}
        </div>
      )}
      <OperationNote
        operation={operation}
        proof={
          newId ? (
            <>
              Sent again as{' '}
              <Link to="/tasks" search={{ task: newId }} className="link">
                <code>{shortId(newId)}</code>
              </Link>
            </>
          ) : (
            operation.data && <Proof task={task} action={operation.data.action} since={operation.data.at} />
          )
        }
      />
      {confirm === 'retry' && (
        <RetryDialog
          id={task.uuid}
          onClose={() => setConfirm(null)}
          onDo={(queue) => {
            operation.mutate({ action: 'retry', task_ids: [task.uuid], queue });
            setConfirm(null);
          }}
        />
      )}
      {confirm === 'terminate' && (
        <ConfirmVerb
          verb={confirm}
          rows={[task as TaskRow]}
          onClose={() => setConfirm(null)}
          onDo={(signal) => {
            operation.mutate({ action: 'terminate', task_ids: [task.uuid], signal });
            setConfirm(null);
          }}
        />
      )}
    </header>
  );
}

/** The worker's reply says that it heard; only the event says that it is so. */
function Proof({ task, action, since }: { task: TaskDetail; action: string; since: number }) {
  if (action !== 'revoke' && action !== 'terminate') return null;
  if (task.revoked !== null && task.revoked >= since - 60)
    return <>The event came: revoked at {clock(task.revoked)}.</>;
  if (task.state === 'FAILURE' && task.failed !== null && task.failed >= since - 1)
    return <>The event came: failed at {clock(task.failed)}.</>;
  if (task.state === 'SUCCESS') return <>It had succeeded before the workers could stop it.</>;
  return (
    <span className="waiting-dots">
      {task.started === null
        ? 'Workers say so when it would have started: waiting for the event'
        : 'Waiting for the event'}
    </span>
  );
}

function triesNote(task: TaskDetail): string {
  const tries = task.tries.length || task.retries + 1;
  if (task.orphaned) return 'its worker is gone';
  if (task.untold) return 'its end was not told';
  if (tries > 1) return task.state === 'RETRY' ? `after try ${tries}` : `after ${tries} tries`;
  if (task.state === 'REVOKED') return task.started === null ? 'before it started' : 'while it ran';
  return '';
}

function Exception({ task }: { task: TaskDetail }) {
  const { type, message } = exceptionParts(task.exception ?? '');
  const more = task.same_failures - 1;
  return (
    <section>
      <p className="exc code">
        {type && <b>{type}</b>} {message}
      </p>
      {more > 0 && type && (
        <p className="kin muted">
          <Link className="link" to="/tasks" search={{ state: task.state, q: `exception:${type} name:${task.name}` }}>
            {count(more)} more of this kind
          </Link>{' '}
          in the last 24 h
        </p>
      )}
    </section>
  );
}

function Belongs({ task }: { task: TaskDetail }) {
  const kin = (row: TaskRow) => (
    <Link to="/tasks" search={{ task: row.uuid }} className="kin-row">
      <StateBadge state={row.state} retries={row.retries} />
      <TaskName name={row.name} />
      <code className="faint">{shortId(row.uuid)}</code>
    </Link>
  );
  return (
    <section>
      <h3>Where it belongs</h3>
      <dl className="facts">
        <dt>Queue</dt>
        <dd>
          {task.queue ? (
            <Link to="/queues/$name" params={{ name: task.queue }} className="link">
              <code>{task.queue}</code>
            </Link>
          ) : (
            <span className="muted" title="Celery's events tell it when senders set task_send_sent_event=True">
              not told
            </span>
          )}
          {task.routing_key && task.routing_key !== task.queue && (
            <code className="muted"> key {task.routing_key}</code>
          )}
          {task.exchange && <code className="muted"> exchange {task.exchange}</code>}
        </dd>
        <dt>Worker</dt>
        <dd>
          {task.worker ? (
            <Link to="/workers/$name" params={{ name: task.worker }} className="link">
              <code>{task.worker}</code>
            </Link>
          ) : (
            '-'
          )}
        </dd>
        {task.eta && (
          <>
            <dt>ETA</dt>
            <dd>
              <code>{task.eta}</code>
            </dd>
          </>
        )}
        {task.expires && (
          <>
            <dt>Expires</dt>
            <dd>
              <code>{task.expires}</code>
            </dd>
          </>
        )}
        <dt>Last event</dt>
        <dd>
          <Age at={task.timestamp} suffix=" ago" />
        </dd>
        {task.parent && (
          <>
            <dt>Parent</dt>
            <dd>{kin(task.parent)}</dd>
          </>
        )}
        {task.root && task.root.uuid !== task.uuid && task.root.uuid !== task.parent?.uuid && (
          <>
            <dt>Root</dt>
            <dd>{kin(task.root)}</dd>
          </>
        )}
        {task.children.length > 0 && (
          <>
            <dt>Called</dt>
            <dd>
              {task.children.map((child) => (
                <div key={child.uuid}>{kin(child)}</div>
              ))}
              {task.children_total > task.children.length && (
                <Link className="link" to="/tasks" search={{ q: `parent:${task.uuid}` }}>
                  all {plural(task.children_total, 'task')}
                </Link>
              )}
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}
