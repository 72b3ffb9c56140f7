// Providers and mount. Routes: router.tsx. The frame: shell/layout.tsx.
import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './styles/index.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { Tooltip } from 'radix-ui';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BASE_PATH } from './api/base.ts';
import { queryClient } from './api/query-client.ts';
import { browserLive, LiveProvider } from './live/provider.tsx';
import { fetchPages, router } from './router.tsx';

// Past the proxy, without the prefix: the server answers there too, for proxies that take it away, but the pages live below it.
if (!`${location.pathname}/`.startsWith(BASE_PATH))
  location.replace(`${BASE_PATH}${location.pathname.slice(1)}${location.search}${location.hash}`);

const live = browserLive();

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      {/* Above the router, so that the page of an error has it too. */}
      <Tooltip.Provider delayDuration={400} skipDelayDuration={200}>
        <LiveProvider live={live}>
          <RouterProvider router={router} />
        </LiveProvider>
      </Tooltip.Provider>
    </QueryClientProvider>
  </StrictMode>,
);

/** The other pages wait for what this one shows. */
function fetchPagesLater(): void {
  setTimeout(() => (queryClient.isFetching() > 0 ? fetchPagesLater() : fetchPages()), 1000);
}
fetchPagesLater();
