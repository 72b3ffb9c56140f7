// `npm run docs`: prints docs/settings.md from the settings table, so that the page cannot fall behind the code.
import { node } from './run.mjs';

process.exitCode = await node([
  '--conditions=umbel-source',
  '--import',
  'tsx',
  '.build/settings-page.ts',
  ...process.argv.slice(2),
]);
