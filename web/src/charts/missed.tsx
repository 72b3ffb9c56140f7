// Gaps in the events, as the charts mark them: a band over the time in which nobody listened. In the lazy chunk with the chart library.
// The word in the legend: chart-card.tsx. What was missed altogether: shell/unheard.tsx.
import { ReferenceArea } from 'recharts';
import type { EventGap } from '../../../shared/wire/series.ts';

/** A band is at least this share of the chart's width, or it would not be seen. */
const MIN_WIDTH = 1 / 240;

/** For a chart whose time goes from `from` to `to`. */
export function missedBands(gaps: readonly EventGap[], from: number, to: number) {
  return gaps.map(({ since, until }) => {
    const x1 = Math.max(from, since);
    return (
      <ReferenceArea
        key={since}
        className="missed"
        x1={x1}
        x2={Math.min(to, Math.max(until ?? to, x1 + (to - from) * MIN_WIDTH))}
        ifOverflow="hidden"
      />
    );
  });
}

/** The pattern of the bands: hatched lines, as nothing that was counted has. Within the chart's own picture. */
export const MISSED_PATTERN = (
  <defs>
    <pattern id="missed-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="1.2" height="7" className="missed-line" />
    </pattern>
  </defs>
);
