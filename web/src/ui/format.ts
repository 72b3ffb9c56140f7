// Numbers and times as the pages say them. The wording itself is shared/format, as the terminal says it too;
// here: null as '-', what only charts and details need, and instants by the clock that a person chose (zone.ts).
import { formatBytes, formatExact, formatRate } from '../../../shared/format/text.ts';
import { formatAge, formatDuration } from '../../../shared/format/time.ts';

import { localFigures, count as shortCount } from '../language/figures.ts';
import { language, locale } from '../language/language.ts';
import { t } from '../language/text.ts';
import { offsetMinutes, wallClock } from './zone.ts';

export { plural } from '../../../shared/format/text.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** An age or a wait: '2 m 21 s', '3 h'. @param seconds negative counts as 0 */
export const age = (seconds: number): string => localFigures(seconds < 1 ? '0 s' : formatAge(seconds));

/** A measured length: '40 ms', '1.48 s', '2 m 31 s'. */
export const duration = (seconds: number | null | undefined): string => localFigures(formatDuration(seconds)) || '-';

/** A length in few signs, for axes and line ends: '121 ms', '1.6 s', '27 s'. */
export function approxDuration(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? '-' : localFigures(approx(seconds));
}

function approx(seconds: number): string {
  if (seconds < 0.01) return `${Number((seconds * 1000).toPrecision(2))} ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 2 * HOUR) return `${Math.round(seconds / MINUTE)} m`;
  return seconds < 2 * DAY ? `${Math.round(seconds / HOUR)} h` : `${Math.round(seconds / DAY)} d`;
}

/** Exact below 10,000, then '12.4k'. */
export const count = (value: number | null | undefined): string => shortCount(value) || '-';

/** All digits, for hover. */
export const exactCount = (value: number | null | undefined): string =>
  value === null || value === undefined ? t('unknown') : formatExact(value);

/** A rate or percentage: one decimal below 10, else whole. */
export const rate = (value: number | null | undefined): string => localFigures(formatRate(value)) || '-';

/** '+38', '−3', '0'. */
export function signed(value: number | null | undefined): string {
  if (value === null || value === undefined) return '-';
  const text = rate(Math.abs(value));
  if (text === '0') return '0';
  return value > 0 ? `+${text}` : `\u2212${text}`;
}

export const bytes = (size: number | null | undefined): string => formatBytes(size) || '-';

/** '2026-11-18' and '14:31:07.214' by the clock that is shown; of what no calendar has, a dash. */
function shown(seconds: number): [day: string, time: string] {
  const wall = wallClock(seconds * 1000);
  if (Number.isNaN(wall.getTime())) return ['-', '-'];
  const iso = wall.toISOString();
  return [iso.slice(0, -14), iso.slice(-13, -1)];
}

/** '14:31:07.214' in the person's zone. */
export const clock = (seconds: number): string => shown(seconds)[1];

/** '14:31:07' of today, else 'Nov 18, 14:31:07': an instant in a sentence, in the person's zone. @param now seconds */
export function instant(seconds: number, now: number): string {
  const d = wallClock(seconds * 1000);
  const today = wallClock(now * 1000);
  const time = clock(seconds).slice(0, 8);
  if (shown(seconds)[0] === shown(now)[0]) return time;
  const year = d.getUTCFullYear();
  const date =
    year === today.getUTCFullYear()
      ? shortDay(d)
      : language === 'en'
        ? `${shortDay(d)} ${year}`
        : d.toLocaleDateString(locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  return `${date}, ${time}`;
}

/** '14:31' or, when the axis is longer than a day, '18 Nov'. */
export function axisTime(seconds: number, spanSeconds: number): string {
  const d = wallClock(seconds * 1000);
  return spanSeconds <= DAY ? clock(seconds).slice(0, 5) : shortDay(d);
}

/** 'Nov 18, UTC+1' */
export const day = (seconds: number): string => `${shortDay(wallClock(seconds * 1000))}, ${offset(seconds)}`;

/** '2026-11-18 14:31:07.214 UTC+1' */
export function exactTime(seconds: number): string {
  const [day, time] = shown(seconds);
  return day === '-' ? '-' : `${day} ${time} ${offset(seconds)}`;
}

const shortDay = (wall: Date): string =>
  wall.toLocaleDateString(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });

function offset(seconds: number): string {
  const minutes = offsetMinutes(seconds * 1000);
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '-' : '+'}${Math.floor(size / 60)}${size % 60 ? `:${String(size % 60).padStart(2, '0')}` : ''}`;
}

/** 'celery@web-3' is 'web-3' where space is short. */
export function shortNode(hostname: string): string {
  return hostname.startsWith('celery@') ? hostname.slice('celery@'.length) : hostname;
}

/** Function name of a dotted task name. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
