// Where the ticks of an axis stand, and the points of the pictures. Pure. Drawing: the chart components beside it. Their data: series-data.ts.
import type { EventGap, SeriesReply } from '../../../shared/wire/series.ts';
import { offsetMinutes } from '../ui/zone.ts';

/** The smallest of 1, 1.5, 2, 3, 4, 5, 6, 8 x 10^n that is not below `value`; at least 4, so that four lines have whole numbers. */
export function niceMax(value: number): number {
  if (!(value > 4)) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((m) => m * power >= value) ?? 10) * power;
}

/** 0 and the lines up to `max`, three or four, at round values. */
export function countTicks(max: number): number[] {
  for (const parts of [3, 4, 5, 2]) {
    const step = max / parts;
    if (Number((step / 10 ** Math.floor(Math.log10(step))).toFixed(6)) % 0.5 === 0 && Number.isInteger(step)) {
      return Array.from({ length: parts + 1 }, (_, i) => i * step);
    }
  }
  return [0, max];
}

const TIME_STEPS = [
  60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 604_800,
];

/** Round times between `from` and `to`, about `wanted` of them, in the person's zone. */
export function timeTicks(from: number, to: number, wanted: number): number[] {
  const step = TIME_STEPS.find((s) => (to - from) / s <= wanted) ?? 604_800;
  const zone = offsetMinutes(from * 1000) * 60;
  const ticks: number[] = [];
  for (let t = Math.ceil((from + zone) / step) * step - zone; t <= to; t += step) ticks.push(t);
  return ticks;
}

const LOG_TICKS = [0.0001, 0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 36_000];

/** Bounds and lines of a log axis of seconds around the values. */
export function logAxis(values: readonly (number | null)[]): { min: number; max: number; ticks: number[] } {
  const real = values.filter((v): v is number => v !== null && v > 0);
  if (real.length === 0) return { min: 0.01, max: 10, ticks: [0.01, 0.1, 1, 10] };
  const low = Math.min(...real) / 1.6;
  const high = Math.max(...real) * 1.3;
  const min = Math.max(0.00005, Math.min(low, high / 30));
  const line = LOG_TICKS.find((t) => t >= high);
  const max = Math.max(line !== undefined && line <= high * 3 ? line : high, min * 30);
  return { min, max, ticks: LOG_TICKS.filter((t) => t >= min && t <= max) };
}

/** Labels that would lie on each other are moved apart; order kept. @returns y of each, in the order given */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  for (let i = 1; i < order.length; i++) order[i]!.y = Math.max(order[i]!.y, order[i - 1]!.y + gap);
  const over = (order.at(-1)?.y ?? 0) - high;
  if (over > 0) {
    for (let i = order.length - 1; i >= 0; i--) {
      const below = order[i + 1];
      order[i]!.y = Math.min(order[i]!.y, below ? below.y - gap : high);
    }
  }
  const result = new Array<number>(wanted.length);
  for (const { y, i } of order) result[i] = Math.max(low, y);
  return result;
}

export interface StepPoint {
  t: number;
  /** Middle of the bucket. */
  mid: number;
  [line: string]: number | null;
}

/**
 * Buckets as points of a stepped line: each value from its start on; the unfinished bucket closes the line and is given apart.
 */
export function stepPoints(
  series: SeriesReply,
  gaps: readonly EventGap[] = [],
): {
  points: StepPoint[];
  unfinished: { t: number; total: number } | null;
} {
  const { t, step, lines, last_unfinished } = series;
  const names = Object.keys(lines);
  const full = last_unfinished ? t.length - 1 : t.length;
  const points: StepPoint[] = [];
  const unheard = (from: number): number =>
    gaps.reduce(
      (sum, { since, until }) => sum + Math.max(0, Math.min(until ?? Infinity, from + step) - Math.max(since, from)),
      0,
    );
  for (let i = 0; i < full; i++) {
    const point: StepPoint = { t: t[i]!, mid: t[i]! + step / 2 };
    // What was counted where nobody listened is what was found out later: drawn, it would be a fall that was none.
    for (const name of names) point[name] = unheard(t[i]!) > step / 2 ? null : (lines[name]?.[i] ?? null);
    points.push(point);
  }
  const last = points.at(-1);
  if (last) points.push({ ...last, t: last.t + step, mid: last.t + step * 1.5 });
  if (!last_unfinished || t.length === 0) return { points, unfinished: null };
  let total = 0;
  for (const name of names) total += lines[name]?.[t.length - 1] ?? 0;
  return { points, unfinished: { t: t[t.length - 1]!, total } };
}
