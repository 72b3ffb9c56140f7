// A component of the pages as HTML, without a browser: with a router in memory, a cache that holds what the test put into it, and no line.
// Holds: the little of a browser that the pages touch when they are loaded stands here, so this file is imported first.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router';
import { Tooltip } from 'radix-ui';
import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { vi } from 'vitest';

const nothing = () => {};
vi.stubGlobal('document', {
  baseURI: 'http://localhost/',
  hidden: false,
  addEventListener: nothing,
  removeEventListener: nothing,
});
vi.stubGlobal('navigator', { platform: '' });
vi.stubGlobal('self', globalThis);
vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: nothing, removeEventListener: nothing }));

/** @param known what the API has answered already, by the keys of api/queries.ts */
export async function drawn(element: ReactNode, known: readonly (readonly [readonly unknown[], unknown])[] = []) {
  const client = new QueryClient();
  for (const [key, data] of known) client.setQueryData(key, data);
  const router = createRouter({
    routeTree: createRootRoute({ component: () => element }),
    history: createMemoryHistory(),
    isServer: true,
    origin: 'http://localhost',
  });
  await router.load();
  return renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <Tooltip.Provider>
        <RouterProvider router={router as never} />
      </Tooltip.Provider>
    </QueryClientProvider>,
  );
}

/** The texts in the order of the page, without tags. */
export const textOf = (html: string): string => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
