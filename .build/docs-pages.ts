// Prints what documentation the code itself knows: docs/settings.md from the settings table, and the list of rooms in
// docs/architecture.md from the first sentence of each file.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settingsMarkdown } from '../server/app/settings-docs.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BEGIN = '<!-- rooms: printed by npm run docs -->';
const END = '<!-- end of rooms -->';

writeFileSync(`${ROOT}docs/settings.md`, settingsMarkdown());
const page = `${ROOT}docs/architecture.md`;
const text = readFileSync(page, 'utf8');
const [before, rest] = text.split(BEGIN);
const after = rest?.split(END)[1];
if (after === undefined) throw new Error(`docs/architecture.md has no '${BEGIN}' ... '${END}'`);
writeFileSync(page, `${before}${BEGIN}\n\n${['shared', 'server', 'web/src'].map(rooms).join('\n')}\n${END}${after}`);
process.stdout.write('docs/settings.md, docs/architecture.md\n');

/** One table a folder, its files with what their door signs say. */
function rooms(folder: string): string {
  if (!existsSync(ROOT + folder)) return '';
  const entries = readdirSync(ROOT + folder, { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name));
  const files = entries.filter((entry) => entry.isFile() && /\.(ts|tsx|css)$/.test(entry.name));
  const rows = files.map(({ name }) => `| \`${name}\` | ${sign(`${folder}/${name}`)} |`);
  const own =
    rows.length > 0 ? [`**\`${folder}/\`**`, '', '| file | what lives there |', '| --- | --- |', ...rows, ''] : [];
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => rooms(`${folder}/${name}`));
  return [...own, ...below].join('\n');
}

/** The first sentence of the comment at a file's head. */
function sign(path: string): string {
  const lines = readFileSync(ROOT + path, 'utf8')
    .replace(/^#!.*\n/, '')
    .split('\n');
  const head: string[] = [];
  for (const line of lines) {
    const found = /^\s*(?:\/\/|\/\*+|\*)\s?(.*?)(?:\*\/)?\s*$/.exec(line);
    if (!found || found[1] === '') break;
    head.push(found[1]!);
    if (line.includes('*/')) break;
  }
  const sentence = /^(.+?[.:])(?:\s|$)/.exec(head.join(' '))?.[1] ?? head.join(' ');
  return sentence.replace(/[.:]$/, '').replaceAll('|', '\\|');
}
