// Ages and durations as the pages, the command line and the logs show them, and the offset of a zone.
// Not here: reading times people type (query/values.ts); instants in a person's own zone (web/src/ui/format.ts).
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

/** One formatter per zone: making one costs a hundred times its use. */
const zones = new Map<string, Intl.DateTimeFormat>();
/** Minutes east of UTC of a zone at an instant; what the query language wants as `utcOffsetMinutes`. */
export function zoneOffsetMinutes(epochMs: number, zone: string): number {
  // Beyond 8.64e15 there is no date, and Intl throws.
  if (zone === 'UTC' || !(Math.abs(epochMs) <= 8.64e15)) return 0;
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
