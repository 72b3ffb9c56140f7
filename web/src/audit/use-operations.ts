// The operations that a filter asks for, page after page, as the live feed knows them now. Drawing: audit-table.tsx.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import { fetchOperations } from '../api/queries.ts';
import { usePicture } from '../live/hooks.ts';
import type { OperationFilter } from './audit-filter.tsx';

/** @param open id in the URL: it stands on top where it is further down than what is listed */
export function useOperations({ who, category, action, outcome, on }: OperationFilter, open: string | undefined) {
  const query = useInfiniteQuery({
    queryKey: ['operations', { who, category, action, outcome, on }],
    queryFn: ({ pageParam, signal }) =>
      fetchOperations({ who, category, action, outcome, on, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const live = usePicture((p) => p.operations);
  const { refetch } = query;
  const newest = live[0]?.id;
  useEffect(() => {
    if (newest !== undefined) void refetch();
  }, [newest, refetch]);
  // A link names one that may be further down than what is listed: it stands on top then.
  const wanted = open !== undefined && /^[1-9]\d*$/.test(open) ? Number(open) : null;
  const { data: asked } = useQuery({
    queryKey: ['operations', 'one', wanted],
    queryFn: async ({ signal }) => (await fetchOperations({ from_id: wanted!, limit: 1 }, signal)).items[0] ?? null,
    enabled: wanted !== null,
    select: (record) => (record?.id === wanted ? record : null),
  });
  const records = useMemo(
    () => merged(query.data?.pages.flatMap((page) => page.items) ?? [], live, asked ?? null),
    [query.data, live, asked],
  );
  return { query, records };
}

/** What is followed comes again by the live feed, with what is seen of it since. */
export function merged(
  listed: readonly OperationRecord[],
  live: readonly OperationRecord[],
  asked: OperationRecord | null,
): OperationRecord[] {
  const fresh = new Map(live.map((record) => [record.id, record]));
  const all = asked && !listed.some((record) => record.id === asked.id) ? [asked, ...listed] : listed;
  return all.map((record) => fresh.get(record.id) ?? record);
}
