// Where a task belongs: its queue and worker, its times in the zone of the page, and its relatives.

import { Link } from '@tanstack/react-router';
import { etaSeconds } from '../../../shared/query/match.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { StateBadge } from '../ui/state-badge.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { Age, At } from '../ui/time.tsx';
import type { KnownTask } from './known-task.ts';
import { TraceLink, traceOfTask } from './trace.tsx';

export function TaskRelations({ task }: { task: KnownTask }) {
  return (
    <section className="relations">
      <h3>{t('Details')}</h3>
      <dl className="facts">
        <dt>{t('Queue')}</dt>
        <dd>
          {task.queue ? (
            <Link to="/queues/$name" params={{ name: task.queue }} className="link">
              <code>
                <ForeignText text={task.queue} />
              </code>
            </Link>
          ) : (
            <span className="muted" title={t("Celery's events name it when senders set task_send_sent_event=True")}>
              {t('unknown')}
            </span>
          )}
          {task.routing_key && task.routing_key !== task.queue && (
            <code className="muted">{rich('key {name}', { name: <ForeignText text={task.routing_key} /> })}</code>
          )}
          {task.exchange && (
            <code className="muted">{rich('exchange {name}', { name: <ForeignText text={task.exchange} /> })}</code>
          )}
        </dd>
        <dt>{t('Worker')}</dt>
        <dd>
          {task.worker ? (
            <Link to="/workers/$name" params={{ name: task.worker }} className="link">
              <code>
                <ForeignText text={task.worker} />
              </code>
            </Link>
          ) : (
            <span className="muted">{t('none yet')}</span>
          )}
        </dd>
        {task.eta && (
          <>
            <dt>{t('ETA')}</dt>
            <dd>
              <IsoTime text={task.eta} />
            </dd>
          </>
        )}
        {task.expires && (
          <>
            <dt>{t('Expires')}</dt>
            <dd>
              <IsoTime text={task.expires} />
            </dd>
          </>
        )}
        <dt>{t('Last event')}</dt>
        <dd>
          <Age at={task.timestamp} ago />
        </dd>
        <Trace id={traceOfTask(task.extra)} />
        {isOfMany(task) && (
          <>
            <dt>{t('Workflow')}</dt>
            <dd>
              <Link to="/workflows/$id" params={{ id: task.uuid }} search={{ task: task.uuid }} className="link">
                {t('All of it, as a graph')}
              </Link>
            </dd>
          </>
        )}
        {task.parent && (
          <>
            <dt>{t('Parent')}</dt>
            <dd>
              <RelatedTask row={task.parent} />
            </dd>
          </>
        )}
        {task.root && task.root.uuid !== task.uuid && task.root.uuid !== task.parent?.uuid && (
          <>
            <dt>{t('Root')}</dt>
            <dd>
              <RelatedTask row={task.root} />
            </dd>
          </>
        )}
        {task.children.length > 0 && (
          <>
            <dt>{t('Called')}</dt>
            <dd>
              {task.children.map((child) => (
                <div key={child.uuid}>
                  <RelatedTask row={child} />
                </div>
              ))}
              {task.children_total > task.children.length && (
                <Link className="link" to="/tasks" search={{ q: `parent:${task.uuid}` }}>
                  {tn(task.children_total, 'all # tasks', 'all # tasks')}
                </Link>
              )}
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

/** Other tasks have its root, or are parts of its group, as far as is known. */
function isOfMany(task: KnownTask): boolean {
  const { root_id, uuid, children, parent_id, extra } = task;
  return (
    (root_id !== null && root_id !== uuid) ||
    parent_id !== null ||
    children.length > 0 ||
    Boolean(extra?.group_id || extra?.canvas)
  );
}

function Trace({ id }: { id: string | null }) {
  if (id === null) return null;
  return (
    <>
      <dt>{t('Trace')}</dt>
      <dd>
        <TraceLink id={id} />
      </dd>
    </>
  );
}

function RelatedTask({ row }: { row: TaskRow }) {
  return (
    <Link to="/tasks" search={{ task: row.uuid }} className="related-row">
      <StateBadge state={row.state} retries={row.retries} />
      <TaskName name={row.name} />
      <code className="faint">{shortId(row.uuid)}</code>
    </Link>
  );
}

/** A time of a message, as all other times are shown; what cannot be read as one is shown as it is. */
function IsoTime({ text }: { text: string }) {
  const at = etaSeconds(text);
  return at === null ? (
    <code>
      <ForeignText text={text} />
    </code>
  ) : (
    <At at={at} />
  );
}
