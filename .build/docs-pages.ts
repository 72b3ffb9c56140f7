// Prints what documentation the code itself knows: docs/settings.md from the settings table, docs/options.md from the option tables,
// docs/commands.md from the commands, docs/api/ from what the package exports (api-pages.ts), and the list of rooms in docs/architecture.md (rooms.ts). That they are up to date: test/docs.test.ts.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settingsMarkdown } from '../server/app/settings-docs.ts';
import { commandsMarkdown } from '../server/cli/commands-docs.ts';
import { optionsMarkdown } from '../server/cli/options-docs.ts';
import { createProgram } from '../server/cli/program.ts';
import { apiPages } from './api-pages.ts';
import { withRooms } from './rooms.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const page = `${ROOT}docs/architecture.md`;
writeFileSync(`${ROOT}docs/settings.md`, settingsMarkdown());
writeFileSync(`${ROOT}docs/options.md`, optionsMarkdown());
writeFileSync(`${ROOT}docs/commands.md`, commandsMarkdown(createProgram()));
writeFileSync(page, withRooms(readFileSync(page, 'utf8'), ROOT));
rmSync(`${ROOT}docs/api`, { recursive: true, force: true });
mkdirSync(`${ROOT}docs/api`);
for (const [name, text] of apiPages(ROOT)) writeFileSync(`${ROOT}docs/api/${name}`, text);
process.stdout.write('docs/settings.md, docs/options.md, docs/commands.md, docs/architecture.md, docs/api/\n');
