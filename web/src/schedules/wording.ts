// A schedule in words. Crontabs by cronstrue, loaded with this page only, after Celery's grammar is written as cron's.
// In Chinese by its catalogue (language/zh/crontab.ts): cronstrue's own locale puts English order into it.
// Holds: what has no words stands as it was written; where both day fields are given it says that both must hold, which cron does not mean.
import cronstrue from 'cronstrue';
import type { ScheduleRow } from '../../../shared/wire/schedules.ts';
import { catalogue, language, locale } from '../language/language.ts';
import { t } from '../language/text.ts';
import { zoneName } from '../ui/zone.ts';

export type EntrySchedule = NonNullable<ScheduleRow['schedule']>;
type CrontabForm = Extract<EntrySchedule, { kind: 'crontab' }>;

const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** @param zone by whose clock; null: unknown @param own the reader's zone: it is not named */
export function scheduleWords(schedule: EntrySchedule | null, zone: string | null, own: string): string {
  if (schedule === null) return t('unknown');
  const inPlace = (words: string) => (zone === null || zone === own ? words : t('{words}, {zone}', { words, zone }));
  if (schedule.kind === 'interval') {
    const words = everyWords(schedule.every);
    return schedule.relative ? inPlace(t('{words}, at full marks of the clock', { words })) : words;
  }
  if (schedule.kind === 'crontab') return inPlace(crontabWords(schedule));
  if (schedule.kind === 'solar')
    return t('At {event}, {place}', { event: solarWords(schedule.event), place: coordinates(schedule) });
  if (schedule.kind === 'clocked') return t('Once, {time}', { time: inZone(schedule.at / 1000, zone ?? own) });
  return schedule.text;
}

/** 'Every 30 seconds', 'Every minute', 'Every 2 hours', with all digits. */
function everyWords(seconds: number): string {
  const whole = (size: number) => (seconds >= size && seconds % size === 0 ? String(seconds / size) : null);
  const days = whole(86_400);
  if (days !== null) return days === '1' ? t('Every day') : t('Every {days} days', { days });
  const hours = whole(3600);
  if (hours !== null) return hours === '1' ? t('Every hour') : t('Every {hours} hours', { hours });
  const minutes = whole(60);
  if (minutes !== null) return minutes === '1' ? t('Every minute') : t('Every {minutes} minutes', { minutes });
  return seconds === 1 ? t('Every second') : t('Every {seconds} seconds', { seconds: String(seconds) });
}

function crontabWords(form: CrontabForm): string {
  const fields = cronFields(form);
  try {
    const line = fields.join(' ');
    if (catalogue) return catalogue.crontab(fields);
    const words = cronstrue.toString(line, { use24HourTimeFormat: true });
    return fields[2] !== '*' && fields[4] !== '*' ? t('{words} (both must hold)', { words }) : words;
  } catch {
    return cronLine(form);
  }
}

/** As people write it: minute, hour, day of month, month, day of week. */
export const cronLine = ({ minute, hour, day_of_month, month_of_year, day_of_week }: CrontabForm): string =>
  [minute, hour, day_of_month, month_of_year, day_of_week].join(' ');

/** The same in cron's grammar: names as numbers, what wraps (fri-mon, 22-4) as a list. */
function cronFields(form: CrontabForm): string[] {
  return [
    cronField(form.minute, 0, 59, []),
    cronField(form.hour, 0, 23, []),
    cronField(form.day_of_month, 1, 31, []),
    cronField(form.month_of_year, 1, 12, MONTHS),
    cronField(form.day_of_week, 0, 6, WEEKDAYS),
  ];
}

function cronField(text: string, first: number, last: number, names: readonly string[]): string {
  const number = (word: string): number => {
    const at = names.indexOf(word.slice(0, 3).toLowerCase());
    return at === -1 ? Number(word) : at + first;
  };
  const part = (one: string): string => {
    const range = /^(\w+)-(\w+)(?:\/(\d+))?$/.exec(one);
    if (!range) return /^\w+$/.test(one) ? String(number(one)) : one;
    const [from, to, step] = [number(range[1]!), number(range[2]!), Number(range[3] ?? 1)];
    if (from <= to) return `${from}-${to}${step === 1 ? '' : `/${step}`}`;
    const all = [...Array(last - from + 1).keys()].map((n) => n + from);
    for (let n = first; n <= to; n++) all.push(n);
    return all.filter((_, i) => i % step === 0).join(',');
  };
  return text.replace(/\s+/g, '').split(',').map(part).join(',');
}

const SOLAR_WORDS: Readonly<Record<string, string>> = {
  sunrise: t('sunrise'),
  sunset: t('sunset'),
  solar_noon: t('solar noon'),
  dawn_civil: t('civil dawn'),
  dawn_nautical: t('nautical dawn'),
  dawn_astronomical: t('astronomical dawn'),
  dusk_civil: t('civil dusk'),
  dusk_nautical: t('nautical dusk'),
  dusk_astronomical: t('astronomical dusk'),
};

/** 'dawn_astronomical' is astronomical dawn. */
export const solarWords = (event: string): string => SOLAR_WORDS[event] ?? event.replaceAll('_', ' ');

function coordinates({ lat, lon }: { lat: number; lon: number }): string {
  const side = (value: number, plus: string, minus: string) => `${Math.abs(value)}° ${value < 0 ? minus : plus}`;
  return `${side(lat, 'N', 'S')} ${side(lon, 'E', 'W')}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();
/** 'Sun, Mar 29, 03:30:00 GMT+2': by the clock of the entry's zone, with what that is off UTC then. @param at seconds */
function inZone(at: number, zone: string): string {
  return parts(at, zone).join(' ');
}

/** @returns day, time, offset */
export function parts(at: number, zone: string): [day: string, time: string, offset: string] {
  let format = formats.get(zone);
  if (!format) {
    const wanted = {
      weekday: 'short',
      year: 'numeric',
      month: 'short',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'shortOffset',
    } as const;
    try {
      format = new Intl.DateTimeFormat('en', { ...wanted, timeZone: zone });
    } catch {
      format = new Intl.DateTimeFormat('en', { ...wanted, timeZone: 'UTC' });
    }
    formats.set(zone, format);
  }
  const date = new Date(at * 1000);
  if (Number.isNaN(date.getTime())) return [String(at), '', ''];
  const part: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(date)) part[type] = value;
  const seconds = part.second === '00' ? '' : `:${part.second}`;
  return [
    language === 'en' ? `${part.weekday} ${part.month} ${part.day}, ${part.year}` : localDay(date, format),
    `${part.hour}:${part.minute}${seconds}`,
    (part.timeZoneName ?? '').replace('GMT', 'UTC'),
  ];
}

/** '2026年3月29日周日' */
const localDay = (date: Date, format: Intl.DateTimeFormat): string =>
  date.toLocaleDateString(locale, {
    weekday: 'short',
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    timeZone: format.resolvedOptions().timeZone,
  });

/** By whose clock an entry's times are shown: its own, where it hangs on one. */
export const zoneOf = ({ schedule, timezone }: Pick<ScheduleRow, 'schedule' | 'timezone'>): string =>
  (schedule?.kind === 'crontab' ? timezone : null) ?? zoneName();
