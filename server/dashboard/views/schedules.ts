// The schedule as its store has it, whole, with when each entry is due and which beat has the lease.
// Not here: where it is kept (../../schedules/), the route (../routes/schedules.ts).
// Holds: it only reads; what cannot be read is unknown with its reason, never an empty schedule; arguments are masked.
import type { Masking } from '../../../shared/masking.ts';
import type { LeaseInfo, ScheduleRow, SchedulesReply } from '../../../shared/wire/schedules.ts';
import { toError } from '../../errors.ts';
import type { ScheduleStore, StoredEntry } from '../../schedules/contract.ts';
import { nextRun, nextRuns } from '../../schedules/next-run.ts';

export const NO_STORE =
  'Where the schedule is kept is unknown to this dashboard: give it --schedule, the file or URL that beat was given.';

const OTHER_BEATS = 'A Python beat takes no lease: that one runs shows in the last runs.';

/** @param now seconds since the epoch */
export async function schedulesOf(store: ScheduleStore | null, masking: Masking, now: number): Promise<SchedulesReply> {
  if (store === null)
    return { store: null, items: null, reason: NO_STORE, lease: unknownLease(NO_STORE), read_only: NO_STORE };
  const [lease, read] = await Promise.all([leaseOf(store), entriesOf(store)]);
  const { description } = store;
  const read_only = store.editor ? null : onlyRead(description);
  if (typeof read === 'string') return { store: description, items: null, reason: read, lease, read_only };
  const items = [...read].map(([name, entry]) => shown(name, entry, masking, now));
  items.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { store: description, items, reason: null, lease, read_only };
}

/** In words for who wanted to write. */
export function onlyRead(place: string): string {
  return `The schedule in ${place} is written by its beat alone, from beat_schedule of the app: change entries there. A schedule in Redis or in the tables of django-celery-beat can be changed here.`;
}

/** A text: why they are unknown. */
async function entriesOf(store: ScheduleStore): Promise<ReadonlyMap<string, StoredEntry> | string> {
  try {
    return await store.load();
  } catch (error) {
    return `The schedule in ${store.description} cannot be read: ${toError(error).message}`;
  }
}

async function leaseOf(store: ScheduleStore): Promise<LeaseInfo> {
  try {
    const holder = await store.holder();
    const reason = store.hasOtherBeats ? OTHER_BEATS : null;
    if (holder === null) return { state: 'free', pid: null, host: null, since: null, last_tick: null, reason };
    const { pid, host, since, lastTick = null } = holder;
    return { state: 'held', pid, host, since: seconds(since), last_tick: seconds(lastTick), reason: null };
  } catch (error) {
    return unknownLease(`Which beat has ${store.description} cannot be asked: ${toError(error).message}`);
  }
}

function unknownLease(reason: string): LeaseInfo {
  return { state: 'unknown', pid: null, host: null, since: null, last_tick: null, reason };
}

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

function shown(name: string, entry: StoredEntry, masking: Masking, now: number): ScheduleRow {
  const { definition, runs } = entry;
  const { at, reason } = nextRun(entry, now * 1000);
  return {
    name,
    task: definition?.task ?? null,
    schedule: masking.value(definition?.schedule ?? null) as ScheduleRow['schedule'],
    timezone: definition?.timezone ?? null,
    one_off: definition?.one_off ?? null,
    args: masking.value(definition?.args ?? null) as ScheduleRow['args'],
    kwargs: masking.value(definition?.kwargs ?? null) as ScheduleRow['kwargs'],
    options: masking.value(definition?.options ?? null) as ScheduleRow['options'],
    enabled: definition?.enabled ?? null,
    last_run: runs.totalRunCount === 0 ? null : runs.lastRunAt / 1000,
    total_run_count: runs.totalRunCount,
    next_run: at === null ? null : at / 1000,
    next_run_reason: reason,
    upcoming: nextRuns(entry, now * 1000, 10).map((ms) => ms / 1000),
    start_time: seconds(definition?.start_time ?? null),
    from: entry.owner ?? 'app',
  };
}
