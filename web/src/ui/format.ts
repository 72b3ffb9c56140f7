// Numbers and times as the pages say them. The wording itself is shared/format, as the terminal says it too;
// here: null as '-', what only charts and details need, and the person's own zone.
import { formatBytes, formatExact, formatRate } from '../../../shared/format/text.ts';
import { formatAge, formatDuration } from '../../../shared/format/time.ts';

import { localFigures, count as shortCount } from '../language/figures.ts';
import { language, locale } from '../language/language.ts';
import { t } from '../language/text.ts';

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

const pad = (n: number, width = 2) => String(n).padStart(width, '0');

/** '14:31:07.214' in the person's zone. */
export function clock(seconds: number): string {
  const d = new Date(seconds * 1000);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}.${pad(d.getMilliseconds(), 3)}`;
}

/** '14:31:07' of today, else 'Nov 18, 14:31:07': an instant in a sentence, in the person's zone. @param now seconds */
export function instant(seconds: number, now: number): string {
  const d = new Date(seconds * 1000);
  const time = `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
  if (d.toDateString() === new Date(now * 1000).toDateString()) return time;
  const year = d.getFullYear();
  const date =
    year === new Date(now * 1000).getFullYear()
      ? d.toLocaleDateString(locale, { day: 'numeric', month: 'short' })
      : language === 'en'
        ? `${d.toLocaleDateString(locale, { day: 'numeric', month: 'short' })} ${year}`
        : d.toLocaleDateString(locale, { day: 'numeric', month: 'short', year: 'numeric' });
  return `${date}, ${time}`;
}

/** '14:31' or, when the axis is longer than a day, '18 Nov'. */
export function axisTime(seconds: number, spanSeconds: number): string {
  const d = new Date(seconds * 1000);
  if (spanSeconds <= DAY) return `${pad(d.getHours())}:${pad(d.getMinutes())}`;
  return d.toLocaleDateString(locale, { day: 'numeric', month: 'short' });
}

/** 'Nov 18, UTC+1' */
export function day(seconds: number): string {
  const d = new Date(seconds * 1000);
  return `${d.toLocaleDateString(locale, { day: 'numeric', month: 'short' })}, ${zone(d)}`;
}

/** '2026-11-18 14:31:07.214 UTC+1' */
export function exactTime(seconds: number): string {
  const d = new Date(seconds * 1000);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${clock(seconds)} ${zone(d)}`;
}

function zone(d: Date): string {
  const minutes = -d.getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '-' : '+'}${Math.floor(size / 60)}${size % 60 ? `:${pad(size % 60)}` : ''}`;
}

/** 'celery@web-3' is 'web-3' where space is short. */
export function shortNode(hostname: string): string {
  return hostname.startsWith('celery@') ? hostname.slice('celery@'.length) : hostname;
}

/** Function name of a dotted task name. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
