// Starts a thread or a process of this package's own, from what was built or from the sources.
// The caller names its file by a URL relative to itself: the build and the tests make an entry of it, and put that one's name there.
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

export function startThread(file: URL, options: WorkerOptions = {}): Worker {
  if (isReadable(file)) return new Worker(file, options);
  const boot = `import(${JSON.stringify(tsx())}).then((tsx) => (tsx.register(), import(${JSON.stringify(file.href)})))`;
  return new Worker(boot, { ...options, eval: true });
}

/**
 * One in which nothing of the user's runs: what is loaded before their program (`--import`, `--require`) is not loaded for it once more.
 * @param file read by Node as it is when it was built; as a source it wants what reads TypeScript
 */
export function startInnerThread(file: URL, options: WorkerOptions = {}): Worker {
  if (file.pathname.endsWith('.ts')) return startThread(file, options);
  return new Worker(file, { ...options, execArgv: process.execArgv.filter((flag) => QUIET.test(flag)) });
}
/** Else Node tells in each thread that its SQLite is new. */
const QUIET = /^--(no-warnings|disable-warning=.*)$/;

/** With this process's own flags of Node, but for those of a debugger, whose port it would take. */
export function startProcess(file: URL, options: ForkOptions = {}): ChildProcess {
  const flags = process.execArgv.filter((flag) => !/^--inspect(-|=|$)|^--debug/.test(flag));
  // Whatever reads TypeScript here (`--import ...`) reads it there.
  const loads =
    isReadable(file) || flags.some((flag) => /^(--import|--loader|--experimental-loader|--require|-r)\b/.test(flag));
  const loader = loads ? [] : ['--import', tsx().replace(/\/api\/index\.mjs$/, '/index.mjs')];
  return fork(fileURLToPath(file), [], { ...options, execArgv: [...flags, ...loader] });
}

function isReadable(file: URL): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript) || !file.pathname.endsWith('.ts');
}

/** From sources, on a Node that does not read TypeScript: the loader that `npm run dev` uses. */
function tsx(): string {
  const path = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs');
  return pathToFileURL(path).href;
}
