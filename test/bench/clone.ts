// From `git clone` to the first page of a living cluster: the README's command, on this machine, as a new user runs it.
// Peer: none. The packages come from npm's cache or registry, whichever npm chooses.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report } from '../support/bench-report.ts';
import { freePort } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'umbel-bench-clone-'));
const clone = join(folder, 'umbel');
const steps: Record<string, number> = {};

function step(name: string, command: string, args: string[], cwd: string): void {
  const started = performance.now();
  const ran = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
  if (ran.status !== 0) throw new Error(`${name} failed: ${ran.stderr.slice(-2000)}`);
  steps[name] = seconds(started);
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 100) / 10;
}

const begun = performance.now();
try {
  step('clone', 'git', ['clone', '--quiet', '--no-hardlinks', root, clone], folder);
  step('npm ci', 'npm', ['ci'], clone);
  const port = await freePort();
  const started = performance.now();
  const up = spawn('npm', ['start', '--', '--port', String(port)], { cwd: clone, stdio: 'ignore', detached: true });
  try {
    const answered = async () => {
      const page = await fetch(`http://localhost:${port}/`).catch(() => null);
      if (!page?.ok) return false;
      const tasks = await fetch(`http://localhost:${port}/api/v2/tasks?state=SUCCESS&limit=1`).catch(() => null);
      return tasks?.ok === true && ((await tasks.json()) as { items: unknown[] }).items.length > 0;
    };
    await until(answered, 'the page with a finished task', { timeoutMs: 120_000, everyMs: 50 });
    steps['npm start to a finished task on the page'] = seconds(started);
    report({
      case: 'clone to first page with tasks flowing',
      value: (performance.now() - begun) / 1000,
      unit: 's',
      better: 'less',
      steps,
    });
  } finally {
    const ended = new Promise((resolve) => up.once('exit', resolve));
    process.kill(-up.pid!, 'SIGINT');
    await ended;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
