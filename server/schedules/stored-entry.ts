// A stored entry as JSON: how files, and whoever asks over HTTP, have it. Celery's names; last_run_at as ISO 8601 text.
// Not here: what an entry is made of (contract.ts), how beat makes one of what is configured (beat/entry.ts).
// Holds: what was written is read back equal, integers of any size too; an entry of the runs only, as the first files have them, is read.
import { parseJsonExactly } from '../serialization/json-reader.ts';
import { ClockedSchedule } from './clocked.ts';
import type { EntryDefinition, EntryRuns, ScheduleForm, StoredEntry } from './contract.ts';
import { Crontab } from './crontab.ts';
import { IntervalSchedule, type Schedule } from './schedule.ts';
import { type SolarEvent, SolarSchedule } from './solar.ts';

export function formOf(schedule: Schedule): ScheduleForm {
  if (schedule instanceof IntervalSchedule)
    return { kind: 'interval', every: schedule.seconds, relative: schedule.relative };
  if (schedule instanceof Crontab) return { kind: 'crontab', ...schedule.fields };
  if (schedule instanceof SolarSchedule)
    return { kind: 'solar', event: schedule.event, lat: schedule.lat, lon: schedule.lon };
  if (schedule instanceof ClockedSchedule) return { kind: 'clocked', at: schedule.at };
  return { kind: 'custom', text: String(schedule) };
}

/** null: it is an object of the app's own. @throws ImproperlyConfigured for fields that are none */
export function scheduleOf(form: ScheduleForm): Schedule | null {
  if (form.kind === 'interval') return new IntervalSchedule(form.every, { relative: form.relative });
  if (form.kind === 'solar') return new SolarSchedule(form.event as SolarEvent, form.lat, form.lon);
  if (form.kind === 'clocked') return new ClockedSchedule(form.at);
  if (form.kind !== 'crontab') return null;
  const { kind: _, ...fields } = form;
  return new Crontab(fields);
}

/** For `jsonText`. */
export function entryToJson({ definition, runs }: StoredEntry): Record<string, unknown> {
  return {
    ...definition,
    last_run_at: new Date(runs.lastRunAt).toISOString(),
    total_run_count: runs.totalRunCount,
  };
}

/** @throws Error for what is no entry */
export function entryFromJson(name: string, value: unknown): StoredEntry {
  const damaged = new Error(`entry '${name}' is damaged`);
  if (!isObject(value)) throw damaged;
  const { last_run_at, total_run_count, ...definition } = value;
  const lastRunAt = typeof last_run_at === 'string' ? Date.parse(last_run_at) : Number.NaN;
  if (Number.isNaN(lastRunAt) || !Number.isInteger(total_run_count)) throw damaged;
  const runs = { lastRunAt, totalRunCount: total_run_count as number };
  if (!('task' in definition)) return { definition: null, runs };
  const {
    task,
    schedule,
    args = null,
    kwargs = null,
    options = null,
    enabled,
    one_off = false,
    timezone = null,
    start_time,
  } = definition;
  const isWhole =
    typeof task === 'string' &&
    isObject(schedule) &&
    typeof schedule.kind === 'string' &&
    (args === null || Array.isArray(args)) &&
    (kwargs === null || isObject(kwargs)) &&
    (options === null || isObject(options)) &&
    typeof enabled === 'boolean' &&
    typeof one_off === 'boolean' &&
    (timezone === null || typeof timezone === 'string') &&
    (start_time === undefined || typeof start_time === 'number');
  if (!isWhole) throw damaged;
  return {
    definition: {
      ...{ task, schedule, args, kwargs, options, enabled, one_off, timezone },
      ...(start_time === undefined ? {} : { start_time }),
    } as unknown as EntryDefinition,
    runs,
  };
}

/** JSON text as `jsonText` writes it. */
export function parseEntries(text: string): unknown {
  return parseJsonExactly(text);
}

/** The same entries, those named with these runs. */
export function withRuns(
  entries: ReadonlyMap<string, StoredEntry>,
  runs: ReadonlyMap<string, EntryRuns>,
): Map<string, StoredEntry> {
  const all = new Map(entries);
  for (const [name, changed] of runs) {
    const entry = all.get(name);
    if (entry) all.set(name, { ...entry, runs: changed });
  }
  return all;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
