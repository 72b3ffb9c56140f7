// Preloaded in every process of the tests (`--import .../register.mjs?made=<folder>`): `import` reads the sources as compile.ts made them.
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

// Threads are bundled, and hooks cost each a thread of its own; but for those that load an app (server/pool), which are sources.
if (isMainThread || process.argv[1]?.endsWith('.ts')) {
  const made = pathToFileURL(`${new URL(import.meta.url).searchParams.get('made')}/`).href;
  register('./hooks.mjs', import.meta.url, { data: { root: new URL('../../../', import.meta.url).href, made } });
}
