// Threads of the product, for code that runs from its sources: each is bundled once a run, as the build does it, and started from there.
// Read as it stands, TypeScript costs every thread a loader of its own: a quarter of a second, twice for each history that a test opens.
// The bundle lies below node_modules, so that what it leaves out is found.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import type { Plugin } from 'vite';

/** As in .build/build.mjs: what a thread or a child of its own is named by. */
const NAMED = /new URL\(\s*'(\.[^']*\.ts)'\s*,\s*import\.meta\.url\s*\)/g;

export function bundledThreads(root: string): Plugin {
  const made = new Map<string, string>();
  // Another checkout, or another run beside this one, has its own.
  const owner = createHash('sha1').update(`${process.pid} ${root}`).digest('hex').slice(0, 8);
  const folder = join(root, 'node_modules/.cache/umbel-threads', owner);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const bundle = (source: string): string => {
    const known = made.get(source);
    if (known) return known;
    const name = relative(root, source).replaceAll(/[\\/]/g, '-').replace(/\.ts$/, '');
    const outfile = join(folder, `${name}.mjs`);
    buildSync({
      ...{ entryPoints: [source], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20' },
      ...{ packages: 'external', conditions: ['umbel-source'], sourcemap: 'inline', logLevel: 'error' },
    });
    made.set(source, outfile);
    return outfile;
  };
  return {
    name: 'bundled-threads',
    enforce: 'pre',
    transform(code, id) {
      if (!id.startsWith(`${root}server/`) || !code.includes('new URL(')) return null;
      const text = readFileSync(id, 'utf8');
      const replaced = text.replace(NAMED, (_, target: string) => {
        const file = bundle(resolve(dirname(id), target));
        return `new URL(${JSON.stringify(pathToFileURL(file).href)})`;
      });
      return replaced === text ? null : { code: replaced, map: null };
    },
  };
}
