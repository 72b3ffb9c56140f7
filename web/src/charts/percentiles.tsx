// Runtime or waiting percentiles in ink, on a log scale, each named with its value at the line's end.
import { memo } from 'react';
import { CartesianGrid, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import type { EventGap, SeriesReply } from '../../../shared/wire/series.ts';
import { approxDuration, axisTime } from '../ui/format.ts';
import { logAxis, spread, timeTicks } from './axis.ts';
import { type ChartLine, ChartTooltip } from './chart-tooltip.tsx';
import { isolatedPoint } from './isolated-point.tsx';
import { MISSED_PATTERN, missedBands } from './missed.tsx';
import { lastValue, wholeBuckets } from './series-data.ts';

const HEIGHT = 222;
const TOP = 6;
const FOOT = 22;
const NAMES = ['p99', 'p95', 'p50'] as const;

export const Percentiles = memo(function Percentiles({
  series: whole,
  lines,
  gaps,
}: {
  series: SeriesReply;
  lines: readonly ChartLine[];
  gaps: readonly EventGap[];
}) {
  const series = wholeBuckets(whole);
  const all = NAMES.flatMap((name) => series.lines[name] ?? []);
  const { min, max, ticks } = logAxis(all);
  const from = series.t[0] ?? 0;
  const to = series.t.at(-1) ?? 0;
  const floor = (v: number | null | undefined) => (v === null || v === undefined ? null : Math.max(v, min));
  const points = series.t.map((t, i) => ({
    t,
    p50: floor(series.lines.p50?.[i]),
    p95: floor(series.lines.p95?.[i]),
    p99: floor(series.lines.p99?.[i]),
  }));
  const y = (v: number) => TOP + (HEIGHT - TOP - FOOT) * (1 - Math.log(v / min) / Math.log(max / min));
  const ends = NAMES.map((name) => ({ name, value: lastValue(series.lines[name]) })).filter((e) => e.value !== null);
  const places = spread(
    ends.map((e) => y(Math.max(e.value!, min))),
    15,
    TOP,
    HEIGHT - FOOT,
  );
  return (
    <div className="chart-box with-ends">
      <ResponsiveContainer width="100%" height={HEIGHT}>
        <LineChart data={points} margin={{ top: TOP, right: 4, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} className="grid-lines" />
          {MISSED_PATTERN}
          {missedBands(gaps, from, to)}
          <XAxis
            dataKey="t"
            type="number"
            scale="time"
            domain={[from, to]}
            ticks={timeTicks(from, to, 4)}
            tickFormatter={(t: number) => axisTime(t, to - from)}
            tickLine={false}
            height={FOOT}
          />
          <YAxis
            width={50}
            scale="log"
            domain={[min, max]}
            ticks={ticks}
            allowDataOverflow
            axisLine={false}
            tickLine={false}
            interval={0}
            tickFormatter={approxDuration}
          />
          <Tooltip
            isAnimationActive={false}
            content={<ChartTooltip lines={lines} step={series.step} />}
            cursor={{ className: 'cursor' }}
          />
          {[...NAMES].reverse().map((name) => (
            <Line
              key={name}
              className={`l-${name}`}
              type="linear"
              dataKey={name}
              dot={isolatedPoint(
                `l-${name}`,
                points.map((point) => point[name]),
              )}
              activeDot={false}
              isAnimationActive={false}
            />
          ))}
        </LineChart>
      </ResponsiveContainer>
      <ul className="ends" aria-hidden="true">
        {ends.map((end, i) => (
          <li key={end.name} style={{ transform: `translateY(calc(${places[i]}px - 50%))` }}>
            {end.name} <b>{approxDuration(end.value)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
});
