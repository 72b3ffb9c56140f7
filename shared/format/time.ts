// Instants, ages and durations as the pages, the command line and the logs show them.
// Not here: reading times people type (query/values.ts); the clock that ticks (the caller gives `now`).
// Holds: a figure never has more precision than it is worth; the unit stands behind a thin rule: number, space, unit ("2 m 21 s").

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** How long ago, or how far ahead: "now", "41 s", "2 m 21 s", "3 h", "9 d". Two units below an hour, one above. */
export function formatAge(seconds: number): string {
  const whole = Math.floor(Math.abs(seconds));
  if (whole < 1) return 'now';
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} m ${whole % MINUTE} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h`;
  return `${Math.floor(whole / DAY)} d`;
}

/** An age within a sentence: "3 s ago", "in 5 m 0 s", "now". */
export function formatAgo(seconds: number): string {
  const age = formatAge(seconds);
  if (age === 'now') return age;
  return seconds < 0 ? `in ${age}` : `${age} ago`;
}

/** A measured span: "198 ms", "1.48 s", "30.03 s", "2 m 31 s", "3 h 5 m", "3 d 2 h". Below a millisecond "0.4 ms". Null is "". */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '';
  if (seconds < 0) return `-${formatDuration(-seconds)}`;
  const ms = seconds * 1000;
  if (ms < 0.05) return '0 ms';
  if (ms < 0.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (seconds < 59.995) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} m ${whole % MINUTE} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / MINUTE)} m`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}

/** A setting or a limit, exactly and without empty places: "1.5 s", "30 s", "5 m", "1 h 30 m". */
export function formatSpan(seconds: number): string {
  if (seconds < 1) return `${trim((seconds * 1000).toFixed(3))} ms`;
  if (seconds < MINUTE || !Number.isInteger(seconds)) return `${trim(seconds.toFixed(3))} s`;
  const units = [
    [Math.floor(seconds / DAY), 'd'],
    [Math.floor((seconds % DAY) / HOUR), 'h'],
    [Math.floor((seconds % HOUR) / MINUTE), 'm'],
    [seconds % MINUTE, 's'],
  ] as const;
  return units
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** How much of an instant is shown. */
export type InstantPart = 'full' | 'second' | 'minute' | 'clock' | 'clock-second' | 'day';

/**
 * An exact instant in a zone: full "2026-03-04 14:05:09.128 +01:00", second "2026-03-04 14:05:09", minute "2026-03-04 14:05",
 * clock "14:05", clock-second "14:05:09", day "4 Mar". The zone is an IANA name ('UTC', 'Europe/Prague').
 */
export function formatInstant(epochSeconds: number, zone: string, part: InstantPart = 'full'): string {
  const ms = Math.round(epochSeconds * 1000);
  const wall = new Date(ms + zoneOffsetMinutes(ms, zone) * 60_000);
  if (Number.isNaN(wall.getTime())) return '';
  const iso = wall.toISOString();
  const [date, time] = [iso.slice(0, -14), iso.slice(-13, -1)];
  switch (part) {
    case 'full':
      return `${date} ${time} ${formatOffset(zoneOffsetMinutes(ms, zone))}`;
    case 'second':
      return `${date} ${time.slice(0, 8)}`;
    case 'minute':
      return `${date} ${time.slice(0, 5)}`;
    case 'clock':
      return time.slice(0, 5);
    case 'clock-second':
      return time.slice(0, 8);
    case 'day':
      return `${wall.getUTCDate()} ${MONTHS[wall.getUTCMonth()]}`;
  }
}
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "+01:00", "-03:30", "UTC". */
export function formatOffset(minutes: number): string {
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(Math.round(size % 60))}`;
}

/** One formatter per zone: making one costs a hundred times its use. */
const zones = new Map<string, Intl.DateTimeFormat>();
/** Minutes east of UTC of a zone at an instant; what the query language wants as `utcOffsetMinutes`. */
export function zoneOffsetMinutes(epochMs: number, zone: string): number {
  if (zone === 'UTC' || Number.isNaN(epochMs)) return 0;
  let format = zones.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    zones.set(zone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(epochMs)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  return Math.round((wall - Math.floor(epochMs / 1000) * 1000) / 1000) / 60;
}

function trim(figure: string): string {
  return figure.replace(/\.?0+$/, '');
}
