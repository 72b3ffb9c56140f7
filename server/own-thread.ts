// Starts a thread of this package's own, from what was built or from the sources.
// The caller names its file by a URL relative to itself: the build and the tests make an entry of it, and put that one's name there.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

export function startThread(file: URL, options: WorkerOptions = {}): Worker {
  const readable = (process.features as { typescript?: unknown }).typescript || !file.pathname.endsWith('.ts');
  if (readable) return new Worker(file, options);
  // From sources, on a Node that does not read TypeScript: the thread needs the loader that `npm run dev` uses.
  const loader = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs');
  const boot = `import(${JSON.stringify(pathToFileURL(loader).href)}).then((tsx) => (tsx.register(), import(${JSON.stringify(file.href)})))`;
  return new Worker(boot, { ...options, eval: true });
}
