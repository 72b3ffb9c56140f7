// The list as a page uses it: fetch, page on, follow the live feed, hold the order while someone reads.
//
// Free: new rows enter at the top as they come, and the first page is read again every few seconds, because a burst beyond
// 200 rows a patch leaves gaps. Held: order stands still, states change in place, what is newer is only counted.
// How rows merge: task-list.ts. What the query means for one row: shared/query.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { matchesQuery } from '../../../shared/query/match.ts';
import { parseQuery } from '../../../shared/query/parser.ts';
import type { TaskRow } from '../../../shared/wire/http.ts';
import { fetchTasks } from '../api/queries.ts';
import { useLiveTasks, usePicture, useVisible } from '../live/hooks.ts';
import { useLive } from '../live/provider.tsx';
import {
  appendPage,
  insertNewer,
  listOf,
  mergeFirst,
  newerRows,
  patchRows,
  type TaskList,
  withCounts,
} from './task-list.ts';

export const NEWEST_FIRST = '-first_seen';
const PAGE = 100;
const REREAD_MS = 2500;
/** Longer than this at the top, the list begins anew. */
const LONGEST_LIVE = 1000;

export interface TaskFilter {
  q: string;
  state: string;
  sort: string;
}

export interface TaskListState {
  list: TaskList | null;
  error: unknown;
  /** The first page is being read; rows of before stand dimmed. With an `error` and without a list: it was refused. */
  loading: boolean;
  loadingMore: boolean;
  newer: number;
  more: () => void;
  /** Take in what is newer. */
  refresh: () => void;
}

export function useTaskList(filter: TaskFilter, held: boolean): TaskListState {
  const { q, state, sort } = filter;
  const [kept, setKept] = useState<{ of: string; list: TaskList } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [loading, setLoading] = useState(true);
  const [loadingMore, setLoadingMore] = useState(false);
  const [newer, setNewer] = useState(0);
  const [round, setRound] = useState(0);
  const { store } = useLive();
  const live = useLiveTasks();
  const paused = usePicture((p) => p.connection.mode === 'paused');
  const snapshots = usePicture((p) => p.seen.snapshots);
  const visible = useVisible();
  const frozen = held || paused;
  const newest = sort === NEWEST_FIRST;
  const frozenRef = useRef(frozen);
  frozenRef.current = frozen;
  const of = `${q}\n${state}\n${sort}`;
  // Rows of another filter stand, dimmed, while this one's are being read; when it is refused they go: they are no answer to it.
  const list = kept && (kept.of === of || loading) ? kept.list : null;
  const listRef = useRef(list);
  listRef.current = list;
  const setList = useCallback(
    (change: (before: TaskList | null) => TaskList | null) =>
      setKept((before) => {
        const next = change(before?.list ?? null);
        if (next === null) return null;
        return next === before?.list ? before : { of: before?.of ?? of, list: next };
      }),
    [of],
  );

  const belongs = useMemo(() => {
    const parsed = parseQuery(q);
    const states = state ? new Set(state.split(',')) : null;
    return (row: TaskRow) =>
      (!states || states.has(row.state)) &&
      (parsed.ok ? parsed.tree === null || matchesQuery(parsed.tree, row) : false);
  }, [q, state]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` asks for it again
  useEffect(() => {
    const abort = new AbortController();
    setLoading(true);
    fetchTasks({ q, state, sort, limit: PAGE }, abort.signal).then(
      (page) => {
        setKept({ of, list: patchRows(listOf(page), store.get().tasks) });
        setNewer(0);
        setError(null);
        setLoading(false);
      },
      (reason: unknown) => {
        if (abort.signal.aborted) return;
        setError(reason);
        setLoading(false);
      },
    );
    return () => abort.abort();
  }, [q, state, sort, round, store]);

  // Every change of the live picture: states in place; what is newer enters, or is counted.
  useEffect(() => {
    setList((before) => {
      if (!before) return before;
      const patched = patchRows(before, live);
      if (!newest) return patched;
      const above = newerRows(patched, live.values(), belongs);
      if (frozen) {
        setNewer((n) => Math.max(n, above.length));
        return patched;
      }
      return above.length === 0 || patched.rows.length > LONGEST_LIVE ? patched : insertNewer(patched, above);
    });
  }, [live, belongs, newest, frozen, setList]);

  // And the truth from the server, a few seconds behind, while anything changes.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a snapshot means that changes were missed
  useEffect(() => {
    if (!visible || paused) return;
    const abort = new AbortController();
    let seen = -1;
    const timer = setInterval(() => {
      const changed = store.get().seen.changed;
      if (changed === seen || !listRef.current) return;
      seen = changed;
      fetchTasks({ q, state, sort, limit: PAGE }, abort.signal).then((page) => {
        if (frozenRef.current) {
          setList((before) => before && withCounts(before, page));
          if (newest) setNewer((n) => Math.max(n, unknownIn(page.items, listRef.current)));
          return;
        }
        setNewer(0);
        setList((before) =>
          before && before.rows.length <= LONGEST_LIVE
            ? patchRows(mergeFirst(before, page), store.get().tasks)
            : listOf(page),
        );
      }, ignoreOnce);
    }, REREAD_MS);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [q, state, sort, visible, paused, newest, snapshots, setList, store]);

  const next = list?.next ?? null;
  const more = useCallback(() => {
    if (!next || loadingMore) return;
    setLoadingMore(true);
    fetchTasks({ q, state, sort, limit: PAGE, cursor: next }).then(
      (page) => {
        setList((before) => (before && before.next === next ? appendPage(before, page) : before));
        setLoadingMore(false);
      },
      (reason: unknown) => {
        setError(reason);
        setLoadingMore(false);
      },
    );
  }, [next, loadingMore, q, state, sort, setList]);
  const refresh = useCallback(() => setRound((n) => n + 1), []);
  return { list, error, loading, loadingMore, newer: frozen ? newer : 0, more, refresh };
}

function unknownIn(rows: readonly TaskRow[], list: TaskList | null): number {
  const known = new Set(list?.rows.map((row) => row.uuid));
  const top = list?.rows[0]?.first_seen ?? -Infinity;
  return rows.filter((row) => !known.has(row.uuid) && row.first_seen >= top).length;
}

/** A reread that fails is not shown: the live state already says that the line is broken, and the next one comes. */
function ignoreOnce(): void {}
