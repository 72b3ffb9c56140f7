// Whether what somebody writes into a store can be an entry: checked when it is written, so that beat meets no surprise at its time.
// Not here: entries of an app's configuration (beat/entry.ts), the options of a call (dashboard/operations/send-options.ts).
// Holds: an error names the entry, the field, what was given, and what is expected.
import { ImproperlyConfigured } from '../errors.ts';
import { type EntryDefinition, EntryRefused, type ScheduleForm } from './contract.ts';
import { scheduleOf } from './stored-entry.ts';
import { resolveZone } from './zone.ts';

/** django-celery-beat's column has no more room. @unit characters */
const LONGEST = 200;
/** A date of JavaScript and Python both. @unit milliseconds since the epoch */
const LAST_MS = Date.UTC(9999, 11, 31);

/** @throws EntryRefused */
export function checkDefinition(name: string, definition: EntryDefinition): void {
  const wrong = (what: string, field: string | null = null) =>
    new EntryRefused('wrong', `The entry '${name}' cannot be written: ${what}`, field);
  if (name === '' || name.length > LONGEST || name.includes('\0'))
    throw new EntryRefused(
      'wrong',
      `An entry has a name of 1 to ${LONGEST} characters, not ${JSON.stringify(name)}.`,
      'name',
    );
  const { task, schedule: form, args, kwargs, options, timezone } = definition;
  if (task === '' || task.length > LONGEST) throw wrong(`its task is a name of 1 to ${LONGEST} characters.`, 'task');
  if (args === null || kwargs === null || options === null) throw wrong('its arguments and options are JSON.');
  let field: string | null = 'timezone';
  try {
    if (timezone !== null) resolveZone(timezone);
    field = wrongFieldOf(form);
    const schedule = scheduleOf(form);
    if (schedule === null) throw wrong('an object of an app can be a schedule in its beat_schedule only.');
    if (form.kind === 'interval' && !(form.every > 0)) throw wrong('an interval of 0 s would never end.', 'every');
    if (form.kind === 'interval' && !(form.every * 1000 < LAST_MS - Date.UTC(2026, 0)))
      throw wrong(`an interval of ${form.every} s ends beyond the year 9999. It is given in seconds.`, 'every');
    if (form.kind === 'clocked' && !(form.at >= 0 && form.at < LAST_MS))
      throw wrong('its instant is in milliseconds since 1970, before the year 9999.', 'at');
  } catch (error) {
    if (error instanceof EntryRefused || !(error instanceof ImproperlyConfigured)) throw error;
    throw wrong(error.message, field);
  }
}

/** Which field alone makes it no schedule; null: none does. */
function wrongFieldOf(form: ScheduleForm): string | null {
  const isWrong = (alone: ScheduleForm): boolean => {
    try {
      scheduleOf(alone);
      return false;
    } catch {
      return true;
    }
  };
  if (form.kind === 'interval') return 'every';
  if (form.kind === 'clocked') return 'at';
  if (form.kind === 'crontab') {
    const any = { minute: '*', hour: '*', day_of_week: '*', day_of_month: '*', month_of_year: '*' };
    const fields = Object.keys(any) as (keyof typeof any)[];
    return fields.find((field) => isWrong({ kind: 'crontab', ...any, [field]: form[field] })) ?? null;
  }
  if (form.kind !== 'solar') return null;
  const right = { event: 'sunset', lat: 0, lon: 0 };
  const fields = Object.keys(right) as (keyof typeof right)[];
  return fields.find((field) => isWrong({ kind: 'solar', ...right, [field]: form[field] })) ?? null;
}

export function refusedNew(name: string): EntryRefused {
  return new EntryRefused('exists', `There is an entry '${name}' already: give the new one another name.`, 'name');
}
export function refusedUnknown(name: string): EntryRefused {
  return new EntryRefused('unknown', `There is no entry '${name}': it may have been removed meanwhile.`);
}
export function refusedConfigured(name: string): EntryRefused {
  return new EntryRefused(
    'configured',
    `The entry '${name}' comes from the beat_schedule of an app: change it there. Here it can be paused and resumed.`,
  );
}

/** Nothing but whether it is enabled differs. */
export function onlyEnabledDiffers(before: EntryDefinition, after: EntryDefinition): boolean {
  return sorted({ ...before, enabled: true }) === sorted({ ...after, enabled: true });
}

/** Texts are equal when values are, in whatever order their keys were written. */
export function sorted(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return { integer: String(each) };
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
