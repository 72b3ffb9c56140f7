// The data of a chart before it is drawn: its range, its gaps, the time of a silent server, the bucket that is not over. Pure.
// Where the ticks stand and what the pictures draw, which comes late with them: axis.ts.
import type { EventGap, Range, SeriesReply } from '../../../shared/wire/series.ts';

/** The shorter of the usual ranges that holds what is known. @param lastHour by the minute, null where nobody listened */
export function fittingRange(lastHour: readonly (number | null)[]): Range {
  const first = lastHour.findIndex((v) => v !== null);
  return first === -1 || lastHour.length - first <= 15 ? '15m' : '1h';
}

/** The gaps of a chart: those of its series, and the one that goes on, of which only the live line knows. */
export function gapsOf(series: Pick<SeriesReply, 't' | 'step' | 'gaps'>, live: readonly EventGap[]): EventGap[] {
  const inTime = gapsWithin(live, series);
  if (!series.gaps) return inTime;
  const known = new Set(series.gaps.map(({ since }) => since));
  return [...series.gaps, ...inTime.filter(({ since, until }) => until === null && !known.has(since))];
}

/** Those that reach into the time of a chart. */
export function gapsWithin(gaps: readonly EventGap[], { t, step }: Pick<SeriesReply, 't' | 'step'>): EventGap[] {
  const from = t[0] ?? 0;
  const to = (t.at(-1) ?? 0) + step;
  return gaps.filter(({ since, until }) => since < to && (until ?? to) > from);
}

/**
 * The series of a server that has been silent `since`, drawn on to `until`: the same length of time, nothing known of the end, and a
 * gap over it. The bucket that was being filled is unknown as well. @param since seconds @param until seconds, the end of a bucket
 */
export function withSilence(series: SeriesReply, since: number, until: number): SeriesReply {
  const { t, step, lines } = series;
  const first = t[0];
  const last = t.at(-1);
  if (first === undefined || last === undefined) return series;
  const more = Math.min(t.length, Math.max(0, Math.round((until - last) / step) - 1));
  const begin = first + Math.max(0, until - (last + step));
  const known = series.last_unfinished ? t.length - 1 : t.length;
  const times = t.map((_, i) => begin + i * step);
  const values = (line: readonly (number | null)[]) =>
    times.map((time) => {
      const i = Math.round((time - first) / step);
      return i < known ? (line[i] ?? null) : null;
    });
  const gap: EventGap = { since, until: null, events: null, tasks: null };
  return {
    ...series,
    t: times,
    lines: Object.fromEntries(Object.entries(lines).map(([name, line]) => [name, values(line)])),
    last_unfinished: more === 0 && series.last_unfinished,
    gaps: [...(series.gaps ?? []), gap],
  };
}

/**
 * Percentiles without the bucket that is not over: of a second's worth of tasks they leap, and the line would end in a fall that is none.
 * Unless there is nothing else.
 */
export function wholeBuckets(series: SeriesReply): SeriesReply {
  if (!series.last_unfinished || series.t.length === 0) return series;
  const lines = Object.fromEntries(
    Object.entries(series.lines).map(([name, line]) => [name, [...line.slice(0, -1), null]]),
  );
  return Object.values(lines).some((line) => line.some((v) => v !== null)) ? { ...series, lines } : series;
}

/** The newest value of a line that is not null. */
export function lastValue(line: readonly (number | null)[] | undefined): number | null {
  return line?.findLast((v) => v !== null) ?? null;
}
