// Wall-clock time in a named zone: an instant to what the clock shows, and back, as Python's zoneinfo does it.
// Not here: showing times (shared/format/time.ts), the rules that run on them (crontab.ts).
// Holds: a time the clocks skip is read with the offset before the change (02:30 becomes 03:30); of a repeated one the first is
// meant, unless `fold` is 1.
// Celery: kombu/utils/time.py maybe_make_aware; Python: PEP 495
import { zoneOffsetMinutes } from '../../shared/format/time.ts';
import { ImproperlyConfigured } from '../errors.ts';

/** What a clock shows, as if it stood in UTC. */
export interface Wall {
  /** @unit milliseconds since the epoch, were the wall clock's time UTC */
  readonly ms: number;
  /** 1: the second time the clock shows this. */
  readonly fold: 0 | 1;
}

const DAY_MS = 86_400_000;

/** The zone itself; ImproperlyConfigured when there is no such zone. 'local' is this machine's. */
export function resolveZone(zone: string | null | undefined): string {
  if (zone === null || zone === undefined || zone === '' || zone.toUpperCase() === 'UTC') return 'UTC';
  if (zone === 'local') return Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    zoneOffsetMinutes(0, zone);
  } catch (cause) {
    throw new ImproperlyConfigured(
      `There is no time zone "${zone}". Give an IANA name such as Europe/Prague, or UTC.`,
      {
        cause,
      },
    );
  }
  return zone;
}

export function toWall(epochMs: number, zone: string): Wall {
  if (zone === 'UTC') return { ms: epochMs, fold: 0 };
  const ms = epochMs + offsetMs(epochMs, zone);
  return { ms, fold: fromWall({ ms, fold: 0 }, zone) === epochMs ? 0 : 1 };
}

export function fromWall(wall: Wall, zone: string): number {
  if (zone === 'UTC') return wall.ms;
  // Offsets a day to either side: the ones before and after a change, when there is one near.
  const before = offsetMs(wall.ms - DAY_MS, zone);
  const after = offsetMs(wall.ms + DAY_MS, zone);
  const [early, late] = [wall.ms - before, wall.ms - after];
  if (before === after) return early;
  const [earlyIs, lateIs] = [offsetMs(early, zone) === before, offsetMs(late, zone) === after];
  if (earlyIs === lateIs) return wall.fold === 0 ? early : late;
  return earlyIs ? early : late;
}

/**
 * By zone and day of UTC: the offset that holds all day; NaN where it changes within. No zone changes twice in a day.
 * @unit milliseconds
 */
const days = new Map<string, Map<number, number>>();
const MAX_DAYS = 4000;
const MAX_ZONES = 50;
/** The last instant that a Date can be. */
const END_OF_TIME_MS = 8.64e15;

/** Milliseconds east of UTC. */
export function offsetMs(epochMs: number, zone: string): number {
  const day = Math.floor(epochMs / DAY_MS);
  const offset = days.get(zone)?.get(day) ?? offsetOfDay(day, zone);
  return Number.isNaN(offset) ? exactOffsetMs(epochMs, zone) : offset;
}

function offsetOfDay(day: number, zone: string): number {
  const first = exactOffsetMs(Math.max(day * DAY_MS, -END_OF_TIME_MS), zone);
  const last = exactOffsetMs(Math.min((day + 1) * DAY_MS, END_OF_TIME_MS), zone);
  const offset = first === last ? first : Number.NaN;
  let known = days.get(zone);
  if (!known) {
    if (days.size >= MAX_ZONES) days.clear();
    known = new Map();
    days.set(zone, known);
  }
  if (known.size >= MAX_DAYS) known.clear();
  known.set(day, offset);
  return offset;
}

/** As the machine's tables have it, which takes microseconds. */
function exactOffsetMs(epochMs: number, zone: string): number {
  return Math.round(zoneOffsetMinutes(epochMs, zone) * 60_000);
}
