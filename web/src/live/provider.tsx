// Who the pages have their live picture from: one store, one socket, one screen, handed down by context. Nothing opens before the
// provider is mounted. Reading the picture: hooks.ts. Holds: a component without a provider above it says so.
import { createContext, type ReactNode, useContext, useEffect } from 'react';
import { liveUrl } from '../api/base.ts';
import { PAGE_OPTIONS } from '../api/page-options.ts';
import { goToSignIn } from '../api/signed-out.ts';
import { ClusterStore } from './cluster-store.ts';
import { Interest } from './interest.ts';
import { browserScreen, type Screen } from './screen.ts';
import { LiveSocket, type SocketLike } from './socket.ts';

export interface Live {
  store: ClusterStore;
  socket: Pick<LiveSocket, 'state' | 'start' | 'stop' | 'pause' | 'resume' | 'retryNow'>;
  interest: Pick<Interest, 'topic' | 'tasks'>;
  screen: Screen;
}

const LiveContext = createContext<Live | null>(null);

/** The one of a browser; it opens nothing until it is started. */
export function browserLive(): Live {
  // One render a frame at most; a hidden tab draws none, so a timer empties the queue there.
  const store = new ClusterStore({
    draw: (flush) => {
      requestAnimationFrame(flush);
      setTimeout(flush, 250);
    },
  });
  let hasBegun = false;
  const socket = new LiveSocket({
    open: () => new WebSocket(liveUrl()) as unknown as SocketLike,
    onFrame: (frame) => {
      store.frame(frame);
      // It has what there is, and goes on when somebody says so.
      if (!PAGE_OPTIONS.auto_refresh && !hasBegun && frame.type === 'snapshot') {
        hasBegun = true;
        queueMicrotask(() => socket.pause());
      }
    },
    onState: store.connection,
    onSignedOut: goToSignIn,
  });
  return { store, socket, interest: new Interest(socket), screen: browserScreen() };
}

/** Opens the line while it is mounted. */
export function LiveProvider({ live, children }: { live: Live; children: ReactNode }) {
  useEffect(() => {
    live.socket.start();
    return () => live.socket.stop();
  }, [live]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live)
    throw new Error('A component that reads the live picture needs a LiveProvider above it (live/provider.tsx).');
  return live;
}
