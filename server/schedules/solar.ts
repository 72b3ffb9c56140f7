// Schedules by the sun: sunrise, sunset, noon, and the three twilights.
// Not here: where the sun stands (the package astronomy-engine, loaded when the first of them is asked; ephem in Celery).
// Holds: an event that does not come today (polar day and night, a summer without darkness) is waited for, not made up: the next one is
// the next that comes. Every one comes everywhere within a year.
// Celery 5.6: schedules.py solar, which on such a day runs at midnight of the sun
import { createRequire } from 'node:module';
import type * as Astronomy from 'astronomy-engine';
import { nearest } from '../../shared/nearest.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { DueState, Schedule, ScheduleContext } from './schedule.ts';

/**
 * What the sun does, and how high its middle stands then, in degrees; null: its upper edge touches the horizon, refraction counted in.
 * Celery looks for `dusk_astronomical` at 18 degrees above the horizon in place of below, in the afternoon; so do we, since its crontabs
 * and ours are to run at the same time. Who wants the end of the night's last light takes dusk_nautical.
 */
const EVENTS = {
  dawn_astronomical: { rises: true, altitude: -18 },
  dawn_nautical: { rises: true, altitude: -12 },
  dawn_civil: { rises: true, altitude: -6 },
  sunrise: { rises: true, altitude: null },
  solar_noon: 'noon',
  sunset: { rises: false, altitude: null },
  dusk_civil: { rises: false, altitude: -6 },
  dusk_nautical: { rises: false, altitude: -12 },
  dusk_astronomical: { rises: false, altitude: 18 },
} as const;

export type SolarEvent = keyof typeof EVENTS;

/** A year, and some for that none is as long as another. */
const LONGEST_DAYS = 370;
/** An instant is found to a tenth of a second: a run at that instant must not find it again. @unit milliseconds */
const APART_MS = 1000;

let loaded: typeof Astronomy | undefined;
function astronomy(): typeof Astronomy {
  try {
    loaded ??= createRequire(import.meta.url)('astronomy-engine') as typeof Astronomy;
  } catch (error) {
    throw new Error(
      `What knows where the sun stands is not there, seen from ${import.meta.url}. A program that was bundled leaves it behind: ` +
        'keep umbel out of the bundle (esbuild: --external:umbel).',
      { cause: error },
    );
  }
  return loaded;
}

export class SolarSchedule implements Schedule {
  readonly kind = 'solar';
  readonly event: SolarEvent;
  /** @unit degrees, north is positive */
  readonly lat: number;
  /** @unit degrees, east is positive */
  readonly lon: number;
  #found: { readonly afterMs: number; readonly atMs: number } | null = null;

  constructor(event: SolarEvent, lat: number, lon: number) {
    if (!Object.hasOwn(EVENTS, event)) {
      const known = Object.keys(EVENTS);
      const near = typeof event === 'string' ? nearest(event, known) : null;
      throw new ImproperlyConfigured(
        `solar: there is no event ${JSON.stringify(event)}${near ? `. Did you mean '${near}'?` : '.'} Known are ${known.join(', ')}.`,
      );
    }
    checkDegrees('latitude', lat, 90);
    checkDegrees('longitude', lon, 180);
    this.event = event;
    this.lat = lat;
    this.lon = lon;
  }

  remaining(lastRunMs: number, { nowMs }: ScheduleContext): number {
    return (this.#next(lastRunMs) - nowMs) / 1000;
  }

  isDue(lastRunMs: number, context: ScheduleContext): DueState {
    const remaining = this.remaining(lastRunMs, context);
    return remaining > 0
      ? { isDue: false, next: remaining }
      : { isDue: true, next: this.remaining(context.nowMs, context) };
  }

  toString(): string {
    return `solar: ${this.event} at ${this.lat}, ${this.lon}`;
  }

  /** The first time after that instant. @unit milliseconds since the epoch */
  #next(afterMs: number): number {
    // Asked again and again for the same last run.
    if (this.#found?.afterMs !== afterMs) this.#found = { afterMs, atMs: this.#search(new Date(afterMs + APART_MS)) };
    return this.#found.atMs;
  }

  #search(after: Date): number {
    const { Body, Observer, SearchAltitude, SearchHourAngle, SearchRiseSet } = astronomy();
    const place = new Observer(this.lat, this.lon, 0);
    const event = EVENTS[this.event];
    if (event === 'noon') return SearchHourAngle(Body.Sun, place, 0, after, 1).time.date.getTime();
    const direction = event.rises ? 1 : -1;
    const found =
      event.altitude === null
        ? SearchRiseSet(Body.Sun, place, direction, after, LONGEST_DAYS)
        : SearchAltitude(Body.Sun, place, direction, after, LONGEST_DAYS, event.altitude);
    if (found === null)
      throw new Error(`${this}: nothing found within ${LONGEST_DAYS} days after ${after.toISOString()}`);
    return found.date.getTime();
  }
}

/**
 * When the sun does something at a place: `solar('sunset', 50.08, 14.43)` for Prague.
 * @param lat degrees, north is positive
 * @param lon degrees, east is positive
 * @throws ImproperlyConfigured for an event or a place there is not
 */
export function solar(event: SolarEvent, lat: number, lon: number): SolarSchedule {
  return new SolarSchedule(event, lat, lon);
}

function checkDegrees(what: 'latitude' | 'longitude', value: unknown, most: number): void {
  if (typeof value === 'number' && Math.abs(value) <= most) return;
  throw new ImproperlyConfigured(
    `solar: a ${what} is a number of degrees from -${most} to ${most}, not ${String(value)}.`,
  );
}
