// Processes that tests start end with the run, however it ends: they carry the run's mark, by which reaper.mjs finds them.
// Holds: the run that is over is waited for by nobody; a run with nothing left ends as soon as it would without.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const VARIABLE = 'UMBEL_TEST_RUN';

/** For the names of folders in which something runs that hides its environment. Empty outside of a run. */
export function markOfRun(): string {
  return process.env[VARIABLE] ?? '';
}

/** What this process starts from now on ends when this process has ended, and all that it started in turn. */
export function endChildrenWithThis(): void {
  const mark = `run${randomBytes(6).toString('hex')}`;
  const { [VARIABLE]: _outer, ...env } = process.env;
  const reaper = fileURLToPath(new URL('./reaper.mjs', import.meta.url));
  const child = spawn(process.execPath, [reaper, VARIABLE, mark], {
    cwd: '/',
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  process.env[VARIABLE] = mark;
}
