// `umbel multi` as a person meets it: real processes in the background, by their pid files.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { umbel } from '../../support/umbel.ts';

let folder: string;
const multi = (...words: string[]) =>
  umbel(['-b', 'sqlite:///b.db', 'multi', ...words, '--pidfile=run/%n.pid', '--logfile=log/%n%I.log'], { cwd: folder });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-multi-'));
});
afterAll(async () => {
  await multi('kill', 'a');
  rmSync(folder, { recursive: true, force: true });
});

it('starts nodes that hold their pid files when it is done, refuses them twice, says why one did not start, and waits until they are gone', async () => {
  // Among other letters -D asks for the background in the process that is there already, too.
  const started = await multi('start', 'a', '--nosplash', '--cmd=worker -ED', '-P', 'solo', '-l', 'INFO');
  expect(started).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^> Starting nodes\.\.\.\n\t> a@.+: OK\n$/),
    stderr: '',
  });
  const pid = Number(readFileSync(join(folder, 'run/a.pid'), 'utf8'));
  expect(process.kill(pid, 0)).toBe(true);

  const again = await multi('start', 'a', 'c', '-A:c', './none.mjs');
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("Seems we're already running?") });
  expect(again.stdout).toMatch(/a@.+: FAILED\n\* Child terminated with exit code 73\n\t> c@.+: FAILED/);
  expect(again.stderr).toContain('why stands in its log: log/c.log\n');
  expect(readFileSync(join(folder, 'log/c.log'), 'utf8')).toMatch(/CRITICAL\/MainProcess\] No module '.\/none.mjs'/);

  const stopped = await multi('stopwait', 'a', 'b', '--nosplash');
  expect(stopped.code).toBe(0);
  expect(stopped.stdout).toMatch(
    new RegExp(
      `^> b@.+: DOWN\n> Stopping nodes\\.\\.\\.\n\t> a@.+: TERM -> ${pid}\n> Waiting for 1 node -> ${pid}\\.\\.\\.\n\t> a@.+: OK\n$`,
    ),
  );
  expect(() => readFileSync(join(folder, 'run/a.pid'))).toThrow('ENOENT');
  expect(readFileSync(join(folder, 'log/a.log'), 'utf8')).toContain('Warm shutdown');
});
