// A component of the pages as HTML, without a browser: with a router in memory, a cache that holds what the test put into it, and no line.
// Holds: the little of a browser that the pages touch when they are loaded stands here, so this file is imported first.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from '@tanstack/react-router';
import { Tooltip } from 'radix-ui';
import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { vi } from 'vitest';
import type { Picture } from '../../../web/src/live/cluster-store.ts';
import type { Live } from '../../../web/src/live/provider.tsx';

const nothing = () => {};
if (typeof document === 'undefined')
  vi.stubGlobal('document', { baseURI: 'http://localhost/', querySelector: () => null });
vi.stubGlobal('navigator', { platform: '' });
vi.stubGlobal('self', globalThis);

const { ClusterStore, EMPTY } = await import('../../../web/src/live/cluster-store.ts');
const { LiveProvider } = await import('../../../web/src/live/provider.tsx');

const still = <T,>(value: T) => ({ get: () => value, subscribe: () => nothing });

/** A live picture that stands still, as of now; by default the line is up and nothing was heard. */
export function liveOf(change: Partial<Picture> = {}, { phone = false } = {}): Live {
  const now = Date.now();
  const picture: Picture = { ...EMPTY, connection: { mode: 'live' }, heardAt: now, ...change };
  return {
    store: new ClusterStore({ draw: (flush) => flush(), now: () => now, picture }),
    socket: {
      state: picture.connection,
      start: nothing,
      stop: nothing,
      pause: nothing,
      resume: nothing,
      retryNow: nothing,
    },
    interest: { topic: () => nothing, tasks: () => nothing },
    screen: { clock: still(now), visible: still(true), phone: still(phone), printing: still(false), now: () => now },
  };
}

/**
 * @param known what the API has answered already, by the keys of api/queries.ts
 * @param live what the live line has told
 */
export const drawn = (
  element: ReactNode,
  known: readonly (readonly [readonly unknown[], unknown])[] = [],
  live: Live = liveOf(),
): Promise<string> => drawnAt('/', '/', element, known, live);

/** A page, which reads what is chosen from its URL. @param path of its route @param url with what is chosen */
export async function drawnAt(
  path: string,
  url: string,
  element: ReactNode,
  known: readonly (readonly [readonly unknown[], unknown])[] = [],
  live: Live = liveOf(),
): Promise<string> {
  const client = new QueryClient();
  for (const [key, data] of known) client.setQueryData(key, data);
  const root = createRootRoute();
  const router = createRouter({
    routeTree: root.addChildren([createRoute({ getParentRoute: () => root, path, component: () => element })]),
    history: createMemoryHistory({ initialEntries: [url] }),
    isServer: true,
    origin: 'http://localhost',
  });
  await router.load();
  return renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <Tooltip.Provider>
        <LiveProvider live={live}>
          <RouterProvider router={router as never} />
        </LiveProvider>
      </Tooltip.Provider>
    </QueryClientProvider>,
  );
}

/** The texts in the order of the page, without tags. */
export const textOf = (html: string): string => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
