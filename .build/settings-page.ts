// Writes docs/settings.md from the settings table; with --check only says whether it is as the table would have it.
import { readFileSync, writeFileSync } from 'node:fs';
import { settingsMarkdown } from '../server/app/settings-docs.ts';

const page = new URL('../docs/settings.md', import.meta.url);
if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== settingsMarkdown()) {
    process.stdout.write('docs/settings.md is behind the settings table: npm run docs\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(page, settingsMarkdown());
  process.stdout.write('docs/settings.md\n');
}
