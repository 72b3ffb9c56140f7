// The list as a page uses it: one store for as long as the page stands. What it does: task-list-store.ts.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { fetchTasks } from '../api/queries.ts';
import { useLive } from '../live/provider.tsx';
import { type TaskListFilter, TaskListStore, type TaskListView } from './task-list-store.ts';

export interface TaskListState extends TaskListView {
  more: () => void;
  /** Take in what is newer. */
  refresh: () => void;
}

function every(intervalMs: number, fn: () => void) {
  const timer = setInterval(fn, intervalMs);
  return { cancel: () => clearInterval(timer) };
}

export function useTaskList({ q, state, sort }: TaskListFilter, held: boolean): TaskListState {
  const { store: live, screen, interest } = useLive();
  const [store] = useState(() => new TaskListStore({ fetch: fetchTasks, live, isVisible: screen.visible.get, every }));
  useEffect(() => interest.topic('tasks'), [interest]);
  useEffect(() => store.start(), [store]);
  useEffect(() => store.show({ q, state, sort }), [store, q, state, sort]);
  useEffect(() => store.hold(held), [store, held]);
  const view = useSyncExternalStore(store.subscribe, store.get, store.get);
  return { ...view, more: store.more, refresh: store.refresh };
}
