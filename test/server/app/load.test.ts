// Finding the app that -A names.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadApp } from '../../../server/app/load.ts';

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

describe('the error says what to do', () => {
  it.each([
    ['./absent.js', /No module '.\/absent.js' found: looked for .*absent.js/],
    ['./empty.js', /exports no Celery app. Write: export const app = new Celery\('name'.*It exports something/],
    ['./two.js', /exports 2 apps. Say which: -A .\/two.js:name/],
    ['./two.js:three', /No app 'three' in '.\/two.js:three': it exports nothing of that name. It exports one, two/],
    ['./empty.js:something', /that is no Celery app/],
    ['./broken.js', /broken.js could not be loaded: Error: on purpose\n {4}at .*broken\.js:\d+/],
  ])('%s', async (spec, text) => {
    const workdir = project({
      'empty.js': 'export const something = 1',
      'two.js': `export const one = ${APP('1')}; export const two = ${APP('2')}`,
      'broken.js': "throw new Error('on purpose')",
    });
    await expect(loadApp(spec, { workdir })).rejects.toThrow(text);
  });
});
