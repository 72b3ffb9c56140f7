// Every entry as a row: how it stands, when it runs, how its last runs came, when it is next due.
// What a row is made of: entry-list.ts. The open entry: entry-panel.tsx.
import { Link } from '@tanstack/react-router';
import { t } from '../language/text.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Middle } from '../ui/middle.tsx';
import type { Column } from '../ui/table/columns.ts';
import { Age } from '../ui/time.tsx';
import type { EntryRow, EntryState } from './entry-list.ts';
import { NextRun } from './next-ten.tsx';
import { RunMarks } from './run-marks.tsx';

const LOOK: Readonly<Record<EntryState, { icon: IconName; state: string; word: string }>> = {
  on: { icon: 'online', state: 'SUCCESS', word: t('entry|on') },
  overdue: { icon: 'late', state: 'RETRY', word: t('entry|overdue') },
  paused: { icon: 'pause', state: 'PENDING', word: t('entry|paused') },
  over: { icon: 'done', state: 'PENDING', word: t('entry|has run') },
  unknown: { icon: 'PENDING', state: 'PENDING', word: t('unknown') },
};

export function EntryStateMark({ state }: { state: EntryState }) {
  const { icon, state: colour, word } = LOOK[state];
  return (
    <span className={state === 'overdue' ? 'state tinted' : 'state'} data-state={colour}>
      <Icon name={icon} />
      {word}
    </span>
  );
}

export const keyOf = (row: EntryRow): string => row.name;
export const rowClass = (row: EntryRow): string | undefined =>
  row.state === 'paused' || row.state === 'over' ? 'calm' : undefined;

export const COLUMNS: readonly Column<EntryRow>[] = [
  {
    id: 'name',
    label: t('Entry'),
    width: 150,
    grow: 2,
    className: 'code',
    sort: (row) => row.name,
    cell: (row) => (
      <Link
        to="/schedules"
        search={(before: Record<string, unknown>) => ({ ...before, entry: row.name })}
        className="row-link"
        resetScroll={false}
        title={row.name}
      >
        <b>
          <Middle text={row.name} />
        </b>
      </Link>
    ),
  },
  {
    id: 'state',
    label: t('State'),
    width: 96,
    rank: 1,
    sort: (row) => row.state,
    cell: (row) => <EntryStateMark state={row.state} />,
    brief: (row) => <EntryStateMark state={row.state} />,
  },
  {
    id: 'when',
    label: t('entry|When'),
    width: 200,
    grow: 3,
    rank: 2,
    sort: (row) => row.words,
    cell: (row) => <span className="clip">{row.words}</span>,
    brief: (row) => row.words,
    title: (row) => row.words,
  },
  {
    id: 'runs',
    label: t('Last 20 runs'),
    width: 140,
    rank: 3,
    cell: (row) => <RunMarks runs={row.runs} name={row.name} />,
    brief: (row) => (row.runs?.length ? <RunMarks runs={row.runs} name={row.name} /> : null),
  },
  {
    id: 'last',
    label: t('entry|Last'),
    width: 84,
    num: true,
    rank: 4,
    className: 'muted',
    sort: (row) => row.last_run,
    cell: (row) =>
      row.last_run === null ? <span className="faint">{t('sent|never')}</span> : <Age at={row.last_run} />,
  },
  {
    id: 'next',
    label: t('entry|Next'),
    width: 128,
    num: true,
    first: '',
    sort: (row) => row.next_run,
    cell: (row) => <NextRun entry={row} />,
  },
];
