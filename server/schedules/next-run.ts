// When a stored entry is due next, as far as what is stored of it says: for whoever shows a schedule and is not the beat that runs it.
// Not here: when beat sends it (beat/scheduler.ts), which knows the clock's jumps and what it is just sending.
// Holds: unknown is said with its reason, never guessed.
import type { EntryDefinition, StoredEntry } from './contract.ts';
import type { Schedule } from './schedule.ts';
import { scheduleOf } from './stored-entry.ts';

export type NextRun =
  /** In the past: it is overdue. @unit milliseconds since the epoch */
  { readonly at: number; readonly reason: null } | { readonly at: null; readonly reason: string };

const unknown = (reason: string): NextRun => ({ at: null, reason });

/** @param nowMs milliseconds since the epoch */
export function nextRun({ definition, runs }: StoredEntry, nowMs: number): NextRun {
  if (definition === null) return unknown('Unknown: the beat that wrote it keeps the runs only');
  if (!definition.enabled) return unknown('It is disabled');
  const { schedule: form } = definition;
  const isOver = form.kind === 'clocked' ? runs.lastRunAt >= form.at : definition.one_off && runs.totalRunCount > 0;
  if (isOver) return unknown('It runs once, and has run');
  let schedule: Schedule | null;
  try {
    schedule = scheduleOf(definition.schedule);
  } catch (error) {
    return unknown(`Unknown: its schedule cannot be read: ${(error as Error).message}`);
  }
  if (schedule === null) return unknown('Unknown: its schedule is an object of the app');
  const zone = zoneOf(definition);
  if (zone === null) return unknown('Unknown: the beat that wrote it did not say by whose clock');
  return { at: Math.round(nowMs + schedule.remaining(runs.lastRunAt, { nowMs, zone }) * 1000), reason: null };
}

/**
 * The next so many from now; fewer where there are no more, none where that is unknown.
 * @returns milliseconds since the epoch
 */
export function nextRuns(entry: StoredEntry, nowMs: number, count: number): number[] {
  const first = nextRun(entry, nowMs);
  const { definition } = entry;
  if (first.at === null || definition === null) return [];
  const schedule = scheduleOf(definition.schedule);
  const zone = zoneOf(definition);
  const runs = [Math.max(first.at, nowMs, definition.start_time ?? 0)];
  if (definition.one_off || schedule === null || zone === null || schedule.kind === 'clocked') return runs;
  for (let at = runs[0]!; runs.length < count; ) {
    const next = Math.round(at + schedule.remaining(at, { nowMs: at, zone }) * 1000);
    if (!(next > at)) break;
    runs.push(next);
    at = next;
  }
  return runs;
}

/** The times from one instant to another at which it was due; null: its rule names none, since each run sets the next. */
export function dueTimes(definition: EntryDefinition, fromMs: number, toMs: number, most: number): number[] | null {
  const zone = zoneOf(definition);
  const schedule = scheduleOf(definition.schedule);
  if (zone === null || schedule === null) return null;
  if (schedule.kind === 'clocked' && definition.schedule.kind === 'clocked')
    return definition.schedule.at >= fromMs && definition.schedule.at <= toMs ? [definition.schedule.at] : [];
  if (schedule.kind === 'interval') return null;
  const times: number[] = [];
  for (let at = fromMs; times.length < most; ) {
    const next = Math.round(at + schedule.remaining(at, { nowMs: at, zone }) * 1000);
    if (!(next > at) || next > toMs) break;
    times.push(next);
    at = next;
  }
  return times;
}

/** An interval that does not fall on full hours is the same everywhere, and so are the sun and an instant. */
function zoneOf({ schedule, timezone }: EntryDefinition): string | null {
  return schedule.kind === 'solar' ||
    schedule.kind === 'clocked' ||
    (schedule.kind === 'interval' && !schedule.relative)
    ? 'UTC'
    : timezone;
}
