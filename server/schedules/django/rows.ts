// An entry as rows of django-celery-beat, and back.
// Not here: statements (statements.ts), what the tables have no column for (store.ts).
// Holds: what Python's DatabaseScheduler reads means what ours means by it; what it has no words for is null, never something else.
// django-celery-beat 2.x: models.py, schedulers.py ModelEntry
import { jsonText } from '../../../shared/json-text.ts';
import type { SqlDialect, SqlParam, SqlRecord } from '../../backends/sql/driver.ts';
import type { EntryDefinition, EntryRuns, ScheduleForm } from '../contract.ts';
import { parseEntries } from '../stored-entry.ts';

export type Values = Readonly<Record<string, SqlParam>>;

/** A schedule as the row of a table of its own, which entries point to. */
export interface ScheduleRow {
  readonly kind: 'interval' | 'crontab' | 'solar' | 'clocked';
  readonly values: Values;
}

export interface EntryRow {
  readonly schedule: ScheduleRow;
  /** Columns of django_celery_beat_periodictask, without schedule, runs and times. */
  readonly values: Values;
}

const PERIOD_SECONDS: Readonly<Record<string, number>> = {
  days: 86_400,
  hours: 3600,
  minutes: 60,
  seconds: 1,
  microseconds: 1e-6,
};
/** What an integer of each database holds. */
const MAX_INTEGER = 2 ** 31 - 1;
const IN_COLUMNS = new Set(['queue', 'exchange', 'routing_key', 'headers', 'priority', 'expires']);

/** null: Python could not run it as it is meant. */
export function rowOf(definition: EntryDefinition, dialect: SqlDialect): EntryRow | null {
  const { task, args, kwargs, options, enabled, one_off, start_time } = definition;
  const schedule = scheduleRow(definition, dialect);
  if (schedule === null || args === null || kwargs === null || options === null) return null;
  const { queue = null, exchange = null, routing_key: key = null, headers = {}, priority = null } = options;
  const columns = [queue, exchange, key];
  if (columns.some((each) => each !== null && typeof each !== 'string')) return null;
  if (priority !== null && !(Number.isInteger(priority) && Number(priority) >= 0)) return null;
  if (typeof headers !== 'object' || headers === null) return null;
  const expires = expiresOf(options.expires);
  if (expires === null) return null;
  return {
    schedule,
    values: {
      task,
      args: jsonText(args),
      kwargs: jsonText(kwargs),
      queue: queue as string | null,
      exchange: exchange as string | null,
      routing_key: key as string | null,
      headers: jsonText(headers),
      priority: priority as number | null,
      expires: expires.at === null ? null : timeText(expires.at, dialect),
      expire_seconds: expires.seconds,
      one_off: flag(one_off || definition.schedule.kind === 'clocked', dialect),
      start_time: start_time === undefined ? null : timeText(start_time, dialect),
      enabled: flag(enabled, dialect),
    },
  };
}

/** Options that no column has: Python sends without them. */
export function optionsWithoutColumn(options: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(options).filter((name) => !IN_COLUMNS.has(name));
}

/** As the row says it; null: it has no schedule. */
export function definitionOfRow(row: SqlRecord): EntryDefinition | null {
  const schedule = formOfRow(row);
  if (schedule === null) return null;
  const headers = object(row.headers) ?? {};
  const expires = row.expires
    ? { __type__: 'datetime', __value__: new Date(timeOf(row.expires)).toISOString().replace('Z', '+00:00') }
    : row.expire_seconds === null || row.expire_seconds === undefined
      ? undefined
      : Number(row.expire_seconds);
  const given: Record<string, unknown> = {
    queue: row.queue,
    exchange: row.exchange,
    routing_key: row.routing_key,
    priority: row.priority === null ? null : Number(row.priority),
    headers: Object.keys(headers).length === 0 ? null : headers,
    expires,
  };
  const options = Object.entries(given).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return {
    task: String(row.task),
    schedule,
    args: list(row.args),
    kwargs: object(row.kwargs),
    options: Object.fromEntries(options),
    enabled: isTrue(row.enabled),
    one_off: isTrue(row.one_off),
    timezone: schedule.kind === 'crontab' && row.timezone ? String(row.timezone) : null,
    ...(row.start_time ? { start_time: timeOf(row.start_time) } : {}),
  };
}

export function runsOfRow(row: SqlRecord, nowMs: number): EntryRuns {
  return {
    // As there: what has never run begins when it is first seen.
    lastRunAt: row.last_run_at ? timeOf(row.last_run_at) : nowMs,
    totalRunCount: Number(row.total_run_count),
  };
}

function scheduleRow({ schedule: form, timezone }: EntryDefinition, dialect: SqlDialect): ScheduleRow | null {
  switch (form.kind) {
    case 'interval': {
      if (form.relative) return null;
      const whole = Number.isInteger(form.every);
      const every = whole ? form.every : Math.round(form.every * 1e6);
      const period = whole ? 'seconds' : 'microseconds';
      return every > 0 && every <= MAX_INTEGER ? { kind: 'interval', values: { every, period } } : null;
    }
    case 'crontab': {
      const { kind: _, ...fields } = form;
      return { kind: 'crontab', values: { ...fields, timezone: timezone ?? 'UTC' } };
    }
    case 'solar': {
      const degrees = (value: number) => value.toFixed(6);
      return {
        kind: 'solar',
        values: { event: form.event, latitude: degrees(form.lat), longitude: degrees(form.lon) },
      };
    }
    case 'clocked':
      return { kind: 'clocked', values: { clocked_time: timeText(form.at, dialect) } };
    case 'custom':
      return null;
  }
}

function formOfRow(row: SqlRecord): ScheduleForm | null {
  if (row.interval_id !== null)
    return {
      kind: 'interval',
      every: Math.round(Number(row.every) * (PERIOD_SECONDS[String(row.period)] ?? Number.NaN) * 1e6) / 1e6,
      relative: false,
    };
  if (row.crontab_id !== null) {
    const [minute, hour, day_of_week] = [String(row.minute), String(row.hour), String(row.day_of_week)];
    const [day_of_month, month_of_year] = [String(row.day_of_month), String(row.month_of_year)];
    return { kind: 'crontab', minute, hour, day_of_week, day_of_month, month_of_year };
  }
  if (row.solar_id !== null)
    return { kind: 'solar', event: String(row.event), lat: Number(row.latitude), lon: Number(row.longitude) };
  return row.clocked_id === null ? null : { kind: 'clocked', at: timeOf(row.clocked_time) };
}

/** null: no column says it. */
function expiresOf(value: unknown): { at: number | null; seconds: number | null } | null {
  if (value === undefined || value === null) return { at: null, seconds: null };
  if (typeof value === 'number')
    return Number.isInteger(value) && value >= 0 && value <= MAX_INTEGER ? { at: null, seconds: value } : null;
  const text = typeof value === 'object' ? (value as { __value__?: unknown }).__value__ : value;
  const at = typeof text === 'string' ? Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`) : Number.NaN;
  return Number.isNaN(at) ? null : { at, seconds: null };
}

/** As Django keeps a point in time: UTC; with an offset where the column has one. */
export function timeText(ms: number, dialect: SqlDialect): string {
  const text = new Date(ms).toISOString().replace('T', ' ').replace('Z', '000');
  return dialect === 'postgresql' ? `${text}+00` : text;
}

export function timeOf(value: unknown): number {
  if (value instanceof Date) return value.getTime();
  const text = String(value)
    .replace(' ', 'T')
    .replace(/(\.\d{3})\d+/, '$1');
  return Date.parse(/[+-]\d\d$/.test(text) ? `${text}:00` : /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
}

export function flag(value: boolean, dialect: SqlDialect): SqlParam {
  return dialect === 'postgresql' ? String(value) : Number(value);
}

function isTrue(value: unknown): boolean {
  return value === true || value === 't' || value === 'true' || Number(value) === 1;
}

/** null: it is no list, as Python finds too. */
function list(text: unknown): unknown[] | null {
  const value = read(text, '[]');
  return Array.isArray(value) ? value : null;
}

function object(text: unknown): Record<string, unknown> | null {
  const value = read(text, '{}');
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function read(text: unknown, otherwise: string): unknown {
  try {
    return parseEntries(String(text || otherwise));
  } catch {
    return null;
  }
}
