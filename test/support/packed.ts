// The package as others get it: packed, unpacked into an empty project's node_modules, its dependencies linked to ours so that no
// registry is needed. Everything seen there is what npm would publish.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { oncePerRun } from './once-per-run.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Packed {
  /** An empty project that has installed the package. */
  readonly folder: string;
  /** Paths in the package. */
  readonly files: readonly string[];
  remove(): void;
}

interface Tarball {
  readonly path: string;
  readonly files: readonly string[];
}

/** Once for all that install it. */
const pack = (): Promise<Tarball> =>
  oncePerRun('tarball', async (folder) => {
    const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    // npm 11 answers a list, npm 12 a table.
    const [packed] = Object.values(
      JSON.parse(output) as Record<string, { filename: string; files: { path: string }[] }>,
    );
    return { path: join(folder, packed!.filename), files: packed!.files.map(({ path }) => path) };
  });

export async function packProject(): Promise<Packed> {
  execFileSync(process.execPath, ['.build/build.mjs', '--quiet'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const tarball = await pack();
  const folder = mkdtempSync(join(tmpdir(), 'umbel-packed-'));
  const home = join(folder, 'node_modules', 'umbel');
  mkdirSync(home, { recursive: true });
  execFileSync('tar', ['-xzf', tarball.path, '-C', home, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) link(folder, name);
  writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
  return {
    folder,
    files: tarball.files,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Puts one of our own packages into a project. */
export function link(folder: string, name: string): void {
  const place = join(folder, 'node_modules', name);
  if (existsSync(place)) return;
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules', name), place, 'dir');
}
