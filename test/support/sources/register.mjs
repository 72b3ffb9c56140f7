// Preloaded in every process of the tests (`--import .../register.mjs?made=<folder>`): `import` reads the sources as compile.ts made them.
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

// Threads are bundled, and hooks cost each a thread of its own; but for those that load an app (server/pool), which are sources.
if (isMainThread || process.argv[1]?.endsWith('.ts')) {
  const made = pathToFileURL(`${new URL(import.meta.url).searchParams.get('made')}/`).href;
  const root = new URL('../../../', import.meta.url);
  register('./hooks.mjs', import.meta.url, { data: { root: root.href, made, built: builtOf(root) } });
}

/**
 * A child of a pool loads the package's entries as they were built, where they were: from the sources it takes 0.3 s of CPU more to start.
 * @returns what to load, by what is asked for
 */
function builtOf(root) {
  const entry = new URL('server/pool/child-entry.ts', root);
  if (!process.env.UMBEL_BUILT || pathToFileURL(process.argv[1] ?? '').href !== entry.href) return {};
  const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  const all = Object.values(exports).filter((one) => one['umbel-source']);
  return Object.fromEntries([
    ...all.map((one) => [new URL(one['umbel-source'], root).href, new URL(one.default, root).href]),
    [entry.href, new URL('dist/pool-child-entry.js', root).href],
  ]);
}
