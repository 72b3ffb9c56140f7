// Since when something is not known any more: the whole picture when the server is silent or one has paused, a part of it when the
// broker, the events, the history or the workers' answers are away. What looks old because of it: ui/as-of.tsx, shell/stale.css.
// Holds: a figure is never shown as fresh when nobody could say so.
import { useCallback, useSyncExternalStore } from 'react';
import type { ClusterInfo } from '../../../shared/wire/cluster.ts';
import type { Picture } from './cluster-store.ts';
import { useLive } from './provider.tsx';

export type Source = 'events' | 'broker' | 'control' | 'history' | 'results';

/** A line that is opened anew at once was no silence. */
const BLINK_MS = 2500;
/** The server says something every few seconds; after 20 s the socket opens the line anew. */
const SILENT_MS = 25_000;
const PAUSED_MS = 30_000;

/** The last word of the server when the picture is not of now any more, else 0. @returns milliseconds of the page's clock */
function silentSince({ connection, heardAt }: Picture, now: number): number {
  if (heardAt === 0) return 0;
  const silent = now - heardAt;
  switch (connection.mode) {
    case 'live':
    case 'catching-up':
      return silent > SILENT_MS ? heardAt : 0;
    case 'paused':
      return silent > PAUSED_MS ? heardAt : 0;
    case 'connecting':
    case 'lost':
      return silent > BLINK_MS ? heardAt : 0;
  }
}

/** The names that sources of a server without `knowledge` have. */
const NAMED: Record<Source, string> = {
  events: 'events',
  broker: 'broker',
  control: 'broker',
  history: 'store',
  results: 'results',
};

/** Since when a source is away; 0: unknown since when; null: it is there, or there is none. @returns seconds */
function awaySince(cluster: ClusterInfo | null, source: Source): number | null {
  const known = cluster?.knowledge?.[source];
  if (known) return known.ok === false ? (known.since ?? known.as_of ?? 0) : null;
  const state = cluster?.sources.find(({ name }) => name === NAMED[source]);
  return state && !state.ok ? (state.last_ok ?? 0) : null;
}

/** Since when the server is silent; null: it is not. Server time. @returns seconds */
export function useServerSilence(): number | null {
  const { store, screen } = useLive();
  const subscribe = useCallback(
    (listener: () => void) => {
      const ends = [store.subscribe(listener), screen.clock.subscribe(listener)];
      return () => {
        for (const end of ends) end();
      };
    },
    [store, screen],
  );
  const read = () => silentSince(store.get(), screen.now());
  const since = useSyncExternalStore(subscribe, read, read);
  return since === 0 ? null : (since + store.get().skewMs) / 1000;
}

/** Since when the first of these sources is away; null: all are there. 0: nobody knows since when. @returns seconds */
export function useAway(...sources: Source[]): number | null {
  const { store } = useLive();
  const read = () => {
    const { cluster } = store.get();
    const away = sources.map((source) => awaySince(cluster, source)).filter((at) => at !== null);
    return away.length > 0 ? Math.min(...away) : -1;
  };
  const since = useSyncExternalStore(store.subscribe, read, read);
  return since < 0 ? null : since;
}
