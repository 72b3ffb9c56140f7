// The last runs of all entries, for a list of them, and whether entries are sent twice, as by two beats.
// Not here: how a run is judged (schedule-runs.ts).
// Holds: the history is asked once for all entries and all pages that are open; of a long schedule only so many entries are looked at, and it is said of how many; a few runs that came twice are no two beats.
import type { Masking } from '../../../shared/masking.ts';
import type { ScheduleRecentReply } from '../../../shared/wire/schedules.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { StoredEntry } from '../../schedules/contract.ts';
import type { ClusterView } from '../cluster/view.ts';
import { LOOKED_AT, runsOf, sentByHand, twinsIn } from './schedule-runs.ts';

/** Runs of an entry. */
const LAST = 20;
/** Entries that are looked at. */
const MAX_ENTRIES = 200;
/** Runs that came twice are told of so long. @unit seconds */
const TWICE_WITHIN_S = 3600;
/** Fewer may be somebody who sends by other means. */
const TWICE_AT_LEAST = 3;

/** Each open page asks every 15 s: so long they share one answer. @unit seconds */
const SHARED_S = 10;

type Cluster = Parameters<typeof runsOf>[0] & Pick<ClusterView, 'history'>;

/** @returns what gives the last answer as long as it may be shared, or is being worked out */
export function sharedRecentRuns(): (
  cluster: Parameters<typeof recentRuns>[0],
  masking: Masking,
  entries: () => Promise<ReadonlyMap<string, StoredEntry>>,
) => Promise<ScheduleRecentReply> {
  let shared: { readonly at: number; readonly reply: Promise<ScheduleRecentReply> } | null = null;
  return (cluster, masking, entries) => {
    const { now } = cluster;
    if (shared !== null && Math.abs(now - shared.at) < SHARED_S) return shared.reply;
    const asked = { at: now, reply: entries().then((all) => recentRuns(cluster, masking, all)) };
    shared = asked;
    asked.reply.catch(() => {
      if (shared === asked) shared = null;
    });
    return asked.reply;
  };
}

export async function recentRuns(
  cluster: Cluster,
  masking: Masking,
  all: ReadonlyMap<string, StoredEntry>,
): Promise<ScheduleRecentReply> {
  const items: ScheduleRecentReply['items'] = [];
  const byHand = await sentByHand(cluster, '');
  const twice: number[] = [];
  const ofEntries: string[] = [];
  const { now } = cluster;
  const isTwin = twinsIn(all, masking);
  const shown = [...all]
    .slice(0, MAX_ENTRIES)
    .flatMap(([name, { definition }]) => (definition === null ? [] : [{ name, definition }]));
  const names = new Set(shown.map(({ definition }) => definition.task));
  const rowsOf = new Map([...names].map((name): [string, TaskRow[]] => [name, []]));
  for (const row of await cluster.history.newest([...names], LAST * LOOKED_AT)) rowsOf.get(row.name!)!.push(row);
  for (const { name, definition } of shown) {
    const rows = rowsOf.get(definition.task)!;
    const runs = runsOf(cluster, definition, rows, { byHand, most: LAST, isTwin: isTwin(definition), masking });
    items.push({
      name,
      task: definition.task,
      runs: runs.map(({ kind, state, at, due }) => ({ kind, state, at, due })),
    });
    const doubled = runs.filter(({ kind, at }) => kind === 'twice' && at !== null && at > now - TWICE_WITHIN_S);
    if (doubled.length === 0) continue;
    ofEntries.push(name);
    twice.push(...doubled.map(({ at }) => at!));
  }
  const isTwice = twice.length >= TWICE_AT_LEAST;
  return {
    items,
    left_out: Math.max(0, all.size - MAX_ENTRIES),
    twice: isTwice ? { runs: twice.length, entries: ofEntries, since: Math.min(...twice) } : null,
  };
}
