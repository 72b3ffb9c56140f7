// A worker whose supervisor dies while it loads ends, too. From when it has handlers of its own: up.test.ts.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { READ_SOURCES } from '../../support/sources/read-sources.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SCRIPT = `
import { exitOnEarlySignals } from '${ROOT}server/cli/early-signals.ts';
exitOnEarlySignals(['worker']);
setInterval(() => {}, 1000);
process.send('loading');
`;

it.each(['UMBEL_SUPERVISED', 'UMBEL_RESTARTED'])(
  'a worker with %s ends when its parent is gone before it is ready',
  async (variable) => {
    const words = [...READ_SOURCES, '--input-type=module', '-e', SCRIPT];
    const child = spawn(process.execPath, words, {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, [variable]: '1' },
    });
    const ended = new Promise((done) => child.once('exit', (code, signal) => done(code ?? signal)));
    await new Promise((done) => child.once('message', done));
    // It has only just begun: nothing is to be started anew.
    child.kill('SIGHUP');
    // As the kernel does it for a parent that was killed.
    child.disconnect();
    expect(await ended).toBe(0);
  },
);
