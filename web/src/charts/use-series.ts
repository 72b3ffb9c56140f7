// The data of a chart: asked for while somebody looks, and drawn on as unknown while the server is silent. Drawing: chart-card.tsx.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { EventGap, SeriesQuery, SeriesReply } from '../../../shared/wire/series.ts';
import { seriesQuery } from '../api/queries.ts';
import { useConnection, useNow, usePicture, useVisible } from '../live/hooks.ts';
import { useServerSilence } from '../live/knowledge.ts';
import { gapsOf, withSilence } from './series-data.ts';

/** The series of a chart; it stands still in a background tab and while paused. */
export function useSeries(query: SeriesQuery) {
  const visible = useVisible();
  const paused = useConnection().mode === 'paused';
  const options = seriesQuery(query);
  return useQuery({ ...options, refetchInterval: visible && !paused ? options.refetchInterval : false });
}

/** While the server is silent the chart goes on to now, hatched from its last word on. A new one with every bucket, no sooner. */
export function useKnownSeries(series: SeriesReply | undefined): SeriesReply | undefined {
  const silent = useServerSilence();
  const now = useNow();
  const until = series && silent !== null ? Math.ceil(now / series.step) * series.step : null;
  return useMemo(
    () => (series && silent !== null && until !== null ? withSilence(series, silent, until) : series),
    [series, silent, until],
  );
}

/** When nobody listened, in the time of a chart. The same array for as long as nothing of it changes, for charts are dear to draw. */
export function useGaps(series: SeriesReply | undefined): readonly EventGap[] {
  const text = usePicture((p) => JSON.stringify(series ? gapsOf(series, p.cluster?.gaps ?? []) : []));
  return useMemo(() => JSON.parse(text) as EventGap[], [text]);
}
