// A process that has no file descriptor left (EMFILE, ulimit -n): it says so, and goes on when there are some again.
// What it means for connections to Redis: ../server/transport/redis-address.test.ts. That nothing is loaded late: ../house.test.ts.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { UMBEL_COMMAND } from '../support/umbel.ts';

const script = fileURLToPath(new URL('no-descriptors.mjs', import.meta.url));
const tsx = import.meta.resolve('tsx');

it('umbel up: a worker that dies while none is left is started again once there are', async () => {
  const command = `ulimit -n 100; exec '${process.execPath}' --import '${tsx}' '${script}'`;
  const { stdout } = await promisify(execFile)('bash', ['-c', command]);
  const lines = stdout.replaceAll(/\d+/g, 'N').trim().split('\n');
  expect(lines).toEqual([
    'up N',
    'crash: was ended by SIGKILL',
    'starved EMFILE',
    expect.stringMatching(/^crash: spawn .* EMFILE$/),
    expect.stringMatching(/^crash: spawn .* EMFILE$/),
    'up N',
    'stopped',
  ]);
});

// As sources the command is started by a loader, which falls first.
it.runIf(process.env['UMBEL_BUILT'])(
  'a start with too few ends at once, in one line that names the limit',
  async () => {
    // Three are left: enough for its first files, not for the many that load side by side after them.
    const starve = `import { closeSync, openSync } from 'node:fs'; const held = [];
    try { for (;;) held.push(openSync('/dev/null')); } catch { for (const fd of held.splice(-3)) closeSync(fd); }`;
    const words = ['--import', `data:text/javascript,${encodeURIComponent(starve)}`, ...UMBEL_COMMAND, 'report'];
    const command = `ulimit -n 100; exec ${[process.execPath, ...words].map((word) => `"${word}"`).join(' ')}`;
    const failed = await promisify(execFile)('bash', ['-c', command]).catch((error) => error);
    expect(failed.stderr).toMatch(/^umbel: this process may have .* files open.*ulimit -n.*\n$/);
    expect(failed.code).toBe(1);
  },
);
