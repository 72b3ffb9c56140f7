// Reading every task that matches a filter, page after page, to select them: beyond what the list has loaded.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { fetchTasks } from '../api/queries.ts';

const PAGE = 1000;
/** The most at once: what a page can hold and a person can mean. */
const MOST_SELECTED = 10_000;

export interface SelectAll {
  /** How many are read so far; null: it is not being done. */
  reading: number | null;
  error: unknown;
  /** There were more than the most. */
  cut: boolean;
  start: () => void;
  stop: () => void;
}

export function useSelectAll(filter: { q: string; state: string }, onDone: (rows: TaskRow[]) => void): SelectAll {
  const { q, state } = filter;
  const [reading, setReading] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [cut, setCut] = useState(false);
  const abort = useRef<AbortController | null>(null);
  const stop = useCallback(() => {
    abort.current?.abort();
    abort.current = null;
    setReading(null);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter, another selection
  useEffect(() => {
    setCut(false);
    setError(null);
    return stop;
  }, [q, state, stop]);
  const start = () => {
    const mine = new AbortController();
    abort.current?.abort();
    abort.current = mine;
    setError(null);
    setCut(false);
    setReading(0);
    const rows = new Map<string, TaskRow>();
    const next = async (cursor: string | undefined): Promise<void> => {
      const page = await fetchTasks({ q, state, sort: '-first_seen', limit: PAGE, cursor }, mine.signal);
      for (const row of page.items) if (rows.size < MOST_SELECTED) rows.set(row.uuid, row);
      if (mine.signal.aborted) return;
      setReading(rows.size);
      if (page.next !== null && rows.size < MOST_SELECTED) return next(page.next);
      setCut(page.next !== null);
      setReading(null);
      onDone([...rows.values()]);
    };
    next(undefined).catch((reason: unknown) => {
      if (mine.signal.aborted) return;
      setError(reason);
      setReading(null);
    });
  };
  return { reading, error, cut, start, stop };
}
