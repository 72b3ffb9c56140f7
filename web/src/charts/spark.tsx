// Small pictures without axes: a line over an hour, bars over a day. Own SVG: a dozen on a page cost nothing.

import { memo } from 'react';
import { t } from '../language/text.ts';

interface Band {
  from: number;
  to: number;
}

/** The line of the last hour; `baseline` is the grey band behind it. A gap in the data is a gap in the line; before it began there is the ground. */
export const Spark = memo(function Spark({
  values,
  label,
  height = 20,
  baseline,
  fromZero = false,
}: {
  values: readonly (number | null)[];
  label: string;
  height?: number;
  baseline?: Band | null;
  fromZero?: boolean;
}) {
  const real = values.filter((v): v is number => v !== null);
  if (real.length === 0)
    return (
      <svg
        className="spark"
        viewBox={`0 0 100 ${height}`}
        height={height}
        preserveAspectRatio="none"
        role="img"
        aria-label={t('{label}: not measured yet', { label })}
      >
        <path className="base" d={`M0 ${height - 3}H100`} />
      </svg>
    );
  const low = Math.min(...real, baseline?.from ?? Infinity, fromZero ? 0 : Infinity);
  const high = Math.max(...real, baseline?.to ?? -Infinity);
  const span = high - low || Math.max(1, Math.abs(high));
  const top = 3;
  const y = (v: number) =>
    top + (height - 2 * top) * (1 - (v - (high === low && !fromZero ? low - span / 2 : low)) / span);
  const x = (i: number) => (values.length === 1 ? 100 : (i / (values.length - 1)) * 100);
  let d = '';
  let pen = false;
  values.forEach((v, i) => {
    if (v === null) {
      pen = false;
      return;
    }
    d += `${pen ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(2)}`;
    pen = true;
  });
  const end = values.findLastIndex((v) => v !== null);
  const begin = x(values.findIndex((v) => v !== null));
  return (
    <svg
      className="spark"
      viewBox={`0 0 100 ${height}`}
      height={height}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {baseline && (
        <rect
          className="baseline"
          x="0"
          width="100"
          y={y(baseline.to)}
          height={Math.max(1, y(baseline.from) - y(baseline.to))}
        />
      )}
      {begin > 0 && <path className="base" d={`M0 ${height - top}H${begin.toFixed(1)}`} />}
      {holes(values).map(([from, to]) => (
        <rect key={from} className="unheard" x={x(from)} width={x(to) - x(from)} y="0" height={height} />
      ))}
      <path className="ink" d={d} />
      <path className="ink dot" d={`M${x(end)} ${y(values[end]!).toFixed(2)}h0`} />
    </svg>
  );
});

/** Runs without a value between two that have one, as the places of these two. */
export function holes(values: readonly (number | null)[]): [number, number][] {
  const found: [number, number][] = [];
  let last = -1;
  values.forEach((v, i) => {
    if (v === null) return;
    if (last >= 0 && i - last > 1) found.push([last, i]);
    last = i;
  });
  return found;
}

/** Bars of equal width; an empty bucket is a dash on the ground. */
export const Trend = memo(function Trend({ values, label }: { values: readonly number[]; label: string }) {
  const high = Math.max(1, ...values);
  const width = 100 / Math.max(1, values.length);
  return (
    <svg className="trend" viewBox="0 0 100 18" preserveAspectRatio="none" role="img" aria-label={label}>
      {values.map((v, i) => {
        const h = v === 0 ? 1 : Math.max(2, (v / high) * 18);
        return (
          <rect
            key={i}
            x={i * width}
            width={width * 0.75}
            y={18 - h}
            height={h}
            className={v === 0 ? 'none' : undefined}
          />
        );
      })}
    </svg>
  );
});

/** Slots are counted: busy ones in ink, free ones in line; those of a silent worker are hollow. */
export function Slots({ active, total, unknown }: { active: number; total: number; unknown?: boolean }) {
  if (total > 64) {
    return (
      <span className={unknown ? 'meter hollow' : 'meter'} aria-hidden="true">
        <i style={{ width: `${Math.min(100, (active / total) * 100)}%` }} />
      </span>
    );
  }
  return (
    <span className={unknown ? 'slots unknown' : 'slots'} aria-hidden="true">
      {Array.from({ length: total }, (_, i) => (
        <i key={i} className={i < active ? 'on' : undefined} />
      ))}
    </span>
  );
}
