// `npm run docs`: prints docs/settings.md, docs/options.md and docs/commands.md from their tables, docs/api/ from the sources, and the rooms in docs/architecture.md from the door signs.
import { node } from './run.mjs';

process.exitCode = await node([
  '--conditions=umbel-source',
  '--import',
  'tsx',
  '.build/docs-pages.ts',
  ...process.argv.slice(2),
]);
