// dist/THIRD-PARTY-NOTICES.md: the packages whose code is in the server's bundle, with their licences. Those in the pages: Vite's own
// list, dist/web/THIRD-PARTY-NOTICES.md.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './entries.mjs';

/** @param inputs paths of bundled files, from the root. Throws when a package comes without a licence. */
export function notices(inputs) {
  const homes = new Set(inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
  const parts = [...homes].map((home) => {
    const { name, version, license } = JSON.parse(readFileSync(join(ROOT, home, 'package.json'), 'utf8'));
    const file = readdirSync(join(ROOT, home)).find((one) => /^(licen[cs]e|copying)/i.test(one));
    if (!license && !file) throw new Error(`${home} is bundled and names no licence`);
    const text = file ? readFileSync(join(ROOT, home, file), 'utf8').trim() : `${license}, without a text of its own.`;
    return { name, part: `## ${name} ${version} (${license})\n\n${text}\n` };
  });
  parts.sort((a, b) => (a.name < b.name ? -1 : 1));
  return `# Third-party notices\n\nThe server's files here hold code of these packages.\n\n${parts.map(({ part }) => part).join('\n')}`;
}
