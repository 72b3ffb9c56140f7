// The app of a worker that Python drives (driven.test.ts): tasks that wait for a file, compute, leak, die; and remote commands of its own.
// Plain JavaScript: it runs as a user's built module would. Where its broker is, and its settings: the environment.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Celery } from 'umbel';

const { DRIVEN_URL: url, DRIVEN_SETTINGS } = process.env;

export const app = new Celery('driven', { broker: url, backend: url, ...JSON.parse(DRIVEN_SETTINGS) });

app.task({ name: 'driven.add' }, (x, y) => x + y);
app.task({ name: 'driven.pid' }, () => process.pid);

/** Until the file is there. */
app.task({ name: 'driven.hold' }, async (gate) => {
  while (!existsSync(gate)) await pause(20);
  return process.pid;
});
app.task({ name: 'driven.compute' }, (gate) => {
  while (!existsSync(gate));
  return process.pid;
});
app.task({ name: 'driven.clean-up' }, async function () {
  await new Promise((done) => this.signal.addEventListener('abort', done));
  return this.signal.reason.name;
});

const held = [];
/** Keeps so much for ever. @unit MiB */
app.task({ name: 'driven.leak' }, (size) => {
  held.push(Buffer.alloc(size * 2 ** 20, 1));
  return process.pid;
});

/** Takes memory until the system gives no more. */
app.task({ name: 'driven.gorge' }, () => {
  const size = Number(/^VmSize:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  execFileSync('prlimit', ['--pid', String(process.pid), `--as=${size + 64 * 2 ** 20}`]);
  for (;;) held.push(new Array(100_000).fill({ n: held.length }));
});

/** Dies while a process that it started holds its line to the worker open. */
app.task({ name: 'driven.leave-behind' }, (file) => {
  const other = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', 3], detached: true });
  writeFileSync(file, String(other.pid));
  process.kill(process.pid, 'SIGKILL');
  for (;;);
});

app.commands.inspect(
  'tally',
  { args: { of: { type: 'list' }, times: { type: 'integer', default: 1 } } },
  (_, args) => ({
    tally: args.of.length * args.times,
  }),
);
app.commands.control('rename', { args: { to: { type: 'text' } } }, (worker, { to }) => {
  worker.log.warning(`called ${to}`);
  return { ok: `called ${to}` };
});
