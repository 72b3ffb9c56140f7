// What programs that stay do to their process: pid file, user, group, umask, signals (a worker's own: worker-signals.ts).
// Celery 5.6: platforms.py, bin/base.py CeleryDaemonCommand
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Logger } from '../log.ts';
import { endEarlySignals } from './early-signals.ts';
import { CliError, EXIT } from './output.ts';

/** The flags that worker and beat share. */
export interface DaemonOptions {
  readonly logfile?: string;
  readonly pidfile?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly umask?: number;
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

/** Refuses when another live process holds it; takes over from a dead one. */
export function writePidfile(path: string, umask?: number): string {
  try {
    const pid = existsSync(path) ? Number.parseInt(readFileSync(path, 'utf8'), 10) : Number.NaN;
    if (isAlive(pid)) {
      throw new CliError(
        `Pidfile (${path}) already exists. Seems we're already running? (pid: ${pid})`,
        EXIT.cannotCreate,
      );
    }
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

function isAlive(pid: number): boolean {
  // Our own number is that of one killed before: in a container it is always the same.
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
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
