// The three workers with two child processes each, started as their users start them, and what their processes cost.
// What they run: tasks.mjs, tasks.py, processor.mjs.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cpuUsOfAll, ended, PYTHON } from '../support/celery.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

/** 'wide' is ours with several tasks at a time in each child. */
export type WorkerName = 'ours' | 'wide' | 'celery' | 'bullmq';

const WIDTH = 10;

export interface WorkerProcess {
  /** CPU time of it and its children so far. @unit microseconds */
  cpuUs(): number;
  pid: number;
  stop(): Promise<void>;
}

export interface WorkerStart {
  readonly url: string;
  /** Child processes. Default 2. */
  readonly children?: number;
  /** Default prefork. */
  readonly pool?: string;
  /** Of Node, before ours. */
  readonly flags?: readonly string[];
}

const LONE = ['--without-gossip', '--without-mingle'];

function commandOf(name: WorkerName, { children = 2, pool = 'prefork', flags = [] }: WorkerStart): string[] {
  const size = ['-P', pool, '-c', String(children), ...LONE];
  switch (name) {
    case 'ours':
    case 'wide': {
      const width = name === 'wide' ? ['--child-concurrency', String(WIDTH)] : [];
      return [process.execPath, ...flags, CLI, '-A', `${FOLDER}tasks.mjs`, 'worker', '-l', 'ERROR', ...size, ...width];
    }
    case 'celery':
      return [PYTHON, '-m', 'celery', '-A', 'tasks', 'worker', ...size];
    case 'bullmq':
      return [process.execPath, `${FOLDER}bullmq.mjs`];
  }
}

export function startWorker(name: WorkerName, start: WorkerStart): WorkerProcess {
  const [file, ...args] = commandOf(name, start);
  const child: ChildProcess = spawn(file!, args, {
    cwd: FOLDER,
    env: { ...process.env, BROKER: start.url, C_FORCE_ROOT: '1', PYTHONDONTWRITEBYTECODE: '1' },
    stdio: 'ignore',
  });
  const pid = child.pid!;
  return { pid, cpuUs: () => cpuUsOfAll(pid), stop: () => ended(child) };
}
