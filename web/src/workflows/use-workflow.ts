// One workflow as its page uses it: read once, its states kept up by the live feed, read anew for tasks that are new.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { hasEnded } from '../../../shared/workflow/conclude.ts';
import { workflowQuery } from '../api/queries.ts';
import { usePicture, useServerClock, useWatch } from '../live/hooks.ts';
import { withLive } from './with-live.ts';

/** The server sends changes of so many tasks that somebody watches. */
const WATCHED = 480;
const REREAD_MS = 2000;
const LARGE = 1000;
const REREAD_LARGE_MS = 6000;

export function useWorkflow(id: string) {
  const query = useQuery({
    ...workflowQuery(id),
    refetchInterval: ({ state: { data } }) =>
      !data || data.summary.state === 'running'
        ? (data?.nodes.length ?? 0) > LARGE
          ? REREAD_LARGE_MS
          : REREAD_MS
        : 10_000,
  });
  const read = query.data;
  const open = useMemo(
    () =>
      (read?.nodes ?? [])
        .filter((node) => !hasEnded(node))
        .slice(0, WATCHED)
        .map((node) => node.id),
    [read],
  );
  useWatch(open);
  const live = usePicture((picture) => picture.tasks);
  const serverNow = useServerClock();
  const workflow = useMemo(() => (read ? withLive(read, live, serverNow()) : undefined), [read, live, serverNow]);
  return {
    workflow,
    error: query.error,
    isFetching: query.isFetching,
    isReading: query.isPending,
    refetch: () => void query.refetch(),
  };
}
