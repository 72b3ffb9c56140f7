// `npm run check`: types of server and pages, lint and format, and the tests that need nothing (no build, no browser). Under a minute.
// All of them run and tell what they found, the short ones side by side; any of them failing fails the whole.
import { whenLauncherIsGone } from './launcher.mjs';
import { command, output } from './run.mjs';

const say = (text) => process.stdout.write(`${text}\n`);
const failed = [];
whenLauncherIsGone(() => process.exit(1));
async function step(name, run) {
  const start = performance.now();
  const { code, text = '' } = await run();
  if (text.trim() !== '' && code !== 0) say(text.trimEnd());
  say(`${name}: ${code === 0 ? 'ok' : 'FAILED'} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  if (code !== 0) failed.push(name);
}

await Promise.all([
  step('types', () => output('typescript/bin/tsc', ['-p', '.'])),
  step('types of the pages', () => output('typescript/bin/tsc', ['-p', 'web'])),
  step('lint', () => output('@biomejs/biome/bin/biome', ['check', '--error-on-warnings'])),
]);
await step('tests', async () => ({
  code: await command('vitest/vitest.mjs', ['run', '--config', 'test/vitest.config.ts', '--reporter=dot'], {
    env: { ...process.env, UMBEL_CHECK: '1' },
  }),
}));
if (failed.length > 0) say(`check failed: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;
