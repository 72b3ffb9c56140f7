// The list of entries as data: how each stands, what is filtered by. Pure. Drawing: entry-table.tsx.
import type { ScheduleRecentReply, ScheduleRow } from '../../../shared/wire/schedules.ts';
import { t } from '../language/text.ts';
import type { FacetItem } from '../ui/list/facets.ts';
import { scheduleWords } from './wording.ts';

export type LastRun = ScheduleRecentReply['items'][number]['runs'][number];

export interface EntryRow extends ScheduleRow {
  /** When it runs. */
  readonly words: string;
  readonly state: EntryState;
  /** The newest first; null: not known. */
  readonly runs: readonly LastRun[] | null;
}

/** over: it ran for the only time. overdue: its time has passed, and nothing was sent. */
export type EntryState = 'on' | 'overdue' | 'paused' | 'over' | 'unknown';

/** What is due may be on its way for so long. @unit seconds */
const OVERDUE_S = 30;

/** @param now seconds since the epoch */
export function stateOf({ enabled, next_run, next_run_reason, schedule }: ScheduleRow, now: number): EntryState {
  if (enabled === false) return 'paused';
  if (next_run !== null) return next_run < now - OVERDUE_S ? 'overdue' : 'on';
  if (next_run_reason?.startsWith('It runs once')) return 'over';
  return schedule?.kind === 'custom' ? 'on' : 'unknown';
}

export function rowsOf(
  items: readonly ScheduleRow[],
  recent: ScheduleRecentReply | undefined,
  now: number,
  zone: string,
): EntryRow[] {
  const runs = new Map(recent?.items.map((one) => [one.name, one.runs]));
  return items.map((item) => ({
    ...item,
    words: scheduleWords(item.schedule, item.timezone, zone),
    state: stateOf(item, now),
    runs: runs.get(item.name) ?? null,
  }));
}

const isTrouble = ({ kind }: LastRun): boolean => kind === 'late' || kind === 'missed';

const FACET: Record<string, Pick<FacetItem, 'label' | 'icon' | 'state'> & { has: (row: EntryRow) => boolean }> = {
  overdue: { label: t('entry|overdue'), icon: 'late', state: 'RETRY', has: ({ state }) => state === 'overdue' },
  late: { label: t('late or missed'), has: ({ runs }) => runs?.some(isTrouble) ?? false },
  twice: { label: t('sent twice'), has: ({ runs }) => runs?.some(({ kind }) => kind === 'twice') ?? false },
  on: { label: t('entry|on'), icon: 'online', state: 'SUCCESS', has: ({ state }) => state === 'on' },
  paused: { label: t('entry|paused'), icon: 'pause', has: ({ state }) => state === 'paused' },
};

export const facetsOf = (rows: readonly EntryRow[]): FacetItem[] =>
  Object.entries(FACET).map(([id, { has, ...look }]) => ({ id, ...look, n: rows.filter(has).length }));

/** @param show a facet; one that is not known keeps all */
export function keeps(row: EntryRow, q: string, show: string): boolean {
  if (FACET[show] && !FACET[show].has(row)) return false;
  const wanted = q.trim().toLowerCase();
  return [row.name, row.task, row.words].some((text) => text?.toLowerCase().includes(wanted));
}
