// `npm test`: everything. Gets what the tests want from the machine, builds, runs the tests, and ends with one plain line of figures.
// Arguments are passed on to vitest (`npm test -- test/house.test.ts`). With CI=true a skipped test fails the run.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { whenLauncherIsGone } from './launcher.mjs';
import { provide } from './needs.mjs';
import { command } from './run.mjs';

const say = (text) => process.stdout.write(`${text}\n`);
const ci = process.env.CI === 'true' || process.env.CI === '1';

/** @returns the exit code */
async function main(args) {
  const missing = provide(say);
  // Only the package's own tests read the declarations: of all that is built they take the longest.
  const files = args.filter((word) => word.startsWith('test/'));
  await build({ types: files.length === 0 || files.some((path) => /package|new-user/.test(path)) });
  const folder = mkdtempSync(join(tmpdir(), 'umbel-test-'));
  const report = join(folder, 'report.json');
  const env = { ...process.env, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1', UMBEL_BUILT: '1' };
  for (const need of missing) env[`${need.flag}`] = '0';
  const code = await command(
    'vitest/vitest.mjs',
    [
      'run',
      '--config',
      'test/vitest.config.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ],
    { env },
  );
  const figures = read(report);
  rmSync(folder, { recursive: true, force: true });
  if (!figures) {
    say('the tests did not run to their end');
    return code || 1;
  }
  for (const name of figures.skipped) say(`skipped: ${name}`);
  const skipFails = ci && (figures.skipped.length > 0 || missing.length > 0);
  if (skipFails) say('a skipped test is a failure where CI=true');
  const failed = figures.failed + figures.brokenFiles;
  const tail = figures.skipped.length > 0 ? `, ${figures.skipped.length} skipped` : '';
  say(`${figures.passed} passed, ${failed} failed${tail}`);
  return code !== 0 || failed > 0 || skipFails ? 1 : 0;
}

function read(report) {
  let result;
  try {
    result = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return null;
  }
  const tests = result.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({ ...test, file: file.name })),
  );
  const state = (...names) => tests.filter((test) => names.includes(test.status));
  return {
    passed: state('passed').length,
    failed: state('failed').length,
    // A file that could not even be loaded has no tests of its own to count.
    brokenFiles: result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
      .length,
    skipped: state('skipped', 'pending', 'todo', 'disabled').map((test) => test.fullName),
  };
}

whenLauncherIsGone(() => process.exit(1));
process.exitCode = await main(process.argv.slice(2));
