// One task, all of it: beside the list, over it, or as a page of its own. What one came for is first: what was raised and its
// traceback, why it waits, how far it is, its result; its life, arguments and kin beside that where there is room, else below.
// What is known of it: use-task.ts. Its parts: task-head, task-finding, traceback-view, why-waits, task-progress, task-timeline,
// task-values, task-relations, against-success.

import { Link } from '@tanstack/react-router';
import { ENDED_STATES } from '../../../shared/states.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { ApiError } from '../api/client.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { Boundary } from '../ui/boundary.tsx';
import { Button } from '../ui/button.tsx';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { Icon } from '../ui/icon.tsx';
import { shortId } from '../ui/task-name.tsx';
import { AgainstSuccess } from './against-success.tsx';
import type { KnownTask } from './known-task.ts';
import { Finding } from './task-finding.tsx';
import { TaskHead } from './task-head.tsx';
import { TaskProgress } from './task-progress.tsx';
import { TaskRelations } from './task-relations.tsx';
import { TaskTimeline } from './task-timeline.tsx';
import { Arguments, Result } from './task-values.tsx';
import { TracebackView } from './traceback-view.tsx';
import { useTask, useWait } from './use-task.ts';
import { WhyWaits } from './why-waits.tsx';
import './task-detail.css';

export function TaskDetailPanel({
  id,
  row,
  onClose,
  onMove,
  atStart,
  atEnd,
}: {
  id: string;
  /** As the list has it: shown until the whole of it is read. */
  row?: TaskRow;
  onClose: () => void;
  onMove: (by: number) => void;
  atStart: boolean;
  atEnd: boolean;
}) {
  return (
    <aside className="panel detail" aria-label={t('Task {id}', { id: shortId(id) })}>
      <TaskBody
        id={id}
        row={row}
        tools={
          <>
            <Button
              kind="bare"
              icon="up"
              hint={t('Task before')}
              keys="["
              refused={atStart ? t('It is the first') : null}
              onClick={() => onMove(-1)}
            />
            <Button
              kind="bare"
              icon="down"
              hint={t('Next task')}
              keys="]"
              refused={atEnd ? t('It is the last') : null}
              onClick={() => onMove(1)}
            />
            <Link
              to="/tasks/$id"
              params={{ id }}
              className="btn bare only as-page"
              aria-label={t('Open as a page')}
              title={t('Open as a page')}
            >
              <Icon name="external" />
            </Link>
            <Button kind="bare" icon="close" hint={t('Close')} keys="Esc" onClick={onClose} />
          </>
        }
      />
    </aside>
  );
}

export function TaskBody({
  id,
  row,
  tools,
  page,
}: {
  id: string;
  row?: TaskRow;
  tools?: React.ReactNode;
  page?: boolean;
}) {
  const { task, error, missing, refetch } = useTask(id, row);
  if (task)
    return (
      <>
        <TaskHead task={task} tools={tools} page={page} />
        {task.partial && error !== null && <RowAlone error={error} missing={missing} onRetry={refetch} />}
        <Sections task={task} />
      </>
    );
  return (
    <>
      <header>
        <div className="line">
          <code className="grow clip muted">
            <ForeignText text={id} />
          </code>
          {tools}
        </div>
      </header>
      {missing ? (
        <Empty icon="tasks" title={t('No such task')}>
          <p className="muted">{t('No event named it, or it has left the history.')}</p>
        </Empty>
      ) : error !== null ? (
        <ErrorNote what={t('The task could not be read')} error={error} onRetry={refetch} />
      ) : (
        <Skeleton rows={12} label={t('Loading the task')} />
      )}
    </>
  );
}

/** What is below is only what its row said. */
function RowAlone({ error, missing, onRetry }: { error: unknown; missing: boolean; onRetry: () => void }) {
  const why = missing
    ? t('it has left the history')
    : error instanceof ApiError
      ? [fromServer(error.title), fromServer(error.detail)].filter(Boolean).join('. ')
      : String(error);
  return (
    <section className="row-alone">
      <p className="op-note" role="status" data-state="RETRY">
        <Icon name="late" />
        <span className="grow">
          {rich('This is what the list knew of it. The rest could not be read: {why} <button>Try again</button>', {
            why,
            button: (inside) => (
              <button type="button" className="link plain" onClick={onRetry}>
                {inside}
              </button>
            ),
          })}
        </span>
      </p>
    </section>
  );
}

/** In the order of the page: first what one came for, then what it is. */
function Sections({ task }: { task: KnownTask }) {
  const wait = useWait(task);
  const failed = task.state === 'FAILURE' || task.state === 'RETRY';
  /** One that cannot be drawn takes no other away. */
  const part = (what: string, inside: React.ReactNode) => (
    <Boundary what={what} of={task}>
      {inside}
    </Boundary>
  );
  const result = part(t('The result'), <Result task={task} />);
  const given = part(t('The arguments'), <Arguments task={task} />);
  const ended = ENDED_STATES.has(task.state) && !failed;
  const isLast = ENDED_STATES.has(task.state) && task.state !== 'SUCCESS';
  return (
    <div className="detail-columns">
      <div className="first">
        {part(t('What happened'), <Finding task={task} />)}
        {wait &&
          !ENDED_STATES.has(task.state) &&
          part(t('Why it waits'), <WhyWaits wait={wait} started={task.started !== null} />)}
        {part(t('Its progress'), <TaskProgress task={task} />)}
        {task.traceback && failed && part(t('The traceback'), <TracebackView text={task.traceback} />)}
        {failed && !task.partial && part(t('The comparison'), <AgainstSuccess key={task.uuid} task={task} />)}
        {!failed && result}
        {ended && given}
        {task.traceback &&
          !failed &&
          part(t('The traceback'), <TracebackView text={task.traceback} of={isLast ? null : t('of a try before')} />)}
      </div>
      <div className="then">
        {part(t('The timeline'), <TaskTimeline task={task} />)}
        {!ended && given}
        {part(t('Details'), <TaskRelations task={task} />)}
        {failed && !task.partial && result}
      </div>
    </div>
  );
}
