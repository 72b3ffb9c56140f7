// Schedules by the clock and the calendar, in Celery's dialect of cron.
// Not here: intervals (schedule.ts), zones and changes of the clock (zone.ts).
// Holds: all five fields must match, day of week and day of month together (cron would take either); every rule that is accepted
// runs on some day; the next run lies after the last one, also in an hour that is shown twice.
// Celery 5.6: schedules.py crontab, crontab_parser
import { ImproperlyConfigured } from '../errors.ts';
import type { DueState, Schedule, ScheduleContext } from './schedule.ts';
import { fromWall, toWall, type Wall } from './zone.ts';

// A field: '*', '0,30', '*/15', '1-5', 'mon-fri', 7, [0, 30] ...
export type CronField = string | number | Iterable<number>;

/** Named, since Celery's order (day of week third) is not that of a cron line (day of week last). Left out means '*'. */
export interface CrontabFields {
  readonly minute?: CronField;
  readonly hour?: CronField;
  readonly day_of_week?: CronField;
  readonly day_of_month?: CronField;
  readonly month_of_year?: CronField;
}

const LIMITS = {
  minute: { count: 60, first: 0 },
  hour: { count: 24, first: 0 },
  day_of_week: { count: 7, first: 0 },
  day_of_month: { count: 31, first: 1 },
  month_of_year: { count: 12, first: 1 },
} as const;
type FieldName = keyof typeof LIMITS;
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const LONGEST_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAY_MS = 86_400_000;
/** Every pair of date and weekday comes again within 28 years, or 40 across a century without a leap day. */
const MAX_DAYS = 40 * 366;

export class Crontab implements Schedule {
  readonly kind = 'crontab';
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  /** 0 is Sunday. */
  readonly day_of_week: readonly number[];
  readonly day_of_month: readonly number[];
  readonly month_of_year: readonly number[];
  /** As they were written, without spaces. */
  readonly fields: Readonly<Record<FieldName, string>>;
  readonly #text: string;
  readonly #days: { months: ReadonlySet<number>; days: ReadonlySet<number>; weekdays: ReadonlySet<number> };
  /** Minutes of the day, rising. */
  readonly #times: readonly number[];

  constructor(fields: CrontabFields = {}) {
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      throw new ImproperlyConfigured(
        `crontab takes its fields by name: crontab({ minute: 0, hour: 4 }), not ${typeof fields === 'string' ? `'${fields}'. For a cron line write crontabFromString('${fields}')` : String(fields)}.`,
      );
    for (const name of Object.keys(fields)) {
      if (!(name in LIMITS)) {
        throw new ImproperlyConfigured(`crontab has no field ${name}. Its fields: ${Object.keys(LIMITS).join(', ')}.`);
      }
    }
    this.minute = expand('minute', fields.minute);
    this.hour = expand('hour', fields.hour);
    this.day_of_week = expand('day_of_week', fields.day_of_week);
    this.day_of_month = expand('day_of_month', fields.day_of_month);
    this.month_of_year = expand('month_of_year', fields.month_of_year);
    this.fields = {
      minute: fieldText(fields.minute),
      hour: fieldText(fields.hour),
      day_of_week: fieldText(fields.day_of_week),
      day_of_month: fieldText(fields.day_of_month),
      month_of_year: fieldText(fields.month_of_year),
    };
    const { minute, hour, day_of_month, month_of_year, day_of_week } = this.fields;
    this.#text = [minute, hour, day_of_month, month_of_year, day_of_week].join(' ');
    this.#days = {
      months: new Set(this.month_of_year),
      days: new Set(this.day_of_month),
      weekdays: new Set(this.day_of_week),
    };
    this.#times = this.hour.flatMap((h) => this.minute.map((m) => h * 60 + m));
    const earliest = this.day_of_month[0] as number;
    if (!this.month_of_year.some((month) => earliest <= (LONGEST_MONTH[month - 1] as number))) {
      throw new ImproperlyConfigured(`crontab '${this.#text}' never runs: none of its months has a day ${earliest}.`);
    }
  }

  remaining(lastRunMs: number, { nowMs, zone }: ScheduleContext): number {
    return (this.nextRun(lastRunMs, zone) - nowMs) / 1000;
  }

  isDue(lastRunMs: number, context: ScheduleContext): DueState {
    const { nowMs, zone, startingDeadline } = context;
    const remaining = this.remaining(lastRunMs, context);
    if (remaining > 0) return { isDue: false, next: remaining };
    const next = Math.max(this.remaining(nowMs, context), 0);
    if (startingDeadline !== undefined && startingDeadline !== null) {
      // The latest run that was missed decides: the older ones it makes up for have passed anyway.
      const missedMs = Math.max(this.nextRun(lastRunMs, zone), this.#lastRun(toWall(nowMs, zone), zone));
      if (nowMs - missedMs > startingDeadline * 1000) return { isDue: false, next };
    }
    return { isDue: true, next };
  }

  /** The first run after an instant. @unit milliseconds since the epoch */
  nextRun(afterMs: number, zone: string): number {
    const after = toWall(afterMs, zone);
    const wallMs = this.nextWall(after.ms);
    const first = fromWall({ ms: wallMs, fold: 0 }, zone);
    if (first > afterMs) return first;
    // In the second of two equal hours the first reading lies behind; then the second is meant.
    return fromWall({ ms: wallMs, fold: 1 }, zone);
  }

  /** The first matching minute after the one the clock shows, told as if it were UTC. */
  nextWall(wallMs: number): number {
    const midnight = Math.floor(wallMs / DAY_MS) * DAY_MS;
    const minuteOfDay = Math.floor((wallMs - midnight) / 60_000);
    if (this.#runsOn(midnight)) {
      const time = this.#times.find((candidate) => candidate > minuteOfDay);
      if (time !== undefined) return midnight + time * 60_000;
    }
    for (let days = 1; days <= MAX_DAYS; days++) {
      const day = midnight + days * DAY_MS;
      if (this.#runsOn(day)) return day + (this.#times[0] as number) * 60_000;
    }
    throw new ImproperlyConfigured(`crontab '${this.#text}' does not run within 40 years.`);
  }

  /** `<crontab: 0 4 * * * (m/h/dM/MY/d)>`, as Celery prints it. */
  toString(): string {
    return `<crontab: ${this.#text} (m/h/dM/MY/d)>`;
  }

  /** The latest run up to what the clock shows, or minus infinity. */
  #lastRun(now: Wall, zone: string): number {
    const midnight = Math.floor(now.ms / DAY_MS) * DAY_MS;
    for (let days = 0; days <= MAX_DAYS; days++) {
      const day = midnight - days * DAY_MS;
      if (!this.#runsOn(day)) continue;
      const limit = days === 0 ? Math.floor((now.ms - midnight) / 60_000) : Number.POSITIVE_INFINITY;
      const time = this.#times.findLast((candidate) => candidate <= limit);
      if (time !== undefined) return fromWall({ ms: day + time * 60_000, fold: days === 0 ? now.fold : 0 }, zone);
    }
    return Number.NEGATIVE_INFINITY;
  }

  #runsOn(midnightMs: number): boolean {
    const date = new Date(midnightMs);
    const { months, days, weekdays } = this.#days;
    return months.has(date.getUTCMonth() + 1) && days.has(date.getUTCDate()) && weekdays.has(date.getUTCDay());
  }
}

/** `crontab({ minute: 0, hour: '9-17', day_of_week: 'mon-fri' })`; without fields, every minute. */
export function crontab(fields: CrontabFields = {}): Crontab {
  return new Crontab(fields);
}

/** A cron line: minute, hour, day of month, month, day of week. */
export function crontabFromString(line: string): Crontab {
  if (typeof line !== 'string') throw new ImproperlyConfigured(`A cron line is a text, not ${String(line)}.`);
  const parts = line.trim().split(/\s+/);
  if (parts.length !== 5) {
    const nickname = line.trim().startsWith('@') ? ' Nicknames such as @hourly are not read.' : '';
    throw new ImproperlyConfigured(
      `A cron line has five fields (minute, hour, day of month, month, day of week); '${line}' has ${parts.length}.${nickname}`,
    );
  }
  const [minute, hour, day_of_month, month_of_year, day_of_week] = parts as [string, string, string, string, string];
  return new Crontab({ minute, hour, day_of_month, month_of_year, day_of_week });
}

/** One field's text to its numbers, rising. `count` values from `first` on. Throws ImproperlyConfigured. */
export function parseCronField(text: string, count: number, first = 0): number[] {
  const values = new Set<number>();
  for (const part of text.split(',')) for (const value of parsePart(part.trim(), count, first)) values.add(value);
  return [...values].sort((a, b) => a - b);
}

function parsePart(part: string, count: number, first: number): number[] {
  if (part === '') throw new ImproperlyConfigured('empty part');
  const star = /^\*(?:\/(\w*))?$/.exec(part);
  if (star !== null) return everyNth(run(first, first + count - 1), star[1]);
  const range = /^(\w+?)-(\w+)(?:\/(\w*))?$/.exec(part);
  if (range === null) return [parseNumber(part, count, first)];
  const from = parseNumber(range[1] as string, count, first);
  const to = parseNumber(range[2] as string, count, first);
  const values = to < from ? [...run(from, first + count - 1), ...run(first, to)] : run(from, to);
  return everyNth(values, range[3]);
}

function parseNumber(text: string, count: number, first: number): number {
  if (text.startsWith('-')) throw new ImproperlyConfigured('negative numbers not supported');
  const value = /^\d+$/.test(text) ? Number(text) : named(text);
  if (value === null) {
    const hint = /^\d+\/\d+$/.test(text) ? ` A step needs * or a range before it: */${text.split('/')[1]}.` : '';
    throw new ImproperlyConfigured(`Invalid weekday literal '${text}'.${hint}`);
  }
  const last = first + count - 1;
  const sunday = value === 7 && count === 7 ? ' Sunday is 0.' : '';
  if (value > last) throw new ImproperlyConfigured(`Invalid end range: ${value} > ${last}.${sunday}`);
  if (value < first) throw new ImproperlyConfigured(`Invalid beginning range: ${value} < ${first}.`);
  return value;
}

/** 'sun' ... 'sat' and 'jan' ... 'dec', by their first three letters in any case. */
function named(text: string): number | null {
  if (!/^[a-z]{3,}$/i.test(text)) return null;
  const key = text.slice(0, 3).toLowerCase();
  const weekday = WEEKDAYS.indexOf(key);
  if (weekday !== -1) return weekday;
  const month = MONTHS.indexOf(key);
  return month === -1 ? null : month + 1;
}

function everyNth(values: number[], step: string | undefined): number[] {
  if (step === undefined) return values;
  if (step === '') throw new ImproperlyConfigured('empty filter');
  if (!/^\d+$/.test(step)) throw new ImproperlyConfigured(`a step is a number, not '${step}'`);
  const size = Number(step);
  if (size === 0) throw new ImproperlyConfigured('slice step cannot be zero');
  return values.filter((_, index) => index % size === 0);
}

function run(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function expand(name: FieldName, field: CronField | undefined): number[] {
  const { count, first } = LIMITS[name];
  try {
    if (typeof field === 'string' || field === undefined) return parseCronField(field ?? '*', count, first);
    if (typeof field !== 'number' && typeof (field as Iterable<number> | null)?.[Symbol.iterator] !== 'function')
      throw new ImproperlyConfigured(`valid are '*/15', numbers and lists of them, not ${String(field)}`);
    const values = typeof field === 'number' ? [field] : [...field];
    if (values.length === 0) throw new ImproperlyConfigured('empty part');
    for (const value of values) {
      if (!Number.isInteger(value) || value < first || value >= first + count) {
        throw new ImproperlyConfigured(
          `valid are whole numbers from ${first} to ${first + count - 1}, not ${String(value)}`,
        );
      }
    }
    return [...new Set(values)].sort((a, b) => a - b);
  } catch (error) {
    if (!(error instanceof ImproperlyConfigured)) throw error;
    throw new ImproperlyConfigured(`crontab ${name} '${fieldText(field)}': ${error.message}`);
  }
}

function fieldText(field: CronField | undefined): string {
  if (field === null) return 'null';
  if (field === undefined) return '*';
  return typeof field === 'string'
    ? field.replace(/\s+/g, '')
    : typeof field === 'number'
      ? String(field)
      : [...field].join(',');
}
