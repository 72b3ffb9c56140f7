// One entry, open beside the list: when it runs and will run, how its runs came, what it sends; and what can be done with it.
// Writing it: entry-form.tsx. All entries: entry-table.tsx.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { jsonText } from '../../../shared/json-text.ts';
import type { ScheduleRun } from '../../../shared/wire/schedules.ts';
import { ApiError } from '../api/client.ts';
import { scheduleRunsQuery } from '../api/queries.ts';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { duration, exactCount } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { Age, At } from '../ui/time.tsx';
import type { EntryRow } from './entry-list.ts';
import { EntryStateMark } from './entry-table.tsx';
import { NextTen } from './next-ten.tsx';
import { countWords, KIND_WORDS, kindOf } from './run-marks.tsx';
import { type EntryActs, useEntryActs } from './use-entry-acts.ts';
import { cronLine, zoneOf } from './wording.ts';

const CONFIGURED = 'It comes from the beat_schedule of an app: change it there';

export interface EntryPanelProps {
  entry: EntryRow;
  /** Why nothing can be written; null: it can. */
  readOnly: string | null;
  onEdit: () => void;
  onClose: () => void;
  onMove: (by: number) => void;
}

export function EntryPanel({ entry, readOnly, onEdit, onClose, onMove }: EntryPanelProps) {
  const acts = useEntryActs();
  const [deleting, setDeleting] = useState(false);
  const refusal = useRefusal(undefined, acts.isPending);
  const unwritable = refusal ?? (readOnly === null ? null : 'Its store is written by its beat alone');
  const configured = unwritable ?? (entry.from === 'app' ? CONFIGURED : null);
  const { name, task, options, enabled } = entry;
  const queue = typeof options?.queue === 'string' ? options.queue : null;
  return (
    <aside className="side opened schedule-entry">
      <section aria-label={`Entry ${name}`}>
        <header>
          <div className="line">
            <EntryStateMark state={entry.state} />
            <span className="grow" />
            <Button kind="bare" icon="up" hint="Entry before" keys="k" onClick={() => onMove(-1)} />
            <Button kind="bare" icon="down" hint="Next entry" keys="j" onClick={() => onMove(1)} />
            <Button kind="bare" icon="close" hint="Close" keys="Esc" onClick={onClose} />
          </div>
          <h2 className="code">
            <ForeignText text={name} />
          </h2>
          <p>
            <TaskName name={task} />
            {queue !== null && (
              <>
                {' '}
                to queue{' '}
                <Link to="/queues/$name" params={{ name: queue }} className="link code">
                  {queue}
                </Link>
              </>
            )}
          </p>
          <div className="btns">
            <Button icon="play" refused={refusal} onClick={() => acts.mutate({ act: 'run', name })}>
              Run now
            </Button>
            <Button
              icon={enabled === false ? 'play' : 'pause'}
              refused={unwritable}
              onClick={() => acts.mutate({ act: 'enable', name, enabled: enabled === false })}
            >
              {enabled === false ? 'Resume' : 'Pause'}
            </Button>
            <Button icon="edit" refused={configured} onClick={onEdit}>
              Edit
            </Button>
            <Button icon="trash" kind="danger" refused={configured} onClick={() => setDeleting(true)}>
              Delete
            </Button>
          </div>
          <ActNote acts={acts} />
        </header>
        <div className="part">
          <h3>When</h3>
          <p>
            <b>{entry.words}.</b>{' '}
            {entry.schedule?.kind === 'crontab' && <code className="muted">{cronLine(entry.schedule)}</code>}
          </p>
          {entry.next_run === null ? (
            <p className="muted">{entry.next_run_reason}</p>
          ) : (
            <div className="next-ten sunk">
              <NextTen entry={entry} />
            </div>
          )}
        </div>
        <Runs name={name} />
        <div className="part">
          <h3>What it sends</h3>
          <Sends entry={entry} />
        </div>
      </section>
      {deleting && (
        <Confirm
          title={
            <>
              Delete <code>{name}</code>
            </>
          }
          verb="Delete the entry"
          onClose={() => setDeleting(false)}
          onConfirm={() => acts.mutate({ act: 'delete', name }, { onSuccess: onClose })}
        >
          Beat sends it no more. What it has sent so far stays. It cannot be taken back.
        </Confirm>
      )}
    </aside>
  );
}

/** What came of the last act. */
function ActNote({ acts }: { acts: EntryActs }) {
  if (acts.isError) {
    const problem = acts.error instanceof ApiError ? acts.error : null;
    return (
      <p className="op-note" role="alert" data-state="FAILURE">
        <Icon name="FAILURE" />
        <span>
          <b>{problem?.title ?? 'It could not be done'}</b> {problem?.detail ?? String(acts.error)}
        </span>
      </p>
    );
  }
  if (!acts.data) return null;
  const { act, uuid, enabled } = acts.data;
  return (
    <p className="op-note" role="status" data-state="SUCCESS">
      <Icon name="SUCCESS" />
      <span>
        {act === 'run' && uuid ? (
          <>
            Sent as{' '}
            <Link to="/tasks/$id" params={{ id: uuid }} className="link code">
              {shortId(uuid)}
            </Link>
            . Its next time stays as it is.
          </>
        ) : act === 'enable' ? (
          enabled ? (
            'Resumed: it waits for its next time.'
          ) : (
            'Paused: beat sends it no more, within some seconds.'
          )
        ) : (
          'Written: beat reads it within some seconds.'
        )}
      </span>
    </p>
  );
}

function Runs({ name }: { name: string }) {
  const { data, error, refetch } = useQuery(scheduleRunsQuery(name));
  const runs = data?.items ?? [];
  return (
    <div className="part">
      <h3>Runs {runs.length > 0 && <span>{countWords(runs)}</span>}</h3>
      {data ? (
        <>
          {data.reason !== null && <p className="muted">{data.reason}</p>}
          {runs.length === 0 && <p className="muted">No task of it was seen yet.</p>}
          <ul className="run-list">
            {runs.map((run, i) => (
              <Run key={run.uuid ?? `${run.due} ${i}`} run={run} />
            ))}
          </ul>
        </>
      ) : error ? (
        <ErrorNote what="Its runs could not be read" error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton rows={4} />
      )}
    </div>
  );
}

function Run({ run }: { run: ScheduleRun }) {
  const { due, at, uuid, state, runtime } = run;
  const kind = kindOf(run);
  const after = due !== null && at !== null ? at - due : null;
  return (
    <li>
      <span className="when">
        <At at={at ?? due ?? 0} />
      </span>
      <span className="kind" data-kind={kind}>
        {KIND_WORDS[kind]}
      </span>
      <span className="what muted">
        {uuid === null ? (
          'no task was seen'
        ) : (
          <>
            <Link to="/tasks/$id" params={{ id: uuid }} className="link code">
              {shortId(uuid)}
            </Link>{' '}
            {after !== null && kind === 'late' && `${duration(after)} after its time, `}
            {state}
            {runtime !== null && `, ran ${duration(runtime)}`}
          </>
        )}
      </span>
    </li>
  );
}

function Sends({ entry }: { entry: EntryRow }) {
  const { args, kwargs, options, last_run: last, total_run_count: total, start_time: start, one_off: once } = entry;
  const text = (value: unknown) =>
    value === null ? <span className="muted">unknown</span> : <code>{jsonText(value)}</code>;
  return (
    <dl className="facts">
      <dt>Arguments</dt>
      <dd>{text(args)}</dd>
      <dt>Keywords</dt>
      <dd>{text(kwargs)}</dd>
      <dt>Options</dt>
      <dd>{text(options)}</dd>
      <dt>Zone</dt>
      <dd>{entry.timezone ?? zoneOf(entry)}</dd>
      {once && (
        <>
          <dt>How often</dt>
          <dd>once, and never again</dd>
        </>
      )}
      {start !== null && (
        <>
          <dt>Not before</dt>
          <dd>
            <At at={start} />
          </dd>
        </>
      )}
      <dt>Last sent</dt>
      <dd>{last === null ? 'never' : <Age at={last} ago />}</dd>
      <dt>Sent so far</dt>
      <dd>{exactCount(total)} times</dd>
      <dt>Written by</dt>
      <dd>{entry.from === 'app' ? 'the beat_schedule of an app' : 'people or programs, into the store'}</dd>
    </dl>
  );
}
