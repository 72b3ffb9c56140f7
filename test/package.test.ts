// What others install: the packed package in an empty project. The README's words are tried there to the letter.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isHeavy, loadedBy } from './support/loaded.ts';
import { link, type Packed, packProject, ROOT } from './support/packed.ts';

let packed: Packed;
beforeAll(() => {
  packed = packProject();
}, 120_000);
afterAll(() => packed?.remove());

const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: packed.folder, encoding: 'utf8' });

/** The README's twelve lines. */
function quickstart(): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  return /<!-- quickstart:[^>]*-->\n```ts\n([\s\S]*?)```/.exec(readme)![1]!;
}

describe('the package', () => {
  it('holds what runs and what is read, and nothing of the workshop', () => {
    for (const path of [
      'dist/index.js',
      'dist/cli.js',
      'dist/web/index.html',
      'README.md',
      'LICENSE',
      'docs/settings.md',
    ])
      expect(packed.files).toContain(path);
    expect(packed.files.filter((path) => /^(test|server|web|shared|node_modules|\.)/.test(path))).toEqual([]);
  });

  it.each([
    ['umbel', ['Celery', 'chain', 'chord', 'group', 'signature', 'crontab', 'AsyncResult', 'signals']],
    ['umbel/worker', ['Worker']],
    ['umbel/beat', ['Beat']],
    ['umbel/dashboard', ['createDashboard']],
    ['umbel/transport', []],
    ['umbel/backend', []],
    ['umbel/pool', []],
  ])('%s can be imported', (name, names) => {
    const found = JSON.parse(
      node('--input-type=module', '-e', `console.log(JSON.stringify(Object.keys(await import('${name}'))))`),
    ) as string[];
    for (const one of names) expect(found).toContain(one);
  });

  it('a fresh process that imports umbel loads the client and nothing else', () => {
    const loaded = loadedBy("import 'umbel'", packed.folder);
    const inputs = JSON.parse(readFileSync(join(ROOT, 'dist/.inputs.json'), 'utf8')) as Record<string, string[]>;
    const sources = loaded.flatMap((path) => inputs[basename(path)] ?? (path.includes('/dist/') ? [] : [path]));
    expect(sources).toContain('server/app/celery.ts');
    expect(sources.filter(isHeavy)).toEqual([]);
  });

  it.each(['commonjs', 'module'])('its command loads an app in TypeScript with tsx, in a folder of type %s', (type) => {
    link(packed.folder, 'tsx');
    writeFileSync(join(packed.folder, 'package.json'), JSON.stringify({ name: 'empty', type }));
    writeFileSync(
      join(packed.folder, 'tasks.ts'),
      `import { Celery } from 'umbel';
       export const app: Celery = new Celery('typed', { broker: 'memory://' });
       app.task({ name: 'hi' }, (name: string): string => name);`,
    );
    const report = node('node_modules/umbel/dist/cli.js', '-A', './tasks.ts', 'report', '--json');
    expect(JSON.parse(report)).toMatchObject({ app: 'typed', tasks: ['hi'] });
  });

  it('its command tells its version', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(node('node_modules/umbel/dist/cli.js', '--version')).toBe(`${version}\n`);
  });
});

describe('the README', () => {
  it('its twelve lines are those of examples/quickstart', () => {
    expect(quickstart()).toBe(readFileSync(join(ROOT, 'examples/quickstart/quickstart.ts'), 'utf8'));
  });

  it('its twelve lines, copied into an empty folder, run without any broker', () => {
    link(packed.folder, 'tsx');
    // As `npm init -y` leaves it: nothing in the folder says that its files are modules.
    writeFileSync(join(packed.folder, 'package.json'), '{ "name": "empty", "type": "commonjs" }');
    writeFileSync(join(packed.folder, 'quickstart.mts'), quickstart());
    expect(node('--import', 'tsx', 'quickstart.mts')).toBe('5\n');
  });

  it('its twelve lines hold before a strict compiler, with the declarations of the package', () => {
    writeFileSync(join(packed.folder, 'quickstart.mts'), quickstart());
    link(packed.folder, '@types/node');
    writeFileSync(
      join(packed.folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          module: 'nodenext',
          target: 'es2023',
          noEmit: true,
          types: ['node'],
          skipLibCheck: true,
        },
        files: ['quickstart.mts'],
      }),
    );
    expect(() => node(join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.')).not.toThrow();
    writeFileSync(
      join(packed.folder, 'quickstart.mts'),
      quickstart().replace('add.delay(2, 3)', "add.delay(2, 'three')"),
    );
    expect(() => node(join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.')).toThrow();
  });
});
