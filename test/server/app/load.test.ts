// Finding the app that -A names.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AppSource, loadApp, loadSource } from '../../../server/app/load.ts';

function project(files: Record<string, string>): string {
  const workdir = mkdtempSync(join(tmpdir(), 'umbel-load-'));
  onTestFinished(() => rmSync(workdir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(workdir, name)), { recursive: true });
    writeFileSync(join(workdir, name), text);
  }
  return workdir;
}

/** An app as another copy of the package would make it: known by its mark alone. */
const APP = (name: string) =>
  `{ [Symbol.for('umbel.Celery')]: true, name: '${name}', conf: { imports: [], include: [] } }`;

describe('an app is found', () => {
  it.each([
    ['./tasks.js', 'by path'],
    ['tasks', 'by name without extension'],
    ['proj.shop', 'by dotted name'],
    ['proj/shop.js', 'in a folder'],
    ['proj.shop:other', 'by the name of its export'],
    ['pkg', 'in an installed package'],
  ])('%s: %s', async (spec) => {
    const workdir = project({
      'tasks.js': `export const app = ${APP('found')}`,
      'proj/shop.js': `export const celery = ${APP('found')}; export const other = ${APP('found')}`,
      'node_modules/pkg/package.json': '{"name":"pkg","type":"module","exports":"./main.js"}',
      'node_modules/pkg/main.js': `export default ${APP('found')}`,
    });
    expect((await loadApp(spec, { workdir })).name).toBe('found');
  });

  it('with the modules of its settings imported', async () => {
    const workdir = project({
      'app.js': `export const app = { ...${APP('a')}, conf: { imports: ['./more.js'], include: [] } }`,
      'more.js': 'globalThis.__umbelLoaded = true',
    });
    await loadApp('./app.js', { workdir });
    expect((globalThis as { __umbelLoaded?: boolean }).__umbelLoaded).toBe(true);
  });
});

describe('an app knows how it was loaded', () => {
  const ROOT = new URL('../../../', import.meta.url).href;
  const LOAD_AGAIN = `
    import { loadSource } from '${ROOT}server/app/load.ts';
    process.once('message', async (source) => {
      const { name, conf } = await loadSource(source);
      process.send({ name, conf, more: globalThis.__umbelMore }, () => process.disconnect());
    });
    process.send('ready');`;

  it('and another process makes the same of it: module, further modules, settings in their order', async () => {
    const workdir = project({
      'app.js': `const app = ${APP('again')};
        app.conf.update = (given) => Object.assign(app.conf, given);
        export { app };`,
      'more.js': 'globalThis.__umbelMore = (globalThis.__umbelMore ?? 0) + 1',
      'conf/settings.js': `export default { timezone: 'Europe/Rome', task_routes: () => null, worker_concurrency: 1 }`,
      'child.ts': LOAD_AGAIN,
    });
    const app = await loadSource({
      spec: './app.js',
      workdir,
      config: 'conf.settings',
      include: ['./more.js'],
      settings: [{ worker_concurrency: 2, task_default_queue: 'a' }, { worker_concurrency: 3 }],
    });
    const source = structuredClone(app.source) as AppSource;
    const child = fork(join(workdir, 'child.ts'), {
      execArgv: ['--import', `${ROOT}node_modules/tsx/dist/esm/index.mjs`],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'message');
    child.send(source);
    const [loaded] = await once(child, 'message');
    expect(loaded).toMatchObject({
      name: 'again',
      more: 1,
      conf: { timezone: 'Europe/Rome', worker_concurrency: 3, task_default_queue: 'a' },
    });
  });
});

describe('the error says what to do', () => {
  it.each([
    ['./absent.js', /No module '.\/absent.js' found: looked for .*absent.js/],
    ['./empty.js', /exports no Celery app. Write: export const app = new Celery\('name'.*It exports something/],
    ['./two.js', /exports 2 apps. Say which: -A .\/two.js:name/],
    ['./two.js:three', /No app 'three' in '.\/two.js:three': it exports nothing of that name. It exports one, two/],
    ['./empty.js:something', /that is no Celery app/],
    ['./later.js', /exports a promise as 'app', and no Celery app. Await it there/],
    ['./broken.js', /broken.js could not be loaded: Error: on purpose\n {4}at .*broken\.js:\d+/],
  ])('%s', async (spec, text) => {
    const workdir = project({
      'empty.js': 'export const something = 1',
      'two.js': `export const one = ${APP('1')}; export const two = ${APP('2')}`,
      'later.js': `export const app = Promise.resolve(${APP('1')})`,
      'broken.js': "throw new Error('on purpose')",
    });
    await expect(loadApp(spec, { workdir })).rejects.toThrow(text);
  });
});
