// In each process of the tests (register.mjs): a file of the sources is read as compile.ts made it.
// A test file is asked for with `?vitest=<number>` behind its name. What it imports of the tests and examples gets that number, too, so that files
// which share a process have such modules of their own, and those of the pages, which keep what they are told by their document. The server's are
// read once for all of them: it keeps what differs in its apps. Theirs have a mark as well: by it server/app/load.ts sees that TypeScript of others
// is not read here. A style sheet is nothing here,
// and a history has its threads from kept-threads.ts.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Vitest notes each import in a graph of its own process, which nobody asks here, unless this is in the address. */
const UNTRACKED = '/node_modules/';

let root = '';
let made = '';
let built = {};

export function initialize(data) {
  ({ root, made, built } = data);
}

export async function resolve(specifier, context, next) {
  if (/^@?[a-z]/.test(specifier) && !specifier.includes(':')) {
    const bundle = new URL(`packages/${specifier}.mjs`, made);
    if (existsSync(bundle)) return { url: bundle.href, format: 'module', shortCircuit: true };
  }
  if (specifier.endsWith('.css')) return { url: 'data:text/javascript,', format: 'module', shortCircuit: true };
  const parent = context.parentURL ?? '';
  const found =
    /^\.\.?\/.*\.tsx?$/.test(specifier) && isSource(parent)
      ? { url: new URL(specifier, parent).href, format: 'module', shortCircuit: true }
      : await next(specifier, context);
  if (Object.hasOwn(built, found.url)) return { url: built[found.url], format: 'module', shortCircuit: true };
  const mine = /\?vitest=\w+/.exec(parent);
  if (!mine || !isSource(found.url) || found.url.includes('?')) return found;
  const isOfHistory =
    found.url === `${root}server/own-thread.ts` && parent.startsWith(`${root}server/dashboard/history/`);
  const url = isOfHistory ? `${root}test/support/sources/kept-threads.ts` : found.url;
  return { ...found, url: url + (isProduct(url) ? '?vitest=all' : mine[0]) + UNTRACKED };
}

export async function load(url, context, next) {
  if (!isSource(url)) return next(url, context);
  const path = url.slice(root.length).replace(/\?.*$/, '');
  if (path.endsWith('.json'))
    return { format: 'module', shortCircuit: true, source: `export default ${await readFile(new URL(url), 'utf8')}` };
  if (!/\.tsx?$/.test(path)) return next(url, context);
  const file = fileURLToPath(new URL(path.replace(/\.tsx?$/, '.js'), made));
  return { format: 'module', shortCircuit: true, source: await readFile(file, 'utf8') };
}

function isProduct(url) {
  return /^(server|shared)\//.test(url.slice(root.length));
}

function isSource(url) {
  return url.startsWith(root) && !url.startsWith(`${root}node_modules/`) && !url.startsWith(`${root}dist/`);
}
