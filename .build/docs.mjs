// `npm run docs`: prints docs/settings.md and docs/options.md from their tables, and the rooms in docs/architecture.md from the door signs.
import { node } from './run.mjs';

process.exitCode = await node([
  '--conditions=umbel-source',
  '--import',
  'tsx',
  '.build/docs-pages.ts',
  ...process.argv.slice(2),
]);
