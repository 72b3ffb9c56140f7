// What programs that stay do to their process: pid file, user, group, umask.
// Celery 5.6: platforms.py, bin/base.py CeleryDaemonCommand
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { CliError, EXIT } from './output.ts';

/** Refuses when another live process holds it; takes over from a dead one. */
export function writePidfile(path: string): string {
  if (existsSync(path)) {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    if (isAlive(pid)) {
      throw new CliError(
        `Pidfile (${path}) already exists. Seems we're already running? (pid: ${pid})`,
        EXIT.cannotCreate,
      );
    }
  }
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
  } catch (error) {
    throw new CliError(`cannot write --pidfile ${path}: ${(error as Error).message}`, EXIT.cannotCreate);
  }
  return path;
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
export function takeOn(options: { umask?: string; gid?: string; uid?: string }): void {
  const id = (text: string) => (/^\d+$/.test(text) ? Number(text) : text);
  try {
    if (options.umask) process.umask(Number.parseInt(options.umask, 8));
    if (options.gid) process.setgid?.(id(options.gid));
    if (options.uid) process.setuid?.(id(options.uid));
  } catch (error) {
    throw new CliError(`cannot take on --uid/--gid/--umask: ${(error as Error).message}`);
  }
}
