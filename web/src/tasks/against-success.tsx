// What differs between a task that failed and the last of its name that succeeded: arguments, worker, how long each part took. Only what
// differs; each difference with how many of the others have it, so that one that tells is marked and chance ones are called so.

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ENOUGH } from '../../../shared/compare-calls.ts';
import type { Difference, TaskComparison } from '../../../shared/wire/comparison.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { comparisonQuery } from '../api/queries.ts';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count, duration } from '../ui/format.ts';
import { shortId } from '../ui/task-name.tsx';
import { Age } from '../ui/time.tsx';
import './against-success.css';

/** Rows before the rest is counted. */
const MAX_ROWS = 8;

export function AgainstSuccess({ task }: { task: TaskRow }) {
  const query = useQuery(comparisonQuery(task.uuid));
  return (
    <section className="against-success">
      <h3>{t('Against a success')}</h3>
      {query.isPending ? (
        <Skeleton rows={3} />
      ) : query.isError && !query.data ? (
        <ErrorNote what={t('It could not be compared')} error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        query.data && <Compared task={task} found={query.data} />
      )}
    </section>
  );
}

function Compared({ task, found }: { task: TaskRow; found: TaskComparison }) {
  const { success, differences, same } = found;
  if (success === null) return <p className="muted">{t('No task of this name that succeeded is known.')}</p>;
  const times = timesOf(task, success);
  const more = differences.length - MAX_ROWS;
  return (
    <>
      <p className="muted">
        {rich('The last that succeeded, {link}, {age}', {
          link: (
            <Link to="/tasks" search={{ task: success.uuid }} className="link code">
              {shortId(success.uuid)}
            </Link>
          ),
          age: <Age at={success.succeeded ?? success.timestamp} ago />,
        })}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span className="sr">{t('What')}</span>
            </th>
            <th scope="col">{t('This one')}</th>
            <th scope="col">{t('The success')}</th>
            <th scope="col">{t('Does it tell?')}</th>
          </tr>
        </thead>
        <tbody>
          {differences.slice(0, MAX_ROWS).map((one) => (
            <tr key={one.name} data-telling={one.telling}>
              <th scope="row" className="code">
                <ForeignText text={one.name} />
              </th>
              <Value text={one.here} />
              <Value text={one.there} />
              <td className={one.telling ? '' : 'muted'}>{weight(one, found)}</td>
            </tr>
          ))}
          {times.map(({ name, here, there }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="num">{here === null ? t('unknown') : duration(here)}</td>
              <td className="num">{there === null ? t('unknown') : duration(there)}</td>
              <td />
            </tr>
          ))}
        </tbody>
      </table>
      <p className="muted">
        {more > 0 && tn(more, '# more differs. ', '# more differ. ')}
        {differences.length === 0 && t('Arguments, worker, queue and retries are the same. ')}
        {differences.length > 0 && same > 0 && tn(same, '# more is the same.', '# more are the same.')}
      </p>
    </>
  );
}

function Value({ text }: { text: string | null }) {
  return (
    <td className="code">{text === null ? <span className="faint">{t('none')}</span> : <ForeignText text={text} />}</td>
  );
}

function weight(one: Difference, { failures, successes }: TaskComparison): string {
  const where = t('in {in_failures} of {failures} failures, {in_successes} of {successes} successes', {
    in_failures: count(one.in_failures),
    failures: count(failures),
    in_successes: count(one.in_successes),
    successes: count(successes),
  });
  if (one.telling) return where;
  return Math.min(failures, successes) < ENOUGH
    ? t('too few to tell: {where}', { where })
    : t('no pattern: {where}', { where });
}

function timesOf(task: TaskRow, success: TaskRow) {
  const parts: readonly [string, (row: TaskRow) => number | null][] = [
    [t('In the queue'), ({ sent, received }) => between(sent, received)],
    [t('For a slot'), ({ received, started }) => between(received, started)],
    [t('Ran'), (row) => row.runtime ?? between(row.started, row.succeeded ?? row.failed)],
  ];
  return parts
    .map(([name, of]) => ({ name, here: of(task), there: of(success) }))
    .filter(({ here, there }) => here !== null || there !== null);
}

/** Clocks differ: what would end before it begins is not known. */
function between(from: number | null, to: number | null): number | null {
  return from === null || to === null || to < from ? null : to - from;
}
