// What dist/ carries outside of its bundle, each loaded only by who asks for it:
// - the SQLite driver: its code, its native builds for every platform, its licence. Installed from the registry it would bring SQLite's
//   whole source along, 11 MB that nobody runs. Only Node before 22.13 needs it.
// - where the sun stands, for schedules by it.
import { copyFileSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { ROOT } from './entries.mjs';

const NAME = '@photostructure/sqlite';
const SOURCE = join(ROOT, 'node_modules', NAME);

const ASTRONOMY = 'astronomy-engine';

/** Each by its name in our sources: the file asked for, seen from dist/. */
const OUTSIDE = { [NAME]: './sqlite/dist/index.cjs', [ASTRONOMY]: './astronomy.cjs' };

/** A source with their names as they are to be in dist/. */
export const named = (text) =>
  Object.entries(OUTSIDE).reduce((now, [name, file]) => now.replaceAll(`'${name}'`, `'${file}'`), text);

/** @returns the packages they are made of, as paths of files in them */
export async function outside(outdir) {
  const astronomy = join('node_modules', ASTRONOMY, 'astronomy.min.js');
  put(join(ROOT, astronomy), join(outdir, OUTSIDE[ASTRONOMY]));
  return [astronomy, ...(await driver(outdir))];
}

async function driver(outdir) {
  const home = join(outdir, 'sqlite');
  const { metafile } = await esbuild({
    absWorkingDir: ROOT,
    entryPoints: [join(SOURCE, 'dist/index.cjs')],
    // It looks for its native builds one folder above itself.
    outfile: join(home, 'dist/index.cjs'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'error',
    metafile: true,
  });
  for (const path of ['package.json', 'LICENSE', ...nativeBuilds()]) put(join(SOURCE, path), join(home, path));
  return Object.keys(metafile.inputs);
}

const nativeBuilds = () =>
  readdirSync(join(SOURCE, 'prebuilds'), { recursive: true })
    .filter((path) => path.endsWith('.node'))
    .map((path) => join('prebuilds', path));

function put(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to); // another file system
  }
}
