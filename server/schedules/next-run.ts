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

/** An interval that does not fall on full hours is the same everywhere, and so are the sun and an instant. */
function zoneOf({ schedule, timezone }: EntryDefinition): string | null {
  return schedule.kind === 'solar' ||
    schedule.kind === 'clocked' ||
    (schedule.kind === 'interval' && !schedule.relative)
    ? 'UTC'
    : timezone;
}
