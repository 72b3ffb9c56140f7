// What happened to a task, in the words that answer most visits: what was raised and how often, how it ended otherwise, or that
// nobody knows. The traceback below it: traceback-view.tsx. Why it waits: why-waits.tsx.

import { Link } from '@tanstack/react-router';
import { splitException } from '../../../shared/exception-repr.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { ForeignText, LongText } from '../ui/foreign-text.tsx';
import { count } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { At } from '../ui/time.tsx';
import type { KnownTask } from './known-task.ts';

/** An exception's message is drawn in full up to this. @unit characters */
const MESSAGE = 600;

export function Finding({ task }: { task: KnownTask }) {
  return (
    <>
      {task.exception && task.state !== 'SUCCESS' && <Exception task={task} />}
      {task.became && task.became.what !== 'rejected' && (
        <Note>
          <ForeignText text={fromServer(task.became.sentence)} />
          {task.became.at !== null && (
            <span className="muted">
              {' '}
              <At at={task.became.at} />
            </span>
          )}
          {task.became.who && (
            <span className="muted">{rich(', by {who}', { who: <ForeignText text={task.became.who} /> })}</span>
          )}
          {task.became.operation !== null && (
            <>
              {' '}
              <Link className="link" to="/audit" search={{ open: String(task.became.operation) }}>
                {t('audit')}
              </Link>
            </>
          )}
        </Note>
      )}
      {/* The server's answer to "why does it wait" says the same with its evidence. */}
      {!task.wait && (task.orphaned || task.end_unknown) && (
        <Note>
          {task.orphaned
            ? t(
                '{worker} is gone and had not finished it. If the task acknowledges late, the broker gives it to another worker after its visibility timeout; else it is lost. It can be sent again.',
                { worker: task.worker ?? t('Its worker') },
              )
            : t(
                '{worker} does not have it any more. Either it ended without an event, as one that raises Ignore does, or the event was lost. The stored result may tell.',
                { worker: task.worker ?? t('Its worker') },
              )}
        </Note>
      )}
    </>
  );
}

function Note({ children }: { children: React.ReactNode }) {
  return (
    <section className="finding-note">
      <p className="op-note" data-state="RETRY">
        <Icon name="late" />
        <span>{children}</span>
      </p>
    </section>
  );
}

function Exception({ task }: { task: KnownTask }) {
  const { type, message } = splitException(task.exception ?? '');
  const more = task.same_failures - 1;
  return (
    <section className="raised-what">
      <p className="exc code">
        {type && (
          <b>
            <ForeignText text={type} />
          </b>
        )}{' '}
        <LongText text={message} max={MESSAGE} />
      </p>
      {more > 0 && type && (
        <p className="kin muted">
          {rich('<a>{more} more of this kind</a> in the last 24 h', {
            more: count(more),
            a: (inside) => (
              <Link
                className="link"
                to="/tasks"
                search={{ state: task.state, q: `exception:${type} name:${task.name}` }}
              >
                {inside}
              </Link>
            ),
          })}
        </p>
      )}
    </section>
  );
}
