// Narrow subscriptions to the live picture and to the screen. Where both come from: provider.tsx.
// Holds: a component renders again only when what it selected changed.
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { flushSync } from 'react-dom';
import type { Topic } from '../../../shared/wire/live.ts';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { WorkerRow } from '../../../shared/wire/workers.ts';
import type { Picture } from './cluster-store.ts';
import { useServerSilence } from './knowledge.ts';
import { useLive } from './provider.tsx';
import type { Signal } from './screen.ts';

/** Read the same way where there is no browser: components are drawn in tests without one. */
function useOutside<T>(subscribe: (listener: () => void) => () => void, get: () => T): T {
  return useSyncExternalStore(subscribe, get, get);
}

const useSignal = <T>({ subscribe, get }: Signal<T>): T => useOutside(subscribe, get);

export function usePicture<T>(select: (picture: Picture) => T): T {
  const { store } = useLive();
  return useOutside(store.subscribe, () => select(store.get()));
}

export const useConnection = () => usePicture((p) => p.connection);
export const useCluster = () => usePicture((p) => p.cluster);
export const useFigures = () => usePicture((p) => p.figures);

/** What is shown is heard of: while somebody reads queues, workers or tasks, the page subscribes to them. */
function useTopic(topic: Topic): void {
  const { interest } = useLive();
  useEffect(() => interest.topic(topic), [interest, topic]);
}

export function useQueues(): readonly QueueRow[] {
  useTopic('queues');
  return usePicture((p) => p.queues);
}
export function useWorkers(): ReadonlyMap<string, WorkerRow> {
  useTopic('workers');
  return usePicture((p) => p.workers);
}
export function useWorker(hostname: string): WorkerRow | undefined {
  useTopic('workers');
  return usePicture((p) => p.workers.get(hostname));
}
export const useLiveTask = (uuid: string | undefined): TaskRow | undefined =>
  usePicture((p) => (uuid ? p.tasks.get(uuid) : undefined));
export const useReadOnly = (): boolean => usePicture((p) => p.cluster?.read_only ?? false);

/** Pause, or go on. */
export function useTogglePause(): () => void {
  const { socket } = useLive();
  return useCallback(() => {
    if (socket.state.mode === 'paused') socket.resume();
    else socket.pause();
  }, [socket]);
}

/** Ask that these tasks come in every patch for as long as this is on the page, whoever else watches them. */
export function useWatch(uuids: readonly string[]): void {
  const { interest } = useLive();
  const key = uuids.join(' ');
  useEffect(() => (key === '' ? undefined : interest.tasks(key.split(' '))), [interest, key]);
}

/** Page time now, ticking. @unit milliseconds */
export const usePageClock = (): number => useSignal(useLive().screen.clock);

/** False in a background tab: charts wait. */
export const useVisible = (): boolean => useSignal(useLive().screen.visible);
export const usePhone = (): boolean => useSignal(useLive().screen.phone);

/** Server time now, in seconds, ticking once a second. */
export function useNow(): number {
  const now = usePageClock();
  return (now + useLive().store.get().skewMs) / 1000;
}

/** Server time when it is asked for, not ticking. @returns seconds */
export function useServerClock(): () => number {
  const { store, screen } = useLive();
  return useCallback(() => (screen.now() + store.get().skewMs) / 1000, [store, screen]);
}

/**
 * The last moment of which the page knows: now, but no later than the last word of the server once it is silent. What runs is
 * not known to run on. @unit seconds, server time
 */
export function useKnownNow(): number {
  const now = useNow();
  const silent = useServerSilence();
  return silent === null ? now : Math.min(now, silent);
}

/** The page is being put on paper: what it then draws is there before the layout for it is made. */
export function usePrinting(): boolean {
  const { printing } = useLive().screen;
  const [on, setOn] = useState(printing.get);
  useEffect(() => printing.subscribe(() => flushSync(() => setOn(printing.get()))), [printing]);
  return on;
}
