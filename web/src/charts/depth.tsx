// How much waited in a queue over time: ink, for depth alone is no trouble. A gap is a time without a measurement.
import { memo } from 'react';
import { Area, AreaChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import type { EventGap, SeriesReply } from '../../../shared/wire/series.ts';
import { axisTime, count } from '../ui/format.ts';
import { countTicks, niceMax, timeTicks } from './axis.ts';
import { type ChartLine, ChartTooltip } from './chart-tooltip.tsx';
import { isolatedPoint } from './isolated-point.tsx';
import { MISSED_PATTERN, missedBands } from './missed.tsx';

export const Depth = memo(function Depth({
  series,
  lines,
  gaps,
}: {
  series: SeriesReply;
  lines: readonly ChartLine[];
  gaps: readonly EventGap[];
}) {
  const from = series.t[0] ?? 0;
  const to = (series.t.at(-1) ?? 0) + series.step;
  const max = niceMax(Math.max(0, ...(series.lines.depth ?? []).map((v) => v ?? 0)));
  const points = series.t.map((t, i) => ({ t, depth: series.lines.depth?.[i] ?? null }));
  return (
    <div className="chart-box">
      <ResponsiveContainer width="100%" height={180}>
        <AreaChart data={points} margin={{ top: 6, right: 8, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} className="grid-lines" />
          {MISSED_PATTERN}
          {missedBands(gaps, from, to)}
          <XAxis
            dataKey="t"
            type="number"
            scale="time"
            domain={[from, to]}
            ticks={timeTicks(from, to, 7)}
            tickFormatter={(t: number) => axisTime(t, to - from)}
            tickLine={false}
            height={22}
          />
          <YAxis
            width={44}
            domain={[0, max]}
            ticks={countTicks(max)}
            axisLine={false}
            tickLine={false}
            tickFormatter={(v: number) => count(v)}
          />
          <Tooltip
            isAnimationActive={false}
            content={<ChartTooltip lines={lines} step={series.step} />}
            cursor={{ className: 'cursor' }}
          />
          <Area
            className="s-depth"
            type="linear"
            dataKey="depth"
            dot={isolatedPoint(
              'l-depth',
              points.map((point) => point.depth),
            )}
            activeDot={false}
            isAnimationActive={false}
          />
        </AreaChart>
      </ResponsiveContainer>
    </div>
  );
});
