// Throughput by state: success as a pale ground under a stepped line, trouble stacked on it, and again below on its own scale.
// In a lazy chunk with the chart library. Colours are the states' own, by class: tokens.css.

import { memo } from 'react';
import {
  Area,
  Bar,
  BarChart,
  CartesianGrid,
  ComposedChart,
  ReferenceArea,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import type { EventGap, SeriesReply } from '../../../shared/wire/series.ts';
import { t } from '../language/text.ts';
import { axisTime, count } from '../ui/format.ts';
import { countTicks, niceMax, stepPoints, timeTicks } from './axis.ts';
import { type ChartLine, ChartTooltip } from './chart-tooltip.tsx';
import { MISSED_PATTERN, missedBands } from './missed.tsx';

const Y_WIDTH = 40;

export const Throughput = memo(function Throughput({
  series,
  lines,
  narrow,
  gaps,
}: {
  series: SeriesReply;
  lines: readonly ChartLine[];
  narrow: boolean;
  gaps: readonly EventGap[];
}) {
  const { points, unfinished } = stepPoints(series, gaps);
  const from = series.t[0] ?? 0;
  const to = (series.t.at(-1) ?? 0) + series.step;
  const total = (p: (typeof points)[number]) => (p.SUCCESS ?? 0) + (p.RETRY ?? 0) + (p.FAILURE ?? 0);
  const trouble = (p: (typeof points)[number]) => (p.RETRY ?? 0) + (p.FAILURE ?? 0);
  const max = niceMax(Math.max(0, ...points.map(total), unfinished?.total ?? 0));
  const laneMax = niceMax(Math.max(0, ...points.map(trouble)));
  const x = {
    dataKey: 't',
    type: 'number' as const,
    scale: 'time' as const,
    domain: [from, to],
    ticks: timeTicks(from, to, narrow ? 3 : 7),
    tickFormatter: (t: number) => axisTime(t, to - from),
    tickLine: false,
    interval: 0 as const,
  };
  const y = {
    width: Y_WIDTH,
    axisLine: false,
    tickLine: false,
    tickFormatter: (v: number) => count(v),
    interval: 0 as const,
  };
  const margin = { top: 6, right: 8, bottom: 0, left: 0 };
  const tip = (
    <Tooltip
      isAnimationActive={false}
      content={<ChartTooltip lines={lines} step={series.step} />}
      cursor={{ className: 'cursor' }}
    />
  );
  return (
    <div className="chart-box">
      <ResponsiveContainer width="100%" height={144}>
        <ComposedChart data={points} margin={margin} accessibilityLayer={false}>
          <defs>
            <pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="4" height="4" className="hatch-ground" />
              <rect width="2.4" height="4" className="hatch-line" />
            </pattern>
          </defs>
          <CartesianGrid vertical={false} className="grid-lines" />
          {MISSED_PATTERN}
          {missedBands(gaps, from, to)}
          <XAxis {...x} hide />
          <YAxis {...y} domain={[0, max]} ticks={countTicks(max)} />
          {tip}
          <Area
            className="s-success"
            type="stepAfter"
            dataKey="SUCCESS"
            stackId="a"
            isAnimationActive={false}
            dot={false}
            activeDot={false}
          />
          <Area
            className="s-retry"
            type="stepAfter"
            dataKey="RETRY"
            stackId="a"
            isAnimationActive={false}
            dot={false}
            activeDot={false}
          />
          <Area
            className="s-failure"
            type="stepAfter"
            dataKey="FAILURE"
            stackId="a"
            isAnimationActive={false}
            dot={false}
            activeDot={false}
          />
          {unfinished && unfinished.total > 0 && (
            <ReferenceArea
              x1={unfinished.t}
              x2={to}
              y1={0}
              y2={Math.min(max, unfinished.total)}
              className="unfinished"
            />
          )}
        </ComposedChart>
      </ResponsiveContainer>
      <p className="lane-title">{t('retried and failed, on their own scale')}</p>
      <ResponsiveContainer width="100%" height={54}>
        <BarChart data={points.slice(0, -1)} margin={margin} barCategoryGap="12%" accessibilityLayer={false}>
          <CartesianGrid vertical={false} className="grid-lines" />
          {missedBands(gaps, from, to)}
          <XAxis {...x} dataKey="mid" height={22} />
          <YAxis {...y} domain={[0, laneMax]} ticks={[0, laneMax]} />
          {tip}
          <Bar className="s-retry" dataKey="RETRY" stackId="a" isAnimationActive={false} />
          <Bar className="s-failure" dataKey="FAILURE" stackId="a" isAnimationActive={false} />
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
});
