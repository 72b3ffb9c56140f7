// The way of a running task so far and where its pace leads: a line over time, dashed from now on. Figures: progress.ts.
// Not here: the same in words (task-progress.tsx), which is what a screen reader gets.
import { clock } from '../ui/format.ts';
import type { Step } from './progress.ts';
import './progress-chart.css';

const HEIGHT = 64;

/** @param end when its pace brings it to `total`. @unit seconds since the epoch */
export function ProgressChart({
  way,
  total,
  now: given,
  end,
}: {
  way: readonly Step[];
  total: number;
  now: number;
  end: number | null;
}) {
  const first = way[0]!;
  const last = way.at(-1)!;
  const now = Math.max(given, last.at);
  const until = Math.max(end ?? now, now);
  const x = (at: number) => ((at - first.at) / (until - first.at)) * 100;
  const y = (current: number) => HEIGHT - Math.min(1, current / total) * HEIGHT;
  const line = way.map(({ at, current }, i) => `${i === 0 ? 'M' : 'L'}${x(at).toFixed(2)} ${y(current).toFixed(2)}`);
  const here = `${x(now).toFixed(2)} ${y(last.current).toFixed(2)}`;
  return (
    <div className="progress-chart">
      <svg viewBox={`0 0 100 ${HEIGHT}`} height={HEIGHT} preserveAspectRatio="none" aria-hidden="true">
        <path className="ground" d={`M0 0H100M0 ${HEIGHT}H100`} />
        <path className="now" d={`M${x(now).toFixed(2)} 0V${HEIGHT}`} />
        <path className="way" d={`${line.join('')}L${here}`} />
        {end !== null && <path className="ahead" d={`M${here}L100 0`} />}
      </svg>
      <p>
        <span>{clock(first.at).slice(0, 8)}</span>
        {end !== null && <span>~{clock(end).slice(0, 8)}</span>}
      </p>
    </div>
  );
}
