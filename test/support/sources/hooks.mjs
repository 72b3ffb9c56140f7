// In each process of the tests (register.mjs): a file of the sources is read as compile.ts made it.
// A test file is asked for with `?vitest=<number>` behind its name; what it imports gets that number, too, so that files which share a process have
// modules, registries and counters of their own.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

let root = '';
let made = '';

export function initialize(data) {
  ({ root, made } = data);
}

export async function resolve(specifier, context, next) {
  if (/^@?[a-z]/.test(specifier) && !specifier.includes(':')) {
    const bundle = new URL(`packages/${specifier}.mjs`, made);
    if (existsSync(bundle)) return { url: bundle.href, format: 'module', shortCircuit: true };
  }
  const found = await next(specifier, context);
  const mine = /\?vitest=\d+/.exec(context.parentURL ?? '');
  return mine && isSource(found.url) && !found.url.includes('?') ? { ...found, url: found.url + mine[0] } : found;
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

function isSource(url) {
  return url.startsWith(root) && !url.startsWith(`${root}node_modules/`) && !url.startsWith(`${root}dist/`);
}
