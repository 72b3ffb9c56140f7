// Builds dist/: the bundled JavaScript (esbuild), the declarations (tsc) and the pages (Vite). Does nothing when dist/ is up to date.
// The parts run side by side and are written to a folder of their own, which takes the place of dist/ only when all are well.
// Files with a hash in their name stay for one build more: a server or a page begun before may still ask for them.
// `--clean` leaves those out (for a package); `--force` builds anyway; `--quiet` prints only errors; `--no-types` leaves the declarations out (quicker, for a first start).
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build as esbuild } from 'esbuild';
import { ENTRIES, EXTERNAL, missingEntries, ROOT } from './entries.mjs';
import { loose } from './loose.mjs';
import { notices } from './notices.mjs';
import { named, outside } from './outside.mjs';

const DIST = join(ROOT, 'dist');
const STAMP = '.stamp.json';
/** Chunks of the code and everything Vite names by its content. Source maps are for reading only. */
const HASHED = /^([\w.]+(-[\w.]+)*-[0-9A-Z]{8}\.js|web\/assets\/.+)$/;
/** Of what stays on this machine: larger by little, for a fraction of the CPU. */
const QUICK_QUALITY = 9;
const SOURCES = ['server', 'shared', 'web', 'examples', '.build', 'package.json', 'package-lock.json', 'tsconfig.json'];

/** One hash per part: what it is made from. */
function sourceHash() {
  const hash = createHash('sha1').update(process.version);
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort())
        if (name !== 'node_modules' && name !== 'dist') visit(join(path, name));
    } else {
      hash.update(relative(ROOT, path)).update('\0').update(readFileSync(path));
    }
  };
  for (const source of SOURCES) visit(join(ROOT, source));
  return hash.digest('hex');
}

function readStamp(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, STAMP), 'utf8'));
  } catch {
    return null;
  }
}

function upToDate(hash, wanted, clean) {
  const stamp = readStamp(DIST);
  return stamp?.hash === hash && wanted.every((part) => stamp.parts.includes(part)) && (!clean || stamp.clean);
}

/** The application's own OpenTelemetry, for umbel/otel alone: a library in the dashboard has a copy of its API inside. */
const peerOfOtel = {
  name: 'peer-of-otel',
  setup(build) {
    build.onResolve({ filter: /^@opentelemetry\/api$/ }, ({ path, importer }) =>
      importer.endsWith('server/app/otel.ts') ? { path, external: true } : undefined,
    );
  },
};

/** A thread or child of its own is named by `new URL('./x.ts', import.meta.url)`: make it an entry and point at its place in dist/. */
function siblingEntries() {
  const found = new Map();
  const pattern = /new URL\(\s*'(\.[^']*\.ts)'\s*,\s*import\.meta\.url\s*\)/g;
  const pointed = (path) =>
    named(readFileSync(path, 'utf8')).replace(pattern, (whole, target) => {
      const file = resolve(dirname(path), target);
      if (!existsSync(file)) return whole;
      const source = relative(ROOT, file);
      const known = Object.entries(ENTRIES).find(([, entry]) => entry === source);
      const name =
        known?.[0] ??
        source
          .replace(/^server\//, '')
          .replace(/\.ts$/, '')
          .replaceAll(/[\\/]/g, '-');
      if (!known) found.set(name, source);
      return `new URL('./${name}.js', import.meta.url)`;
    });
  for (const path of filesOf(join(ROOT, 'server'))) if (path.endsWith('.ts')) pointed(join(ROOT, 'server', path));
  return {
    found,
    plugin: {
      name: 'sibling-entries',
      setup(build) {
        build.onLoad({ filter: /[\\/]server[\\/].*\.ts$/ }, ({ path }) => {
          const contents = pointed(path);
          return contents.includes('import.meta.url')
            ? { contents, loader: 'ts', resolveDir: dirname(path) }
            : undefined;
        });
      },
    },
  };
}

async function bundle(outdir) {
  const present = Object.fromEntries(Object.entries(ENTRIES).filter(([, source]) => existsSync(ROOT + source)));
  const siblings = siblingEntries();
  const entries = { ...present, ...Object.fromEntries(siblings.found) };
  const { metafile } = await esbuild({
    absWorkingDir: ROOT,
    entryPoints: Object.entries(entries).map(([out, source]) => ({ out, in: source })),
    outdir,
    bundle: true,
    splitting: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['umbel-source'],
    external: EXTERNAL,
    chunkNames: '[name]-[hash]',
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    // A third less to install. Names stay; an uncaught error prints the line it was thrown in, which has an end.
    minifyWhitespace: true,
    lineLimit: 200,
    logLevel: 'error',
    plugins: [siblings.plugin, peerOfOtel],
    // Bundled CommonJS packages ask for Node's own modules through `require`. Who bundles us once more, into CommonJS, has no
    // `import.meta`: then we lie where that bundle lies.
    define: { 'import.meta.url': '__umbelUrl' },
    banner: {
      js: [
        "import { createRequire as __umbelRequire } from 'node:module';",
        "import { pathToFileURL as __umbelToUrl } from 'node:url';",
        "const __umbelUrl = import.meta.url ?? __umbelToUrl(typeof __filename === 'string' ? __filename : process.argv[1] ?? 'app.js').href;",
        'const require = __umbelRequire(__umbelUrl);',
      ].join(' '),
    },
  });
  refuseRenamed(outdir, metafile);
  const others = await outside(outdir);
  writeFileSync(join(outdir, 'THIRD-PARTY-NOTICES.md'), notices([...Object.keys(metafile.inputs), ...others]));
  // Which source went where: the proof that a client's files hold nothing of the worker's (test/package.test.ts).
  const inputs = Object.entries(metafile.outputs).map(([path, output]) => [basename(path), Object.keys(output.inputs)]);
  writeFileSync(join(outdir, '.inputs.json'), JSON.stringify(Object.fromEntries(inputs)));
  const cli = join(outdir, 'cli.js');
  if (existsSync(cli)) chmodSync(cli, 0o755);
}

/**
 * Names of our error classes travel as `exc_type`. A bundler numbers the second of two equal names (`TimeoutError2`), and gives a class
 * that refers to itself another one inside (`_TimeoutError`). To keep names by esbuild's `keepNames` costs a call for each closure made.
 */
function refuseRenamed(outdir, { outputs }) {
  const errorsOf = (path) => {
    const pattern = path === 'server/errors.ts' ? /\bclass (\w+)/g : /\bclass (\w+) extends \w*Error\b/g;
    return [...readFileSync(join(ROOT, path), 'utf8').matchAll(pattern)].map((match) => match[1]);
  };
  // A package may have an error of the same name (msgpack's DecodeError), in a chunk where ours is not.
  const renamed = Object.entries(outputs)
    .filter(([path]) => path.endsWith('.js'))
    .flatMap(([path, { inputs }]) => {
      const ours = Object.keys(inputs).filter((input) => /^(server|shared)\//.test(input));
      const errors = new Set(ours.flatMap(errorsOf));
      return [...readFileSync(join(outdir, basename(path)), 'utf8').matchAll(/\bclass (\w+) extends/g)]
        .map((match) => match[1])
        .filter((name) => !errors.has(name) && errors.has(name.replace(/^_|\d+$/g, '')));
    });
  if (renamed.length > 0)
    throw new Error(
      `the bundle renames ${renamed.join(', ')}: an error of that name is there twice in a chunk, or its class refers to itself`,
    );
}

function run(command, args) {
  return new Promise((done, fail) => {
    // Whoever asks for it, a test for one: what is built is what others get.
    const env = { ...process.env, NODE_ENV: 'production' };
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', command), ...args], { cwd: ROOT, env });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    child.on('error', fail);
    child.on('close', (code) =>
      code === 0 ? done(output) : fail(new Error(`${basename(command)} ${args.join(' ')}\n${output}`)),
    );
  });
}

/** By one checker: each of several checks for itself what all of them need, for twice the CPU in all, and there is other work beside this. */
async function declarations(outdir) {
  const folder = join(outdir, 'types');
  await run('typescript/bin/tsc', ['-p', '.build/tsconfig.types.json', '--outDir', folder, '--checkers', '1']);
  for (const path of filesOf(folder).map((name) => join(folder, name)))
    if (path.endsWith('.d.ts')) writeFileSync(path, loose(readFileSync(path, 'utf8')));
}

async function pages(outdir, clean) {
  if (!existsSync(join(ROOT, 'web/vite.config.ts'))) return;
  await run('vite/bin/vite.js', [
    'build',
    'web',
    '--config',
    'web/vite.config.ts',
    '--outDir',
    join(outdir, 'web'),
    '--emptyOutDir',
    '--logLevel',
    'warn',
  ]);
  await compress(join(outdir, 'web'), clean);
}

/** Beside each text that gains by it a .br and a .gz, which the server sends as they are (server/dashboard/spa.ts). For a package as small as can be. */
async function compress(folder, clean) {
  const quality = clean ? constants.BROTLI_MAX_QUALITY : QUICK_QUALITY;
  const paths = filesOf(folder).filter((path) => /\.(js|css|svg|json|txt|webmanifest)$/.test(path));
  await Promise.all(
    paths.map(async (path) => {
      const bytes = readFileSync(join(folder, path));
      if (bytes.byteLength < 1024) return;
      const params = {
        [constants.BROTLI_PARAM_QUALITY]: quality,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength,
      };
      const [br, gz] = await Promise.all([
        promisify(brotliCompress)(bytes, { params }),
        promisify(gzip)(bytes, { level: 9 }),
      ]);
      writeFileSync(join(folder, `${path}.br`), br);
      writeFileSync(join(folder, `${path}.gz`), gz);
    }),
  );
}

const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)));

/** Takes over from the last build what only it made under a name of its own, so that nothing that runs on it misses a file. */
function keepLast(last, outdir, made) {
  const { files = [] } = readStamp(last) ?? {};
  for (const path of files) {
    const target = join(outdir, path);
    if (made.has(path) || !HASHED.test(path) || !existsSync(join(last, path))) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(last, path), target);
  }
}

/** @returns whether anything was built */
export async function build({ force = false, quiet = false, types = true, clean = false } = {}) {
  const parts = types ? ['code', 'pages', 'types'] : ['code', 'pages'];
  const hash = sourceHash();
  if (!force && upToDate(hash, parts, clean)) return false;
  const say = (text) => quiet || process.stderr.write(`${text}\n`);
  const start = performance.now();
  for (const path of missingEntries()) say(`build: ${path} is not there yet, left out`);
  const outdir = join(ROOT, `.dist-${process.pid}`);
  const last = `${outdir}-last`;
  mkdirSync(outdir, { recursive: true });
  try {
    await Promise.all([bundle(outdir), pages(outdir, clean), types ? declarations(outdir) : undefined]);
    const files = filesOf(outdir);
    if (!clean) keepLast(DIST, outdir, new Set(files));
    writeFileSync(join(outdir, STAMP), JSON.stringify({ hash, parts, clean, files }));
    if (existsSync(DIST)) renameSync(DIST, last);
    renameSync(outdir, DIST);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
    rmSync(last, { recursive: true, force: true });
  }
  say(`built in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return true;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const flags = new Set(process.argv.slice(2));
  try {
    await build({
      force: flags.has('--force'),
      quiet: flags.has('--quiet'),
      types: !flags.has('--no-types'),
      clean: flags.has('--clean'),
    });
  } catch (error) {
    process.stderr.write(`build failed: ${error.message}\n`);
    process.exitCode = 1;
  }
}
