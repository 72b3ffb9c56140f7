// What the tests run of the sources: every TypeScript file as JavaScript, made once a run, and read by hooks.mjs in each process under its
// own name. Node's own `import` reads them a good deal quicker than Vite's, which is asked file by file.
// Threads and packages of many files are bundled, as the build does it: read as they stand, they cost every process a quarter of a second.
// All lies below node_modules, so that what a bundle leaves out is found.
// Holds: what an earlier run made of the same text is taken from there (made.ts); a run never sees what another makes meanwhile.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { Made } from './made.ts';

const FOLDERS = ['server', 'shared', 'test', 'examples', '.build', 'web/src'];
/** Of many files each, and asked for by many. */
const PACKAGES = [
  ...['fastify', '@fastify/compress', '@fastify/helmet', '@fastify/static', '@fastify/swagger', '@fastify/websocket'],
  ...['typebox', 'typebox/value', 'ioredis'],
  ...['react', 'react/jsx-runtime', 'react-dom', 'react-dom/client', 'react-dom/server', 'radix-ui', 'recharts'],
  ...['@tanstack/react-query', '@tanstack/react-router', '@tanstack/react-virtual', '@dagrejs/dagre'],
];
/** As in .build/build.mjs: what a thread or a child of its own is named by. */
const NAMED = /new URL\(\s*'(\.[^']*\.ts)'\s*,\s*import\.meta\.url\s*\)/g;

/** It loads an app of the user's, which must find the same modules as it does itself. */
const SHARING = /[\\/]pool[\\/]child-entry\.ts$/;

/** By the name of its bundle: the product's are threads, the tests' programs. */
const isThread = (name: string): boolean => name.startsWith('threads/server-');

/** @returns the folder, which goes when this process ends */
export async function compileSources(root: string): Promise<string> {
  const cache = join(root, 'node_modules/.cache/umbel-tests');
  // Another checkout, or another run beside this one, has its own.
  const owner = createHash('sha1').update(`${process.pid} ${root}`).digest('hex').slice(0, 8);
  const folder = join(cache, owner);
  // What is made depends on this file and on what is installed, too.
  const made = new Made(join(cache, 'made'), [
    ...[process.version, root],
    ...[fileURLToPath(import.meta.url), join(root, 'package-lock.json')].map(textOf),
  ]);
  mkdirSync(folder, { recursive: true });
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const threads = new Map<string, string>();
  const nameThreads = (source: string, text: string) =>
    text.replace(NAMED, (written, target: string) => {
      const file = resolve(dirname(source), target);
      if (SHARING.test(file)) return written;
      const name = `threads/${relative(root, file).replaceAll(/[\\/]/g, '-').replace(/\.ts$/, '')}`;
      threads.set(name, file);
      return `new URL(${JSON.stringify(pathToFileURL(join(folder, `${name}${isThread(name) ? '.cjs' : '.mjs'}`)).href)})`;
    });
  const misses = new Map<string, string | null>();
  for (const path of FOLDERS.flatMap((name) => typescriptOf(join(root, name)))) {
    const text = textOf(path);
    const name = relative(root, path);
    // What names a thread names this run's folder: nothing for another run.
    const key = text.includes('new URL(') ? null : made.keyOf(name, text);
    if (key === null || !made.take(key, join(folder, javascriptOf(name)))) misses.set(path, key);
  }
  const common = { outdir: folder, format: 'esm', platform: 'node', target: 'node20', logLevel: 'error' } as const;
  await build({
    ...common,
    absWorkingDir: root,
    entryPoints: [...misses.keys()],
    outbase: root,
    jsx: 'automatic',
    tsconfigRaw: '{}',
    sourcemap: 'inline',
    sourcesContent: false,
    plugins: [
      {
        name: 'named-threads',
        setup: ({ onLoad }) => {
          onLoad({ filter: /[\\/]server[\\/].*\.ts$/ }, ({ path }) => {
            const text = textOf(path);
            return text.includes('new URL(') ? { contents: nameThreads(path, text), loader: 'ts' } : undefined;
          });
        },
      },
    ],
  });
  for (const [path, key] of misses) if (key !== null) made.keep(key, join(folder, javascriptOf(relative(root, path))));
  const bundled = { ...common, bundle: true, conditions: ['umbel-source'], outExtension: { '.js': '.mjs' } };
  const started = (which: boolean) => ({
    ...bundled,
    entryPoints: [...threads].flatMap(([out, file]) => (isThread(out) === which ? { out, in: file } : [])),
    packages: 'external' as const,
    sourcemap: 'inline' as const,
  });
  await Promise.all([
    build(started(false)),
    // Read by `require` a thread costs a fifth less.
    build({
      ...started(true),
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      define: { 'import.meta.url': 'moduleUrl' },
      banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    }),
  ]);
  const packages = join(folder, 'packages');
  const key = made.keyOf(...PACKAGES);
  if (!made.take(key, packages)) {
    await bundlePackages(root, folder, bundled);
    made.keep(key, packages);
  }
  return folder;
}

/** One file for each, and shared ones beside them, so that there is one copy of everything. */
async function bundlePackages(root: string, folder: string, options: object): Promise<void> {
  const faces = join(folder, 'faces');
  mkdirSync(faces);
  const entries: { out: string; in: string }[] = [];
  for (const name of PACKAGES) {
    const face = join(faces, `${name.replaceAll(/[@/]/g, '-')}.mjs`);
    const all = (await import(name)) as Record<string, unknown>;
    const whole = all['default'] as Record<string, unknown> | undefined;
    const names = Object.keys(all).filter((key) => key !== 'default' && key !== 'module.exports');
    // Of CommonJS a bundle knows only the whole: its names are told one by one.
    const commonJs = whole !== undefined && names.every((key) => whole[key] === all[key]);
    const lines = commonJs
      ? [`import whole from '${name}';`, ...names.map((key) => `export const ${key} = whole.${key};`)]
      : [`export * from '${name}';`];
    if (whole !== undefined) lines.push(commonJs ? 'export default whole;' : `export { default } from '${name}';`);
    writeFileSync(face, lines.join('\n'));
    entries.push({ out: `packages/${name}`, in: face });
  }
  await build({
    ...options,
    absWorkingDir: root,
    entryPoints: entries,
    splitting: true,
    chunkNames: 'packages/[name]-[hash]',
    banner: {
      js: "import { createRequire as umbelRequire } from 'node:module'; const require = umbelRequire(import.meta.url);",
    },
    external: ['pg', 'mysql2'],
  });
}

const textOf = (path: string): string => readFileSync(path, 'utf8');
const javascriptOf = (name: string): string => name.replace(/\.tsx?$/, '.js');

function typescriptOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d)\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}
