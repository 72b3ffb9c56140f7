// What others install: the packed package in an empty project. The README's words are tried there to the letter.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isHeavy, loadedBy } from './support/loaded.ts';
import { link, type Packed, packProject, ROOT } from './support/packed.ts';

let packed: Packed;
beforeAll(async () => {
  packed = await packProject();
});
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
    ['umbel/transport', ['registerTransport', 'createTransport']],
    ['umbel/backend', ['registerBackend']],
    ['umbel/pool', []],
    ['umbel/testing', ['inMemory', 'eagerly', 'startTestWorker', 'spySent']],
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

  it('brings no package along that its files hold already, and the licences of those they hold', () => {
    const { dependencies, overrides } = JSON.parse(
      readFileSync(join(packed.folder, 'node_modules/umbel/package.json'), 'utf8'),
    ) as { dependencies: Record<string, string>; overrides: Record<string, string> };
    expect(Object.keys(dependencies)).toEqual(['amqplib', 'ioredis']);
    // Of what is bundled alone: npm heeds no overrides but those of the project itself.
    for (const name of Object.keys(overrides)) expect(dependencies).not.toHaveProperty(name);
    for (const path of ['dist/THIRD-PARTY-NOTICES.md', 'dist/web/THIRD-PARTY-NOTICES.md', 'dist/sqlite/LICENSE'])
      expect(packed.files).toContain(path);
    const inputs = JSON.parse(readFileSync(join(ROOT, 'dist/.inputs.json'), 'utf8')) as Record<string, string[]>;
    const bundled = new Set(
      Object.values(inputs)
        .flat()
        .flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
    );
    const received = readFileSync(join(ROOT, 'dist/THIRD-PARTY-NOTICES.md'), 'utf8');
    expect([...bundled].filter((name) => !received.includes(`## ${name} `))).toEqual([]);
    expect(bundled.has('fastify')).toBe(true);
    expect(received.match(/Permission is hereby granted/g)!.length).toBeGreaterThan(20);
  });

  it('its errors have the names that travel as exc_type', () => {
    const names = JSON.parse(
      node(
        '--input-type=module',
        '-e',
        `const all = Object.entries(await import('umbel')).filter(([, value]) => value?.prototype instanceof Error);
         console.log(JSON.stringify(all.map(([name, value]) => [name, value.name])));`,
      ),
    ) as [string, string][];
    expect(names.length).toBeGreaterThan(20);
    for (const [exported, own] of names) expect(own).toBe(exported);
  });

  it.each(['cjs', 'esm'] as const)('an app that is bundled with it by esbuild as %s runs', (format) => {
    const app = join(packed.folder, 'app.mjs');
    writeFileSync(
      app,
      `import { Celery } from 'umbel';
       import { Worker } from 'umbel/worker';
       const app = new Celery('bundled', { broker: 'memory://b', backend: 'memory://b' });
       const add = app.task({ name: 'add' }, (x, y) => x + y);
       const worker = new Worker(app, { loglevel: 'ERROR' });
       (async () => {
         await worker.start();
         console.log(await (await add.delay(2, 3)).get({ timeout: 60 }));
         await worker.stop();
         await app.close();
       })();`,
    );
    const bundle = join(packed.folder, format === 'cjs' ? 'bundle.cjs' : 'bundle.mjs');
    buildSync({
      entryPoints: [app],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format,
      external: ['amqplib', 'ioredis'],
      logLevel: 'silent',
      ...(format === 'esm'
        ? {
            banner: {
              js: "import { createRequire as _require } from 'node:module'; const require = _require(import.meta.url);",
            },
          }
        : {}),
    });
    expect(node(bundle)).toBe('5\n');
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

  /** Compiles files of the project, with the declarations of the package checked, too. Throws when the compiler finds anything. */
  const compile = (compiler: string, files: Record<string, string>) => {
    for (const name of ['@types/node', 'ioredis']) link(packed.folder, name);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(packed.folder, name), text);
    // The compilers' own library is theirs to check.
    const own = { skipDefaultLibCheck: true, noEmit: true };
    const strict = { strict: true, exactOptionalPropertyTypes: true };
    const compilerOptions = { ...strict, module: 'nodenext', target: 'es2022', types: ['node'], ...own };
    const project = { compilerOptions, files: Object.keys(files) };
    writeFileSync(join(packed.folder, 'tsconfig.json'), JSON.stringify(project));
    node(join(ROOT, 'node_modules', compiler, 'bin/tsc'), '-p', '.');
  };

  it('its twelve lines hold before a strict compiler, with the declarations of the package', () => {
    // In one go with the same where an argument is wrong: that it is refused is expected, or the compiler complains of that.
    const refused = (line: string) =>
      `// @ts-expect-error: no number\n${line.replace('add.delay(2, 3)', "add.delay(2, 'three')")}`;
    const wrong = quickstart()
      .split('\n')
      .map((line) => (line.includes('add.delay(2, 3)') ? refused(line) : line))
      .join('\n');
    expect(wrong).toContain("'three'");
    // What may be left out may be undefined, also in a project that tells the two apart.
    const unset = quickstart()
      .replace("broker: 'memory://'", "broker: process.env['BROKER'], timezone: process.env['TZ']")
      .replace("name: 'math.add'", "name: 'math.add', rate_limit: process.env['RATE']")
      .replace('new Worker(app)', "new Worker(app, { hostname: process.env['NAME'] })")
      .replace('add.delay(2, 3)', "add.applyAsync([2, 3], {}, { queue: process.env['QUEUE'] })")
      .replace('timeout: 10', "timeout: process.env['QUEUE'] ? 5 : undefined");
    const files = { 'quickstart.mts': quickstart(), 'wrong.mts': wrong, 'unset.mts': unset };
    expect(() => compile('typescript', files)).not.toThrow();
  });

  it('the oldest compiler that package.json names reads the declarations of every entry but the dashboard', () => {
    const names = ['umbel', 'umbel/worker', 'umbel/beat', 'umbel/transport', 'umbel/backend', 'umbel/pool'];
    const imports = names.map((name, i) => `export * as part${i} from '${name}';`).join('\n');
    expect(() => compile('typescript-least', { 'quickstart.mts': quickstart(), 'all.mts': imports })).not.toThrow();
  });
});
