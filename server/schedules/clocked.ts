// A schedule of one instant.
// Not here: that an entry with it is sent once and then rests (beat/scheduler.ts).
// django-celery-beat 2.x: clockedschedule.py clocked
import { ImproperlyConfigured } from '../errors.ts';
import type { DueState, Schedule, ScheduleContext } from './schedule.ts';

export class ClockedSchedule implements Schedule {
  readonly kind = 'clocked';
  /** @unit milliseconds since the epoch */
  readonly at: number;

  constructor(at: number) {
    this.at = at;
  }

  remaining(_lastRunMs: number, { nowMs }: ScheduleContext): number {
    return (this.at - nowMs) / 1000;
  }

  isDue(lastRunMs: number, context: ScheduleContext): DueState {
    if (lastRunMs >= this.at) return { isDue: false, next: Number.POSITIVE_INFINITY };
    const remaining = this.remaining(lastRunMs, context);
    return remaining > 0 ? { isDue: false, next: remaining } : { isDue: true, next: Number.POSITIVE_INFINITY };
  }

  toString(): string {
    return `clocked: ${new Date(this.at).toISOString()}`;
  }
}

/**
 * Once, at that instant: `clocked('2026-12-24T18:00:00+01:00')`. An instant that has passed when beat first sees the entry runs at once.
 * @param at a Date, milliseconds since the epoch, or ISO 8601 text with its offset
 * @throws ImproperlyConfigured
 */
export function clocked(at: Date | number | string): ClockedSchedule {
  const ms = typeof at === 'string' ? (HAS_OFFSET.test(at) ? Date.parse(at) : Number.NaN) : Number(at);
  if (!Number.isFinite(ms) || Number.isNaN(new Date(ms).getTime())) {
    const given = at instanceof Date ? 'an invalid Date' : JSON.stringify(at);
    throw new ImproperlyConfigured(
      `clocked: an instant is a Date, milliseconds since the epoch, or text such as '2026-12-24T18:00:00Z' that says its offset, not ${given}.`,
    );
  }
  return new ClockedSchedule(ms);
}

const HAS_OFFSET = /(Z|[+-]\d\d:?\d\d)$/i;
