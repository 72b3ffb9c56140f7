// Throughput beside runtime on one time axis, with the times of which events are missing hatched in both. The pictures: charts/.

import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Range, SeriesReply } from '../../../shared/wire/series.ts';
import {
  ChartBody,
  MissedLegend,
  RangePicker,
  rangeWord,
  TableToggle,
  throughputSummary,
} from '../charts/chart-card.tsx';
import { lastValue, wholeBuckets } from '../charts/series-data.ts';
import { useSeries } from '../charts/use-series.ts';
import { t } from '../language/text.ts';
import { usePart } from '../live/part.ts';
import { AsOf } from '../ui/as-of.tsx';
import { approxDuration, count, exactCount } from '../ui/format.ts';

const route = getRouteApi('/');

export function Traffic({ fitting }: { fitting: Range }) {
  const { range = fitting } = route.useSearch();
  const navigate = useNavigate({ from: '/' });
  const [asTable, setAsTable] = useState(false);
  const throughput = useSeries({ metric: 'throughput', range });
  const runtime = useSeries({ metric: 'runtime', range });
  const part = usePart('history');
  return (
    <section className={`card traffic${part.stale}`} aria-label={t('Traffic')}>
      <div className="head">
        <h2>{t('Throughput')}</h2>
        <AsOf since={part.since} />
        <ul className="legend">
          <Total state="SUCCESS" look="soft" word={t('succeeded')} series={throughput.data} />
          <Total state="RETRY" look="" word={t('retried')} series={throughput.data} />
          <Total state="FAILURE" look="hatched" word={t('failed')} series={throughput.data} />
          <MissedLegend series={throughput.data} />
        </ul>
        <div className="tools">
          <TableToggle on={asTable} onChange={setAsTable} />
          <RangePicker value={range} onChange={(next) => void navigate({ search: { range: next }, replace: true })} />
        </div>
      </div>
      <div className="plot">
        <ChartBody kind="throughput" query={throughput} summary={throughputSummary} asTable={asTable} height={232} />
      </div>
      <div className="head runtime-head">
        <h2>{t('Runtime')}</h2>
        <p>{t('of finished tasks, log scale')}</p>
      </div>
      <div className="plot runtime">
        <ChartBody kind="percentiles" query={runtime} asTable={asTable} height={232} summary={runtimeSummary} />
      </div>
    </section>
  );
}

function runtimeSummary(series: SeriesReply): string {
  const { range, lines } = wholeBuckets(series);
  const last = (name: string) => `${name} ${approxDuration(lastValue(lines[name]))}`;
  return t('Runtime over the last {range}: now {p50}, {p95}, {p99}', {
    range: rangeWord(range),
    p50: last('p50'),
    p95: last('p95'),
    p99: last('p99'),
  });
}

function Total({
  state,
  look,
  word,
  series,
}: {
  state: string;
  look: string;
  word: string;
  series: SeriesReply | undefined;
}) {
  const n = series?.totals[state];
  // A time of which events are missing is in it: there were at least so many.
  const least = (series?.gaps?.length ?? 0) > 0 && n !== undefined;
  return (
    <li data-state={state}>
      <i className={`swatch ${look}`} />
      {word}{' '}
      <b title={least ? t('at least {count}', { count: exactCount(n) }) : exactCount(n)}>
        {least && '\u2265 '}
        {count(n)}
      </b>
    </li>
  );
}
