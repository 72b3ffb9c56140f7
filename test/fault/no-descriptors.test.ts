// A process that has no file descriptor left (EMFILE, ulimit -n): it says so, and goes on when there are some again.
// What it means for connections to Redis: ../server/transport/redis-address.test.ts. That nothing is loaded late: ../house.test.ts.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

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
