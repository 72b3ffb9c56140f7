// The values at the pointer of a chart. The same as a table: series-table.tsx.
import { t } from '../language/text.ts';
import { axisTime } from '../ui/format.ts';

export interface ChartLine {
  name: string;
  label: string;
  text: (value: number | null) => string;
}

interface ChartTooltipProps {
  active?: boolean;
  payload?: readonly { payload?: { t?: number } & Record<string, number | null> }[];
  lines: readonly ChartLine[];
  step: number;
}

export function ChartTooltip({ active, payload, lines, step }: ChartTooltipProps) {
  const point = payload?.[0]?.payload;
  if (!active || !point || point.t === undefined) return null;
  return (
    <div className="menu tip chart-tip">
      <p className="muted">
        {t('{from} to {until}', { from: axisTime(point.t!, 0), until: axisTime(point.t! + step, 0) })}
      </p>
      {lines.map((line) => (
        <p key={line.name}>
          {line.label} <b>{line.text(point[line.name] ?? null)}</b>
        </p>
      ))}
    </div>
  );
}
