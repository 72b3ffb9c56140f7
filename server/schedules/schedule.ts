// What a schedule is, and the plain one: every so many seconds.
// Not here: crontab.ts; who asks and sends (beat/).
// Holds: a schedule has no memory and reads no clock; the same last run, moment and zone give the same answer.
// Celery: schedules.py schedule
import { ImproperlyConfigured } from '../errors.ts';
import { fromWall, toWall } from './zone.ts';

export interface ScheduleContext {
  /** @unit milliseconds since the epoch */
  readonly nowMs: number;
  /** IANA name, see resolveZone. */
  readonly zone: string;
  /** `beat_cron_starting_deadline`: a crontab's run missed by longer is left out. Null: never. @unit seconds */
  readonly startingDeadline?: number | null;
}

export interface DueState {
  readonly isDue: boolean;
  /** When to look again. @unit seconds */
  readonly next: number;
}

export interface Schedule {
  /** `custom`: one of an app's own. */
  readonly kind: 'interval' | 'crontab' | 'solar' | 'clocked' | 'custom';
  isDue(lastRunMs: number, context: ScheduleContext): DueState;
  /** Until the first run after the last one; negative when it is overdue. @unit seconds */
  remaining(lastRunMs: number, context: ScheduleContext): number;
  /** Equal schedules have equal texts. */
  toString(): string;
}

/** A span in Python's timedelta words. */
export interface Span {
  readonly weeks?: number;
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

export interface IntervalOptions {
  /** Runs fall on full days, hours, minutes or seconds of the zone's clock, whichever the interval is at least one of. */
  readonly relative?: boolean;
}

const UNITS: Readonly<Record<keyof Span, number>> = {
  weeks: 604_800,
  days: 86_400,
  hours: 3600,
  minutes: 60,
  seconds: 1,
  milliseconds: 0.001,
};

export class IntervalSchedule implements Schedule {
  readonly kind = 'interval';
  /** @unit seconds */
  readonly seconds: number;
  readonly relative: boolean;

  constructor(seconds: number, options: IntervalOptions = {}) {
    if (!Number.isFinite(seconds) || seconds < 0) {
      throw new ImproperlyConfigured(`An interval is a number of seconds from 0 on, not ${seconds}.`);
    }
    this.seconds = seconds;
    this.relative = options.relative ?? false;
  }

  remaining(lastRunMs: number, { nowMs, zone }: ScheduleContext): number {
    const endMs = lastRunMs + this.seconds * 1000;
    return ((this.relative ? this.#rounded(endMs, zone) : endMs) - nowMs) / 1000;
  }

  isDue(lastRunMs: number, context: ScheduleContext): DueState {
    const remaining = this.remaining(lastRunMs, context);
    return remaining <= 0 ? { isDue: true, next: this.seconds } : { isDue: false, next: remaining };
  }

  toString(): string {
    return `every ${this.seconds} s${this.relative ? ', relative' : ''}`;
  }

  // Celery 5.6, utils/time.py: delta_resolution
  #rounded(epochMs: number, zone: string): number {
    const { seconds } = this;
    const unitMs = (seconds >= 86_400 ? 86_400 : seconds >= 3600 ? 3600 : seconds >= 60 ? 60 : 1) * 1000;
    const wall = toWall(epochMs, zone);
    return fromWall({ ms: Math.floor(wall.ms / unitMs) * unitMs, fold: wall.fold }, zone);
  }
}

/** Every so many seconds, or every `{ minutes: 5 }`. */
export function schedule(every: number | Span, options: IntervalOptions = {}): IntervalSchedule {
  if (typeof every === 'number') return new IntervalSchedule(every, options);
  let seconds = 0;
  for (const [unit, count] of Object.entries(every)) {
    const size = UNITS[unit as keyof Span];
    if (size === undefined || typeof count !== 'number') {
      const known = Object.keys(UNITS).join(', ');
      throw new ImproperlyConfigured(
        `An interval is given in ${known}; { ${unit}: ${String(count)} } is none of them.`,
      );
    }
    seconds += count * size;
  }
  return new IntervalSchedule(Math.round(seconds * 1e6) / 1e6, options);
}

export function isSchedule(value: unknown): value is Schedule {
  return (
    typeof value === 'object' && value !== null && typeof (value as Schedule).isDue === 'function' && 'kind' in value
  );
}

/** What an entry's `schedule` may be: seconds, a span, or a schedule. */
export function toSchedule(value: unknown, options: IntervalOptions = {}): Schedule {
  if (isSchedule(value)) return value;
  if (typeof value === 'number') return new IntervalSchedule(value, options);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return schedule(value as Span, options);
  const hint = typeof value === 'string' ? ` For a cron line write crontabFromString('${value}').` : '';
  throw new ImproperlyConfigured(
    `A schedule is a number of seconds, a span such as { minutes: 5 }, crontab(...), solar(...) or clocked(...), not ${JSON.stringify(value)}.${hint}`,
  );
}
