// Where a task belongs: its queue and worker, its times in the zone of the page, and its relatives.
import { Link } from '@tanstack/react-router';
import { etaSeconds } from '../../../shared/query/match.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { PAGE_OPTIONS } from '../api/base.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { plural } from '../ui/format.ts';
import { StateBadge } from '../ui/state-badge.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { Age, At } from '../ui/time.tsx';
import type { KnownTask } from './known-task.ts';
import { traceIdOf, traceLink } from './trace.ts';

export function TaskRelations({ task }: { task: KnownTask }) {
  return (
    <section className="relations">
      <h3>Details</h3>
      <dl className="facts">
        <dt>Queue</dt>
        <dd>
          {task.queue ? (
            <Link to="/queues/$name" params={{ name: task.queue }} className="link">
              <code>
                <ForeignText text={task.queue} />
              </code>
            </Link>
          ) : (
            <span className="muted" title="Celery's events name it when senders set task_send_sent_event=True">
              unknown
            </span>
          )}
          {task.routing_key && task.routing_key !== task.queue && (
            <code className="muted">
              {' '}
              key <ForeignText text={task.routing_key} />
            </code>
          )}
          {task.exchange && (
            <code className="muted">
              {' '}
              exchange <ForeignText text={task.exchange} />
            </code>
          )}
        </dd>
        <dt>Worker</dt>
        <dd>
          {task.worker ? (
            <Link to="/workers/$name" params={{ name: task.worker }} className="link">
              <code>
                <ForeignText text={task.worker} />
              </code>
            </Link>
          ) : (
            <span className="muted">none yet</span>
          )}
        </dd>
        {task.eta && (
          <>
            <dt>ETA</dt>
            <dd>
              <IsoTime text={task.eta} />
            </dd>
          </>
        )}
        {task.expires && (
          <>
            <dt>Expires</dt>
            <dd>
              <IsoTime text={task.expires} />
            </dd>
          </>
        )}
        <dt>Last event</dt>
        <dd>
          <Age at={task.timestamp} suffix=" ago" />
        </dd>
        <Trace id={traceIdOf(task.extra)} />
        {isOfMany(task) && (
          <>
            <dt>Workflow</dt>
            <dd>
              <Link to="/workflows/$id" params={{ id: task.uuid }} search={{ task: task.uuid }} className="link">
                All of it, as a graph
              </Link>
            </dd>
          </>
        )}
        {task.parent && (
          <>
            <dt>Parent</dt>
            <dd>
              <RelatedTask row={task.parent} />
            </dd>
          </>
        )}
        {task.root && task.root.uuid !== task.uuid && task.root.uuid !== task.parent?.uuid && (
          <>
            <dt>Root</dt>
            <dd>
              <RelatedTask row={task.root} />
            </dd>
          </>
        )}
        {task.children.length > 0 && (
          <>
            <dt>Called</dt>
            <dd>
              {task.children.map((child) => (
                <div key={child.uuid}>
                  <RelatedTask row={child} />
                </div>
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
  const url = traceLink(PAGE_OPTIONS.trace_url, id);
  return (
    <>
      <dt>Trace</dt>
      <dd>
        {url === null ? (
          <code>{id}</code>
        ) : (
          <a className="link" href={url} target="_blank" rel="noreferrer">
            <code>{id}</code>
          </a>
        )}
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
