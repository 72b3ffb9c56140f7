// The list of rooms in docs/architecture.md: each file with the first sentence of its door sign.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const BEGIN = '<!-- rooms: printed by npm run docs -->';
const END = '<!-- end of rooms -->';

/** @param page the text of docs/architecture.md @param root with a slash at its end @returns it with the rooms as they are now */
export function withRooms(page: string, root: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/architecture.md has no '${BEGIN}' ... '${END}'`);
  return `${before}${BEGIN}\n\n${['shared', 'server', 'web/src'].map((folder) => rooms(folder, root)).join('\n')}\n${END}${after}`;
}

/** One table a folder, its files with what their door signs say. */
function rooms(folder: string, root: string): string {
  if (!existsSync(root + folder)) return '';
  const entries = readdirSync(root + folder, { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name));
  const files = entries.filter((entry) => entry.isFile() && /\.(ts|tsx|css)$/.test(entry.name));
  const rows = files.map(({ name }) => `| \`${name}\` | ${sign(`${root}${folder}/${name}`)} |`);
  const own =
    rows.length > 0 ? [`**\`${folder}/\`**`, '', '| file | what lives there |', '| --- | --- |', ...rows, ''] : [];
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => rooms(`${folder}/${name}`, root));
  return [...own, ...below].join('\n');
}

/** The first sentence of the comment at a file's head. */
function sign(path: string): string {
  const lines = readFileSync(path, 'utf8')
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
