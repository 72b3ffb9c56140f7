// A chart where it stands on a page: loads the chart library late, and offers the same as a table. Its data: use-series.ts.
// The pictures: throughput.tsx, percentiles.tsx, depth.tsx.

import { lazy, type ReactNode, Suspense, startTransition, useEffect, useState } from 'react';
import type { Range, SeriesReply } from '../../../shared/wire/series.ts';
import { localFigures } from '../language/figures.ts';
import { t } from '../language/text.ts';
import { usePhone } from '../live/hooks.ts';
import { Button, Segmented } from '../ui/button.tsx';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { approxDuration, count, exactCount } from '../ui/format.ts';
import type { ChartLine } from './chart-tooltip.tsx';
import { SeriesTable } from './series-table.tsx';
import { useGaps, useKnownSeries, type useSeries } from './use-series.ts';

const charts = () => import('./library.ts');
const Throughput = lazy(async () => ({ default: (await charts()).Throughput }));
const Percentiles = lazy(async () => ({ default: (await charts()).Percentiles }));
const Depth = lazy(async () => ({ default: (await charts()).Depth }));

const counts = (value: number | null) => (value === null ? t('no data') : exactCount(Math.round(value)));
const lengths = (value: number | null) => (value === null ? t('no data') : approxDuration(value));

export const LINES = {
  throughput: [
    { name: 'SUCCESS', label: t('succeeded'), text: counts },
    { name: 'RETRY', label: t('retried'), text: counts },
    { name: 'FAILURE', label: t('failed'), text: counts },
  ],
  percentiles: [
    { name: 'p50', label: 'p50', text: lengths },
    { name: 'p95', label: 'p95', text: lengths },
    { name: 'p99', label: 'p99', text: lengths },
  ],
  depth: [{ name: 'depth', label: t('waiting'), text: counts }],
} as const satisfies Record<string, readonly ChartLine[]>;

export const RANGES: readonly (readonly [Range, string])[] = [
  ['15m', localFigures('15 m')],
  ['1h', localFigures('1 h')],
  ['6h', localFigures('6 h')],
  ['24h', localFigures('24 h')],
  ['7d', localFigures('7 d')],
  ['30d', localFigures('30 d')],
];

/** For a sentence: '24h', in English as it stands in the address. */
export const rangeWord = (range: string): string =>
  localFigures(range.replace(/(?<=\d)(?=[mhd]$)/, ' ')).replace(' ', '');

export function RangePicker({ value, onChange }: { value: Range; onChange: (range: Range) => void }) {
  return <Segmented className="range" label={t('Range')} options={RANGES} value={value} onChange={onChange} />;
}

/** The word for the bands of a chart: an item of its legend. */
export function MissedLegend({ series }: { series: SeriesReply | undefined }) {
  const gaps = useGaps(useKnownSeries(series));
  const events = gaps.reduce((sum, gap) => sum + (gap.events ?? 0), 0);
  const unknown = gaps.some((gap) => gap.events === null);
  if (events === 0 && !unknown) return null;
  return (
    <li>
      <i className="swatch missed" />
      {t('not heard')}{' '}
      {events === 0 ? (
        <b>{t('unknown')}</b>
      ) : (
        <b
          title={
            unknown
              ? t('at least {count} events', { count: exactCount(events) })
              : t('about {count} events', { count: exactCount(events) })
          }
        >
          {unknown ? t('over {count}', { count: events }) : `~${count(events)}`}
        </b>
      )}
    </li>
  );
}

/** New data is drawn in a transition, so that a burst of charts never blocks typing or scrolling. */
function useUnhurried(series: SeriesReply | undefined): SeriesReply | undefined {
  const [shown, setShown] = useState(series);
  useEffect(() => {
    const frame = requestAnimationFrame(() => startTransition(() => setShown(series)));
    return () => cancelAnimationFrame(frame);
  }, [series]);
  return shown ?? series;
}

export function ChartBody({
  kind,
  query,
  summary,
  asTable,
  height,
}: {
  kind: 'throughput' | 'percentiles' | 'depth';
  query: ReturnType<typeof useSeries>;
  summary: (series: SeriesReply) => string;
  asTable: boolean;
  height: number;
}) {
  const series = useUnhurried(useKnownSeries(query.data));
  const narrow = usePhone();
  const gaps = useGaps(series);
  if (query.isError && !series)
    return (
      <ErrorNote what={t('The chart could not be read')} error={query.error} onRetry={() => void query.refetch()} />
    );
  if (!series) return <ChartSpace height={height} />;
  const lines = LINES[kind];
  if (asTable) return <SeriesTable series={series} lines={lines} caption={summary(series)} />;
  const empty = Object.values(series.lines).every((line) => line.every((v) => v === null));
  // Where nobody listened, that nothing was recorded would be taken for calm: the time is drawn, with its band.
  if (empty && gaps.length === 0) {
    return (
      <div className="chart-space" style={{ height }}>
        <p className="muted">{t('Nothing was recorded in this time.')}</p>
      </div>
    );
  }
  return (
    <div role="img" aria-label={summary(series)} className={query.isPlaceholderData ? 'dimmed' : undefined}>
      <Suspense fallback={<ChartSpace height={height} />}>
        {kind === 'throughput' && <Throughput series={series} lines={lines} narrow={narrow} gaps={gaps} />}
        {kind === 'percentiles' && <Percentiles series={series} lines={lines} gaps={gaps} />}
        {kind === 'depth' && <Depth series={series} lines={lines} gaps={gaps} />}
      </Suspense>
    </div>
  );
}

function ChartSpace({ height }: { height: number }): ReactNode {
  return (
    <div className="chart-space" style={{ height }}>
      <Skeleton rows={3} label={t('Loading the chart')} />
    </div>
  );
}

export function TableToggle({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  return (
    <Button
      kind="bare"
      icon="table"
      hint={on ? t('Show as chart') : t('Show as table')}
      aria-pressed={on}
      onClick={() => onChange(!on)}
    />
  );
}

export function throughputSummary(series: SeriesReply): string {
  const { SUCCESS = 0, RETRY = 0, FAILURE = 0 } = series.totals;
  return t('Tasks finished over the last {range}: {succeeded} succeeded, {retried} retried, {failed} failed', {
    range: rangeWord(series.range),
    succeeded: count(SUCCESS),
    retried: count(RETRY),
    failed: count(FAILURE),
  });
}
