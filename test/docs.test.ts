// The pages under docs/ say what the code says.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { apiPages } from '../.build/api-pages.ts';
import { withRooms } from '../.build/rooms.ts';
import { NO_EFFECT_YET } from '../server/app/settings/no-effect.ts';
import { SETTING_NAMES, settingOf } from '../server/app/settings.ts';
import { settingsMarkdown } from '../server/app/settings-docs.ts';
import { commandsMarkdown } from '../server/cli/commands-docs.ts';
import { optionsMarkdown } from '../server/cli/options-docs.ts';
import { createProgram } from '../server/cli/program.ts';
import { DASHBOARD_OPTIONS } from '../server/dashboard/options.ts';
import { IMAGE_USER } from './support/container.ts';

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

describe('the files in docs/guides/deploying.md', () => {
  const guide = readFileSync(join(ROOT, 'docs/guides/deploying.md'), 'utf8');
  const blocks = (language: string): string[] =>
    [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block]) => block!);
  const [dockerfile] = blocks('dockerfile') as [string];
  const [unit] = blocks('ini') as [string];
  const line = (word: string) => new RegExp(`^(?:&& )?${word}[ =](.*)$`, 'm').exec(`${dockerfile}\n${unit}`)?.[1] ?? '';
  const flags = (words: readonly string[]) =>
    words.flatMap((word) => /^--([\w-]+)/.exec(word)?.[1]?.replaceAll('-', '_') ?? []);
  const known = new Set<string>(DASHBOARD_OPTIONS.map(({ name }) => name));
  const unknown = (names: readonly string[]) => names.filter((name) => !known.has(name));

  it('are a Dockerfile, a compose file and Kubernetes manifests that fit together', () => {
    const [compose, deployment] = blocks('yaml').map((text) => parseYaml(text, { strict: true, uniqueKeys: true }));
    const { dashboard, redis } = compose.services;
    expect(dashboard.volumes).toEqual([`history:${line('VOLUME')}`]);
    expect(Object.keys(compose.volumes)).toEqual(['history']);
    expect(dashboard.ports).toEqual([`${line('EXPOSE')}:${line('EXPOSE')}`]);
    expect(Object.values(dashboard.environment).filter((url) => /redis:\/\/redis:/.test(String(url)))).toHaveLength(2);
    expect(redis.image).toMatch(/^redis:\d+$/);
    const own = Object.keys(dashboard.environment).flatMap(
      (name) => /^UMBEL_(.*)/.exec(name)?.[1]?.toLowerCase() ?? [],
    );
    expect([own, unknown(own)]).toEqual([['basic_auth'], []]);

    const { template, selector, strategy, replicas } = deployment.spec;
    expect(template.metadata.labels).toEqual(selector.matchLabels);
    // One process at a time has the history.
    expect([replicas, strategy.type]).toEqual([1, 'Recreate']);
    const [container] = template.spec.containers;
    expect(container.args).toEqual(JSON.parse(line('CMD')));
    expect(unknown(flags(container.args))).toEqual([]);
    expect(container.ports).toEqual([{ name: 'http', containerPort: Number(line('EXPOSE')) }]);
    const probes = [container.livenessProbe, container.readinessProbe].map(({ httpGet }) => httpGet);
    expect(probes).toEqual(['/healthcheck', '/readyz'].map((path) => ({ path, port: 'http' })));
    expect(container.volumeMounts).toEqual([{ name: template.spec.volumes[0].name, mountPath: line('VOLUME') }]);
    expect([line('USER'), template.spec.securityContext.runAsUser]).toEqual([IMAGE_USER.name, IMAGE_USER.id]);
    expect(template.spec.securityContext.fsGroup).toBe(template.spec.securityContext.runAsUser);
  });

  it('are a unit of systemd and a site of Caddy with the same prefix, and flags that there are', () => {
    const words = line('ExecStart').split(' ');
    expect(words.slice(0, 3)).toEqual(['/usr/bin/env', 'umbel', 'dashboard']);
    expect([flags(words), unknown(flags(words))]).toEqual([['url_prefix', 'xheaders'], []]);
    const prefix = /--url-prefix=(\S+)/.exec(unit)![1];
    expect(unit.match(/^\[\w+\]$/gm)).toEqual(['[Unit]', '[Service]', '[Install]']);
    const [caddy] = blocks('caddyfile');
    expect(caddy!.split('\n').map((text) => text.trim())).toEqual([
      'dash.example.com {',
      `redir ${prefix} ${prefix}/`,
      `reverse_proxy ${prefix}/* 127.0.0.1:${line('EXPOSE')}`,
      ...['}', ''],
    ]);
    expect(blocks('nginx')[0]).toContain(`location ${prefix}/ {`);
  });
});
