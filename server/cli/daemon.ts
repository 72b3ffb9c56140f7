// What programs that stay do to their process: pid file, user, group, umask, signals (a worker's own: worker-signals.ts).
// Celery 5.6: platforms.py, bin/base.py CeleryDaemonCommand
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Logger } from '../log.ts';
import { nodeFormat } from '../nodename.ts';
import { createTimer } from '../timer.ts';
import { endEarlySignals } from './early-signals.ts';
import { CliError, EXIT } from './output.ts';
import { print } from './stdio.ts';

/** The flags that worker and beat share. */
export interface DaemonOptions {
  readonly logfile?: string;
  readonly pidfile?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly umask?: number;
  /** The Node that runs what goes to the background; default the one that runs this. */
  readonly executable?: string;
}

/** In the environment of the process in the background, whose words still ask for it: -D, -ED, CELERY_WORKER_DETACH. */
const MARK = 'UMBEL_DETACHED';
/** This is that process. What it starts is not. */
const isDetached = process.env[MARK] !== undefined;
delete process.env[MARK];

/** The environment of a process that takes the place of this one. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  return isDetached ? { ...process.env, [MARK]: '1' } : process.env;
}

/** Whether this process is to go to the background, and is not there. */
export function mustDetach(options: { readonly detach?: boolean }): boolean {
  return options.detach === true && !isDetached;
}

/** A pid file not written by then is no reason to wait longer. */
const DETACH_MS = 60_000;
const LOOK_MS = 20;

/**
 * -D: the same command in the background, without a terminal. With a pid file it is waited for until it has written that, or has ended.
 * @param hostname what %n, %h, %d and %p stand for in names of files. @throws CliError when a live process holds the pid file, or the new one has ended
 */
export async function detach(options: DaemonOptions, hostname: string, what: string): Promise<number> {
  const path = options.pidfile ? nodeFormat(options.pidfile, { hostname }) : undefined;
  if (path) checkPidfile(path);
  if (!options.logfile) print(process.stderr, `note: --detach without --logfile: what the ${what} says is lost\n`);
  const child = spawn(options.executable ?? process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    env: { ...process.env, [MARK]: '1' },
    stdio: 'ignore',
  });
  const left = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`cannot be started: ${error.message}`));
    child.on('exit', (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`));
  });
  const problem = await Promise.race([left, path ? written(path, child.pid) : spawned(child)]);
  child.unref();
  if (problem !== null)
    throw new CliError(
      `the ${what} ${problem} before it had begun`,
      EXIT.failure,
      options.logfile
        ? `why stands in its log: ${nodeFormat(options.logfile, { hostname })}`
        : 'without --detach it says why',
    );
  print(process.stdout, `${child.pid}\n`);
  return EXIT.ok;
}

function spawned(child: ChildProcess): Promise<null> {
  return new Promise((resolve) => child.once('spawn', () => resolve(null)));
}

function written(path: string, pid: number | undefined): Promise<null> {
  const timer = createTimer();
  return new Promise((resolve) => {
    const end = () => {
      timer.clear();
      resolve(null);
    };
    timer.after(DETACH_MS, end);
    timer.every(LOOK_MS, () => {
      if (readPidfile(path) === pid) end();
    });
  });
}

/** Who starts a daemon and says no umask keeps its log and pid file to itself. */
const PRIVATE_MODE = 0o600;

/** The mode a new file is asked for: what an explicit --umask leaves of Celery's, else nobody's but ours. */
export function fileMode(umask: number | undefined, celerys = 0o666): number {
  return umask === undefined ? PRIVATE_MODE : celerys;
}

/**
 * For programs that hold nothing that others wait for. A signal ends them in order; before `started` was called, or a second time, at
 * once. SIGUSR1 and SIGUSR2, which end a process or open a debugger where nobody listens, do nothing.
 */
export function endOnSignals(): { readonly ended: Promise<void>; readonly started: () => void } {
  let running = false;
  let asked = false;
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(EXIT.failure);
      if (!running) process.exit(EXIT.ok);
      asked = true;
      end();
    });
  }
  endEarlySignals();
  ignoreUserSignals();
  return {
    ended,
    started: () => {
      running = true;
    },
  };
}

export function ignoreUserSignals(): void {
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {});
}

/** null: there is none, or no number in it. */
export function readPidfile(path: string): number | null {
  const pid = existsSync(path) ? Number.parseInt(readFileSync(path, 'utf8'), 10) : Number.NaN;
  return Number.isInteger(pid) && pid > 0 ? pid : null;
}

/** @throws CliError when another live process holds it */
function checkPidfile(path: string): void {
  const pid = readPidfile(path);
  if (pid === null || !isAlive(pid)) return;
  throw new CliError(`Pidfile (${path}) already exists. Seems we're already running? (pid: ${pid})`, EXIT.cannotCreate);
}

/** Refuses when another live process holds it; takes over from a dead one. */
export function writePidfile(path: string, umask?: number): string {
  try {
    checkPidfile(path);
    writeFileSync(path, `${process.pid}\n`, { mode: fileMode(umask, 0o644) });
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`cannot write --pidfile ${path}: ${(error as Error).message}`, EXIT.cannotCreate);
  }
  return path;
}

/** At the end. What is left behind is taken over by the next start. */
export function removePidfile(path: string, log: Pick<Logger, 'warning'>): void {
  try {
    // Another process may have taken it over meanwhile.
    if (Number.parseInt(readFileSync(path, 'utf8'), 10) === process.pid) rmSync(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warning(`cannot remove the pidfile ${path}: ${(error as Error).message}`);
  }
}

/** Another process of that number runs. */
export function isAlive(pid: number): boolean {
  // Our own number is that of one killed before: in a container it is always the same.
  if (pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** It has ended, and who started it has not asked how: where process 1 of a container does not, for ever. */
function isZombie(pid: number): boolean {
  try {
    return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** --umask, --gid, --uid: in this order, since the last gives up the right to do the others. */
export function takeOn(options: DaemonOptions): void {
  const id = (text: string) => (/^\d+$/.test(text) ? Number(text) : text);
  try {
    if (options.umask !== undefined) process.umask(options.umask);
    if (options.gid) process.setgid?.(id(options.gid));
    if (options.uid) process.setuid?.(id(options.uid));
  } catch (error) {
    throw new CliError(`cannot take on --uid/--gid/--umask: ${(error as Error).message}`);
  }
}
