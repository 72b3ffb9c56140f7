// `npm run check`: types of server and pages, lint and format, and the tests that need nothing (no build, no browser). Under a minute.
// All three run and tell what they found; any of them failing fails the whole.
import { existsSync } from 'node:fs';
import { ROOT } from './entries.mjs';
import { command } from './run.mjs';

const steps = [
  ['types', () => command('typescript/bin/tsc', ['-p', '.'])],
  ...(existsSync(`${ROOT}web/tsconfig.json`)
    ? [['types of the pages', () => command('typescript/bin/tsc', ['-p', 'web'])]]
    : []),
  ['lint', () => command('@biomejs/biome/bin/biome', ['check', '--error-on-warnings'])],
  [
    'tests',
    () =>
      command('vitest/vitest.mjs', ['run', '--config', 'test/vitest.config.ts', '--reporter=dot'], {
        env: { ...process.env, UMBEL_CHECK: '1' },
      }),
  ],
];

const failed = [];
for (const [name, step] of steps) {
  const start = performance.now();
  const code = await step();
  process.stdout.write(
    `${name}: ${code === 0 ? 'ok' : 'FAILED'} (${((performance.now() - start) / 1000).toFixed(1)} s)\n`,
  );
  if (code !== 0) failed.push(name);
}
if (failed.length > 0) process.stdout.write(`check failed: ${failed.join(', ')}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
