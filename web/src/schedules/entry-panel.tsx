// One entry, open beside the list: when it runs and will run, how its runs came, what it sends; and what can be done with it.
// Writing it: entry-form.tsx. All entries: entry-table.tsx.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { jsonText } from '../../../shared/json-text.ts';
import type { ScheduleRun } from '../../../shared/wire/schedules.ts';
import { ApiError } from '../api/client.ts';
import { scheduleRunsQuery } from '../api/queries.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t, tn } from '../language/text.ts';
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

const CONFIGURED = t('It comes from the beat_schedule of an app: change it there');

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
  const unwritable = refusal ?? (readOnly === null ? null : t('Its store is written by its beat alone'));
  const configured = unwritable ?? (entry.from === 'app' ? CONFIGURED : null);
  const { name, task, options, enabled } = entry;
  const queue = typeof options?.queue === 'string' ? options.queue : null;
  return (
    <aside className="side opened schedule-entry">
      <section aria-label={t('Entry {name}', { name })}>
        <header>
          <div className="line">
            <EntryStateMark state={entry.state} />
            <span className="grow" />
            <Button kind="bare" icon="up" hint={t('Entry before')} keys="k" onClick={() => onMove(-1)} />
            <Button kind="bare" icon="down" hint={t('Next entry')} keys="j" onClick={() => onMove(1)} />
            <Button kind="bare" icon="close" hint={t('Close')} keys="Esc" onClick={onClose} />
          </div>
          <h2 className="code">
            <ForeignText text={name} />
          </h2>
          <p>
            <TaskName name={task} />
            {queue !== null && (
              <>
                {' '}
                {rich('to queue <a>{queue}</a>', {
                  queue,
                  a: (inside) => (
                    <Link to="/queues/$name" params={{ name: queue }} className="link code">
                      {inside}
                    </Link>
                  ),
                })}
              </>
            )}
          </p>
          <div className="btns">
            <Button icon="play" refused={refusal} onClick={() => acts.mutate({ act: 'run', name })}>
              {t('Run now')}
            </Button>
            <Button
              icon={enabled === false ? 'play' : 'pause'}
              refused={unwritable}
              onClick={() => acts.mutate({ act: 'enable', name, enabled: enabled === false })}
            >
              {enabled === false ? t('Resume') : t('Pause')}
            </Button>
            <Button icon="edit" refused={configured} onClick={onEdit}>
              {t('Edit')}
            </Button>
            <Button icon="trash" kind="danger" refused={configured} onClick={() => setDeleting(true)}>
              {t('Delete')}
            </Button>
          </div>
          <ActNote acts={acts} />
        </header>
        <div className="part">
          <h3>{t('entry|When')}</h3>
          <p>
            <b>{t('{words}.', { words: entry.words })}</b>{' '}
            {entry.schedule?.kind === 'crontab' && <code className="muted">{cronLine(entry.schedule)}</code>}
          </p>
          {entry.next_run === null ? (
            <p className="muted">{fromServer(entry.next_run_reason)}</p>
          ) : (
            <div className="next-ten sunk">
              <NextTen entry={entry} />
            </div>
          )}
        </div>
        <Runs name={name} />
        <div className="part">
          <h3>{t('What it sends')}</h3>
          <Sends entry={entry} />
        </div>
      </section>
      {deleting && (
        <Confirm
          title={rich('Delete <code>{name}</code>', { name })}
          verb={t('Delete the entry')}
          onClose={() => setDeleting(false)}
          onConfirm={() => acts.mutate({ act: 'delete', name }, { onSuccess: onClose })}
        >
          {t('Beat sends it no more. What it has sent so far stays. It cannot be taken back.')}
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
          <b>{fromServer(problem?.title) ?? t('It could not be done')}</b>{' '}
          {fromServer(problem?.detail) ?? String(acts.error)}
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
        {act === 'run' && uuid
          ? rich('Sent as <a>{id}</a>. Its next time stays as it is.', {
              id: shortId(uuid),
              a: (inside) => (
                <Link to="/tasks/$id" params={{ id: uuid }} className="link code">
                  {inside}
                </Link>
              ),
            })
          : act === 'enable'
            ? enabled
              ? t('Resumed: it waits for its next time.')
              : t('Paused: beat sends it no more, within some seconds.')
            : t('Written: beat reads it within some seconds.')}
      </span>
    </p>
  );
}

function Runs({ name }: { name: string }) {
  const { data, error, refetch } = useQuery(scheduleRunsQuery(name));
  const runs = data?.items ?? [];
  return (
    <div className="part">
      <h3>
        {t('Runs')} {runs.length > 0 && <span>{countWords(runs)}</span>}
      </h3>
      {data ? (
        <>
          {data.reason !== null && <p className="muted">{fromServer(data.reason)}</p>}
          {runs.length === 0 && <p className="muted">{t('No task of it was seen yet.')}</p>}
          <ul className="run-list">
            {runs.map((run, i) => (
              <Run key={run.uuid ?? `${run.due} ${i}`} run={run} />
            ))}
          </ul>
        </>
      ) : error ? (
        <ErrorNote what={t('Its runs could not be read')} error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton rows={4} />
      )}
    </div>
  );
}

function Run({ run }: { run: ScheduleRun }) {
  const { due, at, uuid, state, runtime } = run;
  const kind = kindOf(run);
  const said = [
    kind === 'late' && due !== null && at !== null ? t('{time} after its time', { time: duration(at - due) }) : null,
    state,
    runtime === null ? null : t('ran {time}', { time: duration(runtime) }),
  ].filter((one) => one !== null);
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
          t('no task was seen')
        ) : (
          <>
            <Link to="/tasks/$id" params={{ id: uuid }} className="link code">
              {shortId(uuid)}
            </Link>{' '}
            {said.join(t('list|, '))}
          </>
        )}
      </span>
    </li>
  );
}

function Sends({ entry }: { entry: EntryRow }) {
  const { args, kwargs, options, last_run: last, total_run_count: total, start_time: start, one_off: once } = entry;
  const text = (value: unknown) =>
    value === null ? <span className="muted">{t('unknown')}</span> : <code>{jsonText(value)}</code>;
  return (
    <dl className="facts">
      <dt>{t('Arguments')}</dt>
      <dd>{text(args)}</dd>
      <dt>{t('Keywords')}</dt>
      <dd>{text(kwargs)}</dd>
      <dt>{t('Options')}</dt>
      <dd>{text(options)}</dd>
      <dt>{t('Zone')}</dt>
      <dd>{entry.timezone ?? zoneOf(entry)}</dd>
      {once && (
        <>
          <dt>{t('How often')}</dt>
          <dd>{t('once, and never again')}</dd>
        </>
      )}
      {start !== null && (
        <>
          <dt>{t('Not before')}</dt>
          <dd>
            <At at={start} />
          </dd>
        </>
      )}
      <dt>{t('Last sent')}</dt>
      <dd>{last === null ? t('sent|never') : <Age at={last} ago />}</dd>
      <dt>{t('Sent so far')}</dt>
      <dd>{tn(total, '{count} time', '{count} times', { count: exactCount(total) })}</dd>
      <dt>{t('Written by')}</dt>
      <dd>{entry.from === 'app' ? t('the beat_schedule of an app') : t('people or programs, into the store')}</dd>
    </dl>
  );
}
