// The built dashboard in a process of its own, and what is in its history.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EmbeddedDb } from '../../server/embedded-db.ts';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface DashboardProcess {
  readonly url: string;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

export async function startDashboard(args: string[], folder: string): Promise<DashboardProcess> {
  const child = spawn(process.execPath, [cli, 'dashboard', '--port', '0', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const found = /https?:\/\/[\w.:[\]]+/.exec(said);
      if (found) resolve(found[0]);
    });
    child.once('exit', (code) => reject(new Error(`the dashboard ended with ${code}: ${said}`)));
  });
  return {
    url,
    child,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Looks into a history file, and closes it again. */
export function finishedTasks(history: string): number {
  const db = new EmbeddedDb(history, { readOnly: true });
  try {
    return Number(db.get<{ n: number }>("SELECT count(*) n FROM tasks WHERE state = 'SUCCESS'")?.n ?? 0);
  } finally {
    db.close();
  }
}

/** @unit bytes */
export function rssOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}
