// What the form of an entry holds, as texts, and the entry they make. Pure.
// Holds: what was not touched is not sent, so that a masked value stays what it is; a wrong text names its field.
import { jsonText } from '../../../shared/json-text.ts';
import type { ScheduleRequest, ScheduleRow } from '../../../shared/wire/schedules.ts';
import { t } from '../language/text.ts';
import type { Wrong as FieldWrong } from '../ui/wrong-field.ts';
import { instantAt, wallClock } from '../ui/zone.ts';
import type { EntrySchedule } from './wording.ts';

export const KINDS = ['interval', 'crontab', 'solar', 'clocked'] as const;
export type Kind = (typeof KINDS)[number];
export const UNITS = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const;
export const CRON = ['minute', 'hour', 'day_of_month', 'month_of_year', 'day_of_week'] as const;
export const SUN = [
  'sunrise',
  'sunset',
  'solar_noon',
  'dawn_civil',
  'dawn_nautical',
  'dawn_astronomical',
  'dusk_civil',
  'dusk_nautical',
  'dusk_astronomical',
] as const;

export interface Fields {
  name: string;
  task: string;
  kind: Kind;
  every: string;
  unit: keyof typeof UNITS;
  minute: string;
  hour: string;
  day_of_week: string;
  day_of_month: string;
  month_of_year: string;
  event: string;
  lat: string;
  lon: string;
  /** As a field of date and time has it, in the reader's zone. */
  at: string;
  timezone: string;
  args: string;
  kwargs: string;
  queue: string;
  enabled: boolean;
  one_off: boolean;
}

/** A field and what is wrong with it. */
export type Wrong = FieldWrong<keyof Fields>;

const NEW: Fields = {
  ...{ name: '', task: '', kind: 'crontab', every: '10', unit: 'minutes' },
  ...{ minute: '0', hour: '*', day_of_week: '*', day_of_month: '*', month_of_year: '*' },
  ...{ event: 'sunset', lat: '', lon: '', at: '', timezone: 'UTC', args: '[]', kwargs: '{}', queue: '' },
  ...{ enabled: true, one_off: false },
};

/** @param zone of a new one */
export function fieldsOf(entry: ScheduleRow | null, zone: string): Fields {
  if (entry === null) return { ...NEW, timezone: zone };
  const { name, task, schedule, timezone, args, kwargs, options, enabled, one_off } = entry;
  return {
    ...NEW,
    ...scheduleFields(schedule),
    ...{ name, task: task ?? '', timezone: timezone ?? zone },
    args: args === null ? '' : jsonText(args),
    kwargs: kwargs === null ? '' : jsonText(kwargs),
    queue: typeof options?.queue === 'string' ? options.queue : '',
    enabled: enabled !== false,
    one_off: one_off === true,
  };
}

function scheduleFields(schedule: EntrySchedule | null): Partial<Fields> {
  if (schedule?.kind === 'interval') {
    const names = Object.keys(UNITS).reverse() as (keyof typeof UNITS)[];
    const unit = names.find((one) => schedule.every >= UNITS[one] && schedule.every % UNITS[one] === 0) ?? 'seconds';
    return { kind: 'interval', every: String(schedule.every / UNITS[unit]), unit };
  }
  if (schedule?.kind === 'crontab') return schedule;
  if (schedule?.kind === 'solar')
    return { kind: 'solar', event: schedule.event, lat: String(schedule.lat), lon: String(schedule.lon) };
  if (schedule?.kind === 'clocked') return { kind: 'clocked', at: localText(schedule.at) };
  return {};
}

/** '2026-03-29T02:30', as a field of date and time wants it. */
function localText(ms: number): string {
  return wallClock(ms).toISOString().slice(0, 19);
}

/** The schedule as it stands in the form; a text that is no number is told. */
export function scheduleIn(fields: Fields, before: EntrySchedule | null = null): EntrySchedule | Wrong {
  const { kind } = fields;
  if (kind === 'interval') {
    const every = number(fields.every);
    if (every === null || every <= 0) return { field: 'every', text: t('A number greater than 0.') };
    const relative = before?.kind === 'interval' && before.relative;
    return { kind, every: every * UNITS[fields.unit], relative };
  }
  if (kind === 'crontab') {
    const { minute, hour, day_of_week, day_of_month, month_of_year } = fields;
    return { kind, minute, hour, day_of_week, day_of_month, month_of_year };
  }
  if (kind === 'solar') {
    const lat = number(fields.lat);
    const lon = number(fields.lon);
    if (lat === null) return { field: 'lat', text: t('Degrees from -90 to 90, north is positive.') };
    if (lon === null) return { field: 'lon', text: t('Degrees from -180 to 180, east is positive.') };
    return { kind, event: fields.event, lat, lon };
  }
  const at = instantAt(fields.at);
  return Number.isNaN(at) ? { field: 'at', text: t('A day and a time.') } : { kind, at };
}

/** @param entry the one that is changed; null: a new one */
export function requestIn(fields: Fields, entry: ScheduleRow | null): ScheduleRequest | Wrong {
  const was = fieldsOf(entry, fields.timezone);
  if (fields.name.trim() === '') return { field: 'name', text: t('Give it a name.') };
  if (fields.task.trim() === '') return { field: 'task', text: t('The whole name of a task, as workers know it.') };
  const schedule = scheduleIn(fields, entry?.schedule);
  if ('text' in schedule) return schedule as Wrong;
  const args = entry && fields.args === was.args ? null : readJson(fields.args, Array.isArray);
  if (args === undefined) return { field: 'args', text: t('A list as JSON, as in [1, "EUR"].') };
  const kwargs = entry && fields.kwargs === was.kwargs ? null : readJson(fields.kwargs, isTable);
  if (kwargs === undefined)
    return { field: 'kwargs', text: t('A table as JSON, as in {example}.', { example: '{"currency": "EUR"}' }) };
  return {
    name: entry?.name ?? fields.name.trim(),
    create: entry === null,
    task: fields.task.trim(),
    schedule,
    timezone: fields.timezone.trim() || null,
    args: args as unknown[] | null,
    kwargs: kwargs as Record<string, unknown> | null,
    queue: entry && fields.queue === was.queue ? null : fields.queue.trim(),
    enabled: fields.enabled,
    one_off: fields.one_off,
  };
}

function number(text: string): number | null {
  const value = Number(text);
  return text.trim() === '' || !Number.isFinite(value) ? null : value;
}

const isTable = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** undefined: it is none. Whole numbers that this form cannot send unchanged are none either. */
function readJson(text: string, fits: (value: unknown) => boolean): unknown {
  try {
    const value: unknown = JSON.parse(text, (_, one: unknown) => {
      if (Number.isInteger(one) && !Number.isSafeInteger(one)) throw new RangeError('more digits than a number has');
      return one;
    });
    return fits(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
