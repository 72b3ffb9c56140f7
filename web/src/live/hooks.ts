// Narrow subscriptions to the live picture, and the one clock of the page.
// Holds: a component renders again only when what it selected changed.
import { useEffect, useSyncExternalStore } from 'react';
import type { QueueRow, TaskRow, WorkerRow } from '../../../shared/wire/http.ts';
import type { Topic } from '../../../shared/wire/live.ts';
import { liveUrl } from '../api/base.ts';
import { ClusterStore, type Picture } from './cluster-store.ts';
import { Interest } from './interest.ts';
import { LiveSocket, type SocketLike } from './socket.ts';

// One render a frame at most; a hidden tab draws none, so a timer empties the queue there.
export const store = new ClusterStore((flush) => {
  requestAnimationFrame(flush);
  setTimeout(flush, 250);
});
export const socket = new LiveSocket({
  open: () => new WebSocket(liveUrl()) as unknown as SocketLike,
  onFrame: store.frame,
  onState: store.connection,
});

const interest = new Interest(socket);

/** Read the same way where there is no browser: components are drawn in tests without one. */
function useOutside<T>(subscribe: (listener: () => void) => () => void, get: () => T): T {
  return useSyncExternalStore(subscribe, get, get);
}

export function usePicture<T>(select: (picture: Picture) => T): T {
  return useOutside(store.subscribe, () => select(store.get()));
}

export const useConnection = () => usePicture((p) => p.connection);
export const useCluster = () => usePicture((p) => p.cluster);
export const useFigures = () => usePicture((p) => p.figures);

/** What is shown is heard of: while somebody reads queues, workers or tasks, the page subscribes to them. */
function useTopic(topic: Topic): void {
  useEffect(() => interest.topic(topic), [topic]);
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
/** The tasks that changed of late, newest change last. */
export function useLiveTasks(): ReadonlyMap<string, TaskRow> {
  useTopic('tasks');
  return usePicture((p) => p.tasks);
}
export const useLiveTask = (uuid: string | undefined): TaskRow | undefined =>
  usePicture((p) => (uuid ? p.tasks.get(uuid) : undefined));
export const useReadOnly = (): boolean => usePicture((p) => p.cluster?.read_only ?? false);

export function togglePause(): void {
  if (socket.state.mode === 'paused') socket.resume();
  else socket.pause();
}

/** Ask that these tasks come in every patch. */
export function useWatch(uuids: readonly string[]): void {
  const key = uuids.join(' ');
  useEffect(() => (key === '' ? undefined : interest.tasks(key.split(' '))), [key]);
}

// One clock ticks for the page, once a second, and not at all while nobody looks.
const ticks = new Set<() => void>();
let tick = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const step = () => {
  if (document.hidden) return;
  tick = Date.now();
  for (const listener of ticks) listener();
};
document.addEventListener('visibilitychange', step);

export function subscribeTick(listener: () => void): () => void {
  ticks.add(listener);
  timer ??= setInterval(step, 1000);
  return () => {
    ticks.delete(listener);
    if (ticks.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Server time now, in seconds, ticking once a second. */
export function useNow(): number {
  const now = useOutside(subscribeTick, () => tick);
  return (now + store.get().skewMs) / 1000;
}

/**
 * The last moment of which the page knows: now, but no later than the last word of the server once the line is lost. What runs is
 * not known to run on. @unit seconds, server time
 */
export function useKnownNow(): number {
  const now = useNow();
  const heard = usePicture((p) =>
    p.connection.mode === 'lost' && p.heardAt > 0 ? (p.heardAt + p.skewMs) / 1000 : null,
  );
  return heard === null ? now : Math.min(now, heard);
}

/** Page time now, ticking. @unit milliseconds */
export function usePageClock(): number {
  return useOutside(subscribeTick, () => tick);
}

export function serverNow(): number {
  return (Date.now() + store.get().skewMs) / 1000;
}

function subscribeHidden(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener);
  return () => document.removeEventListener('visibilitychange', listener);
}

/** False in a background tab: charts wait. */
export function useVisible(): boolean {
  return useOutside(subscribeHidden, () => !document.hidden);
}

const PHONE = matchMedia('(width < 720px)');
const WIDE = matchMedia('(width >= 1280px)');
const media = (query: MediaQueryList) => (listener: () => void) => {
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
};
const onPhone = media(PHONE);
const onWide = media(WIDE);

export const usePhone = (): boolean => useOutside(onPhone, () => PHONE.matches);
export const useWide = (): boolean => useOutside(onWide, () => WIDE.matches);
