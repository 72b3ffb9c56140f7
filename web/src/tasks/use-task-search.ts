// What is chosen of the task list, as it stands in the URL: filter, states, order, and the task that is open.
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { NEWEST_FIRST } from './task-list-store.ts';

const route = getRouteApi('/tasks');

export function useTaskSearch() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/tasks' });
  const { q = '', state = '', sort = NEWEST_FIRST, task: openId } = search;
  /** Another list: what is open closes. */
  const change = useCallback(
    (next: Partial<typeof search>) =>
      void navigate({ search: (before) => clean({ ...before, task: undefined, ...next }), replace: true }),
    [navigate],
  );
  /** @param id undefined: none */
  const open = useCallback(
    (id: string | undefined) =>
      void navigate({
        search: (before) => clean({ ...before, task: id }),
        replace: id !== undefined && openId !== undefined,
      }),
    [navigate, openId],
  );
  return { q, state, sort, openId, change, open };
}

/** Empty choices leave the URL. */
function clean<T extends Record<string, unknown>>(search: T): T {
  return Object.fromEntries(
    Object.entries(search).filter(
      ([k, v]) => v !== undefined && (v !== '' || k === 'hide') && !(k === 'sort' && v === NEWEST_FIRST),
    ),
  ) as T;
}
