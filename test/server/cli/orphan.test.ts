// A worker whose supervisor was killed ends, also when what it runs never does. While it still loads: early-signals.test.ts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { linkPackage, UMBEL_COMMAND } from '../../support/umbel.ts';
import { until } from '../../support/until.ts';

const APP = `
import { Celery, signals } from 'umbel';
export const app = new Celery('orphan', { broker: 'memory://orphan', worker_soft_shutdown_timeout: 0.1 });
const stuck = app.task({ name: 'stuck' }, () => { console.log('never ends'); return new Promise(() => {}); });
signals.worker_ready.connect(() => void stuck.delay());
`;
const SUPERVISOR = `
const [variable, ...words] = process.argv.slice(1);
const options = { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { ...process.env, [variable]: '1' } };
require('node:child_process').spawn(process.execPath, words, options);
`;

it.each(['UMBEL_SUPERVISED', 'UMBEL_RESTARTED'])(
  'a worker with %s stops warm, then cold, when its parent was killed and its task never ends',
  async (variable) => {
    const folder = mkdtempSync(join(tmpdir(), 'umbel-orphan-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    linkPackage(folder);
    writeFileSync(join(folder, 'app.mjs'), APP);
    const words = [variable, ...UMBEL_COMMAND, '-A', './app.mjs', 'worker', '-l', 'WARNING'];
    const supervisor = spawn(process.execPath, ['-e', SUPERVISOR, ...words], { cwd: folder });
    let output = '';
    for (const stream of [supervisor.stdout, supervisor.stderr]) stream.on('data', (data) => (output += data));
    // The worker writes to the same pipes: they close when it has ended.
    const closed = once(supervisor, 'close');
    await until(() => output.includes('never ends'), 'the task to run');
    supervisor.kill('SIGKILL');
    await closed;
    expect(output).toMatch(/Warm shutdown[\s\S]*stopping cold/);
    expect(output).toContain('WorkerLostError');
  },
);
