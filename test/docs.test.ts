// The pages under docs/ say what the code says.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { apiPages } from '../.build/api-pages.ts';
import { withRooms } from '../.build/rooms.ts';
import { NO_EFFECT_YET } from '../server/app/settings/no-effect.ts';
import { SETTING_NAMES, settingOf } from '../server/app/settings.ts';
import { settingsMarkdown } from '../server/app/settings-docs.ts';
import { commandsMarkdown } from '../server/cli/commands-docs.ts';
import { optionsMarkdown } from '../server/cli/options-docs.ts';
import { createProgram } from '../server/cli/program.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path}`),
];

describe('the documentation', () => {
  it('docs/settings.md is printed from the settings table (npm run docs)', () => {
    expect(readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')).toBe(settingsMarkdown());
  });

  it('docs/options.md is printed from the option tables of worker and dashboard (npm run docs)', () => {
    expect(readFileSync(join(ROOT, 'docs/options.md'), 'utf8')).toBe(optionsMarkdown());
  });

  it('docs/commands.md is printed from the commands (npm run docs)', () => {
    expect(readFileSync(join(ROOT, 'docs/commands.md'), 'utf8')).toBe(commandsMarkdown(createProgram()));
  });

  it('docs/api/ is printed from what the package exports, as its sources say it (npm run docs)', () => {
    const printed = Object.fromEntries(apiPages(ROOT));
    const folder = join(ROOT, 'docs/api');
    const there = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
    expect(Object.fromEntries(there)).toEqual(printed);
  });

  it('docs/architecture.md lists the files there are, with what their signs say (npm run docs)', () => {
    const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
    expect(page.split('\n')).toEqual(withRooms(page, ROOT).split('\n'));
  });

  it('says of each setting that nothing reads: accepted, no effect yet', () => {
    const sources = readdirSync(join(ROOT, 'server'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !/^app.settings/.test(path))
      .map((path) =>
        readFileSync(join(ROOT, 'server', path), 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, ''),
      );
    const words = new Set(sources.flatMap((text) => text.match(/\w+/g) ?? []));
    expect(SETTING_NAMES.filter((name) => !words.has(name) && !NO_EFFECT_YET.has(name))).toEqual([]);
    expect([...NO_EFFECT_YET].filter((name) => !settingOf(name))).toEqual([]);
  });

  it.each(pages)('%s links only to what is there', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8').replace(/```[\s\S]*?```/g, '');
    const missing = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(resolve(ROOT, dirname(page), target)));
    expect(missing).toEqual([]);
  });
});
