// The chunk with the layout library, fetched once, when a graph is first wanted: while the workflow itself is read.
// Holds: without Suspense, whose fallback React leaves standing for 300 ms at least.
import { useQuery } from '@tanstack/react-query';

export function useLayout(isWanted: boolean) {
  return useQuery({
    queryKey: ['layout'],
    queryFn: () => import('./layout.ts'),
    enabled: isWanted,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });
}
