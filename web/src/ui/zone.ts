// By which clock the pages show instants: this browser's, UTC, or the cluster's own (its setting `timezone`), and whether the task list tells
// times by their age or by that clock. What a person chose is kept in this browser; another choice loads the page anew, as a language does.
// Holds: what is kept and unreadable, or a zone that the browser does not know, is the browser's own.
import { zoneOffsetMinutes } from '../../../shared/format/time.ts';
import { PAGE_OPTIONS } from '../api/page-options.ts';
import { t } from '../language/text.ts';

export type Zone = 'local' | 'utc' | 'app';
export type Times = 'age' | 'clock';

const KEY = 'umbel.times';

/** What a program that reads these files has not. */
const browser = globalThis as unknown as {
  localStorage: { getItem: (key: string) => string | null; setItem: (key: string, value: string) => void };
  location: { reload: () => void };
};

/** The cluster's; null: it names none, or one that is unknown here. */
const appZone: string | null =
  PAGE_OPTIONS.timezone !== null && isKnown(PAGE_OPTIONS.timezone) ? PAGE_OPTIONS.timezone : null;

export const ZONES: readonly (readonly [Zone, string])[] = [
  ['local', t('zone|This browser')],
  ['utc', 'UTC'],
  ...(appZone === null ? [] : [['app', appZone] as const]),
];
export const TIMES: readonly (readonly [Times, string])[] = [
  ['age', t('times|Age')],
  ['clock', t('times|Clock')],
];

const kept = read();
export const zone: Zone = ZONES.find(([one]) => one === kept.zone)?.[0] ?? 'local';
export const times: Times =
  TIMES.find(([one]) => one === kept.times)?.[0] ?? (PAGE_OPTIONS.natural_time ? 'age' : 'clock');

/** IANA's name of the zone that is shown. */
export const zoneName = (): string =>
  zone === 'local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone === 'utc' ? 'UTC' : appZone!;

/** Minutes east of UTC by the clock that is shown. */
export const offsetMinutes = (epochMs: number): number =>
  zone === 'local' ? -new Date(epochMs).getTimezoneOffset() : zoneOffsetMinutes(epochMs, zoneName());

/** The clock that is shown, as the fields of UTC (`getUTCHours`) of what comes back; invalid for what no calendar has. */
export function wallClock(epochMs: number): Date {
  const isInstant = !Number.isNaN(new Date(epochMs).getTime());
  return new Date(isInstant ? epochMs + offsetMinutes(epochMs) * 60_000 : Number.NaN);
}

/** The instant at which that clock shows this. @param wall '2026-03-29T02:30'  @unit milliseconds; NaN for what is none */
export function instantAt(wall: string): number {
  const shown = Date.parse(`${wall}Z`);
  const about = shown - offsetMinutes(shown) * 60_000;
  return shown - offsetMinutes(about) * 60_000;
}

export function chooseTimes(change: { readonly zone?: Zone; readonly times?: Times }): void {
  try {
    browser.localStorage.setItem(KEY, JSON.stringify({ zone, times, ...change }));
  } catch {
    // Nothing can be kept here: it stays as it is.
  }
  browser.location.reload();
}

function read(): { zone?: unknown; times?: unknown } {
  try {
    return (JSON.parse(browser.localStorage.getItem(KEY) ?? '{}') as { zone?: unknown; times?: unknown } | null) ?? {};
  } catch {
    return {};
  }
}

function isKnown(name: string): boolean {
  try {
    return zoneOffsetMinutes(0, name) > Number.NEGATIVE_INFINITY;
  } catch {
    return false;
  }
}
