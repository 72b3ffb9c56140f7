// The task list without rows: being read, refused, failed, nothing found, nothing seen yet. Each is a face of its own.
// Holds: a query that was refused or failed says so in the server's words, and never that no task matches.

import { STATES } from '../../../shared/states.ts';
import { ApiError } from '../api/client.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { At } from '../ui/time.tsx';

const KNOWN: ReadonlySet<string> = new Set(STATES);

/** What is wrong with the query, for the field; null: it is not the query. */
export function queryRefusal(error: unknown): string | null {
  if (!(error instanceof ApiError) || error.status !== 400) return null;
  return error.detail ?? error.title;
}

export function NoList({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (error === null) return <Skeleton rows={20} label={t('Loading tasks')} />;
  const words = queryRefusal(error);
  if (words !== null)
    return (
      <Empty icon="search" title={t('This filter cannot be searched for')}>
        <p className="muted">{fromServer(words)}</p>
      </Empty>
    );
  if (error instanceof ApiError && (error.status === 431 || error.status === 414))
    return (
      <Empty icon="search" title={t('This filter is too long for one request')}>
        <p className="muted">
          {t('{title}: the address with the filter in it is longer than the server takes. Shorten the filter.', {
            title: fromServer(error.title),
          })}
        </p>
      </Empty>
    );
  return <ErrorNote what={t('The tasks could not be read')} error={error} onRetry={onRetry} />;
}

/** States that tasks set themselves are in no event, so no list can be made of them. */
export function customStates(q: string, state: string): string[] {
  const asked = [
    ...state.split(','),
    ...[...q.matchAll(/\b(?:state|status):([\w,]+)/gi)].flatMap((m) => m[1]!.split(',')),
  ];
  return [...new Set(asked.map((name) => name.trim().toUpperCase()).filter((name) => name && !KNOWN.has(name)))];
}

export function NoRows({
  filtered,
  custom,
  lookedBackTo,
  note,
  onClear,
}: {
  filtered: boolean;
  /** States asked for that no event carries. */
  custom: readonly string[];
  /** Tasks first seen before then were not looked at. */
  lookedBackTo: number | null;
  note: string | null;
  onClear: () => void;
}) {
  if (!filtered) {
    return (
      <Empty icon="tasks" title={t('No task has been seen yet')}>
        <p className="muted">
          {rich('Tasks appear with their first event. Are workers running with <code>-E</code>?')}
        </p>
      </Empty>
    );
  }
  const clear = <Button onClick={onClear}>{t('Clear the filter')}</Button>;
  if (lookedBackTo !== null)
    return (
      <Empty icon="search" title={t('None found so far')}>
        <p className="muted">
          {rich('Looked at tasks back to {time}; older ones may match. A narrower filter reaches further.', {
            time: <At at={lookedBackTo} />,
          })}
        </p>
        {clear}
      </Empty>
    );
  return (
    <Empty icon="search" title={t('No task matches')}>
      <p className="muted">
        {fromServer(note) ??
          (custom.length > 0
            ? t(
                'No event carries {custom}: a state that a task sets itself with update_state is kept in the result store alone. The page of a task that runs shows it.',
                { custom: custom.join(', ') },
              )
            : t('Nothing in the history fits this filter.'))}
      </p>
      {clear}
    </Empty>
  );
}
