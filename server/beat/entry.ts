// One entry of `beat_schedule`, as it is configured, whether it can be used, and what is stored of it: everything that would fail at its
// time fails at the start.
// Not here: when it is due (scheduler.ts), sending it (beat.ts).
// Holds: an error names the entry, what was given and what is expected.
// Celery 5.6: beat.py ScheduleEntry, which finds out when the entry is due
import { jsonText } from '../../shared/json-text.ts';
import { nearest } from '../../shared/nearest.ts';
import { checkOptions } from '../app/call-checks.ts';
import { LAST_MS } from '../app/call-times.ts';
import type { ApplyOptions } from '../canvas/call-options.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { EntryDefinition } from '../schedules/contract.ts';
import { type Schedule, toSchedule } from '../schedules/schedule.ts';
import { formOf, parseEntries, scheduleOf } from '../schedules/stored-entry.ts';
import { resolveZone } from '../schedules/zone.ts';
import type { BodyCodec } from '../serialization/codec.ts';
import { decodeJson } from '../serialization/json.ts';
import { BeatLazyFunc } from './lazy.ts';

/** One entry of `beat_schedule`, as it is configured. */
export interface EntryOptions {
  /** Name of the task. */
  readonly task: string;
  /** Seconds, a span such as { minutes: 5 }, crontab(...), solar(...) or clocked(...). */
  readonly schedule: unknown;
  readonly args?: readonly unknown[] | undefined;
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined;
  /** What `applyAsync` takes: queue, expires, priority ... */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** An interval falls on full minutes, hours or days. */
  readonly relative?: boolean | undefined;
  /** False: kept, never sent. Enabled again, it waits for its next time. */
  readonly enabled?: boolean | undefined;
  /** True: sent once, and never again. Default false; an entry with a clocked(...) schedule always is. */
  readonly one_off?: boolean | undefined;
  /** By whose clock a crontab is read: a name of the IANA. Default that of the app. */
  readonly timezone?: string | undefined;
  /** Never sent before it: a Date. Default: from the beginning. */
  readonly start_time?: Date | undefined;
}

const KEYS = [
  ...['task', 'schedule', 'args', 'kwargs', 'options', 'relative', 'enabled', 'one_off', 'timezone', 'start_time'],
];

/** @throws ImproperlyConfigured */
export function checkEntry(name: string, entry: EntryOptions, nowMs: number): EntryOptions {
  const wrong = (what: string) => new ImproperlyConfigured(`beat_schedule entry '${name}': ${what}.`);
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw wrong(`an object { task, schedule } is expected, not ${shown(entry)}`);
  }
  for (const key of Object.keys(entry)) {
    if (KEYS.includes(key)) continue;
    const near = nearest(key, KEYS);
    throw wrong(`there is no \`${key}\`${near ? `. Did you mean \`${near}\`?` : ';'} Known are ${KEYS.join(', ')}`);
  }
  if (typeof entry.task !== 'string' || entry.task === '') {
    throw wrong(`\`task\` must be the name of a task, not ${shown(entry.task)}`);
  }
  if (entry.args !== undefined && !Array.isArray(entry.args)) {
    throw wrong(`\`args\` must be a list, such as [2, 3], not ${shown(entry.args)}`);
  }
  for (const key of ['kwargs', 'options'] as const) {
    const value: unknown = entry[key];
    if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) {
      throw wrong(`\`${key}\` must be an object, not ${shown(value)}`);
    }
  }
  for (const key of ['relative', 'enabled', 'one_off'] as const) {
    const value: unknown = entry[key];
    if (value !== undefined && typeof value !== 'boolean')
      throw wrong(`\`${key}\` must be true or false, not ${shown(value)}`);
  }
  const { start_time: start } = entry as { start_time?: unknown };
  if (start !== undefined && !(start instanceof Date && !Number.isNaN(start.getTime())))
    throw wrong(`\`start_time\` must be a Date, not ${shown(start)}`);
  if (entry.timezone !== undefined) {
    if (typeof entry.timezone !== 'string' || entry.timezone === '')
      throw wrong(`\`timezone\` must be a name such as Europe/Prague, not ${shown(entry.timezone)}`);
    try {
      resolveZone(entry.timezone);
    } catch (error) {
      throw wrong((error as Error).message.replace(/\.$/, ''));
    }
  }
  try {
    checkOptions((entry.options ?? {}) as ApplyOptions, nowMs);
  } catch (error) {
    throw wrong(`in its options, ${(error as Error).message.replace(/\.$/, '')}`);
  }
  return entry;
}

/**
 * Whether its task, when it is known, takes these arguments, and whether they can be written.
 * @param bind the check of the task's own parameters; null: the task is not known here
 * @throws ImproperlyConfigured
 */
export function checkCall(
  name: string,
  entry: EntryOptions,
  { codec, serializer }: { readonly codec: BodyCodec; readonly serializer: string },
  bind: ((args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) => unknown) | null,
): void {
  const { args = [], kwargs = {}, options = {} } = entry;
  const still = (value: unknown) => (value instanceof BeatLazyFunc ? null : value);
  const given = [
    args.map(still),
    Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, still(value)])),
  ] as const;
  try {
    bind?.(...given);
    codec.encode([...given, {}], (options.serializer as string | undefined) ?? serializer);
  } catch (error) {
    throw new ImproperlyConfigured(
      `beat_schedule entry '${name}': its call of ${entry.task} cannot be sent: ${(error as Error).message}`,
    );
  }
}

/** @throws ImproperlyConfigured */
export function readSchedule(name: string, options: EntryOptions, nowMs: number): Schedule {
  const wrong = (what: string) => new ImproperlyConfigured(`beat_schedule entry '${name}': ${what}`);
  let schedule: Schedule;
  try {
    schedule = toSchedule(options.schedule, { relative: options.relative ?? false });
  } catch (error) {
    if (!(error instanceof ImproperlyConfigured)) throw error;
    throw wrong(error.message);
  }
  if (schedule.kind !== 'interval') return schedule;
  const seconds = schedule.remaining(0, { nowMs: 0, zone: 'UTC' });
  // Celery would send without pause.
  if (!(seconds > 0) && !options.relative) throw wrong('an interval of 0 s would never end.');
  if (nowMs + seconds * 1000 > LAST_MS) {
    throw wrong(
      `an interval of ${seconds} s ends beyond the year 9999. It is given in seconds; for milliseconds write { milliseconds: ... }.`,
    );
  }
  return schedule;
}

/** As it is stored for others to see: lazy arguments are named, what JSON has no words for is null. */
export function definitionOf(
  entry: Pick<EntryOptions, 'task' | 'args' | 'kwargs' | 'options'> & {
    readonly schedule: Schedule;
    readonly enabled: boolean;
    readonly isOneOff: boolean;
    readonly zone: string;
    readonly startTime: number | null;
  },
  codec: BodyCodec,
): EntryDefinition {
  const plain = <T>(value: T): T | null => {
    try {
      return parseEntries(Buffer.from(codec.encode(value, 'json').body).toString('utf8')) as T;
    } catch {
      return null;
    }
  };
  const named = (value: unknown) => (value instanceof BeatLazyFunc ? LAZY : value);
  const kwargs = Object.entries(entry.kwargs ?? {}).map(([key, value]) => [key, named(value)]);
  return {
    task: entry.task,
    schedule: formOf(entry.schedule),
    args: plain((entry.args ?? []).map(named)),
    kwargs: plain(Object.fromEntries(kwargs)),
    options: plain(entry.options ?? {}),
    enabled: entry.enabled,
    one_off: entry.isOneOff,
    timezone: entry.zone,
    ...(entry.startTime === null ? {} : { start_time: entry.startTime }),
  };
}

/**
 * An entry that others wrote into a store, as if it were configured.
 * @throws ImproperlyConfigured for one that cannot be sent
 */
export function optionsOf(name: string, definition: EntryDefinition | null): EntryOptions {
  const wrong = (what: string) => new ImproperlyConfigured(`entry '${name}': ${what}`);
  if (definition === null) throw wrong('it has no schedule.');
  const { task, schedule: form, args, kwargs, options, enabled, one_off, timezone, start_time } = definition;
  if (args === null || kwargs === null || options === null) throw wrong('its arguments cannot be read as JSON.');
  const schedule = scheduleOf(form);
  if (schedule === null) throw wrong('its schedule is an object of an app.');
  const values = decodeJson(jsonText([args, kwargs, options]));
  const [a, k, o] = values as [unknown[], Record<string, unknown>, Record<string, unknown>];
  return {
    ...{ task, schedule, args: a, kwargs: k, options: o, enabled, one_off },
    ...(timezone === null ? {} : { timezone }),
    ...(start_time === undefined ? {} : { start_time: new Date(start_time) }),
  };
}

/** An argument that is worked out at each sending, in the form in which kombu's JSON writes values it has types for. */
const LAZY = { __type__: 'BeatLazyFunc', __value__: null };

function shown(value: unknown): string {
  if (typeof value === 'string') return `the text '${value}'`;
  if (typeof value === 'function') return 'a function';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' && value !== null ? 'an object' : String(value);
}
