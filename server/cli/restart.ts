// The same command again, after SIGHUP: with the arguments, folder and environment this process was started with.
// Node 22.15 and later: in place, as Celery does it (execv), so that the process id stays. Before, a process cannot be replaced: this one
// stays as the parent of the next, hands signals on, and ends as that ends. A child asks its parent by its exit code.
// Celery 5.6: apps/worker.py _reload_current_worker
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { ownEnvironment } from './daemon.ts';
import { EXIT } from './output.ts';

/** EX_TEMPFAIL: to whoever started this process, please start it again. */
export const START_AGAIN = 75;

const startedIn = process.cwd();
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGQUIT']);
const HANDED_ON: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];

/** Who started this process holds a channel to it, and starts it again when it ends with START_AGAIN. */
export const hasKeeper =
  Boolean(process.env['UMBEL_SUPERVISED'] || process.env['UMBEL_RESTARTED']) && process.connected;

/** @returns the exit code to end with; does not return where the process can be replaced */
export async function runAgain(): Promise<number> {
  if (hasKeeper) return START_AGAIN;
  // What is thrown away at a start was meant for the first one.
  const args = [
    ...process.execArgv,
    ...process.argv.slice(1).filter((word) => word !== '--purge' && word !== '--discard'),
  ];
  process.chdir(startedIn);
  const { execve } = process as { execve?: (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => never };
  if (execve) execve.call(process, process.execPath, [process.execPath, ...args], ownEnvironment());
  for (;;) {
    const code = await runChild(args);
    if (code !== START_AGAIN) return code;
  }
}

function runChild(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...ownEnvironment(), UMBEL_RESTARTED: '1' },
  });
  // One that is just ending to be started again hears no signal any more: this process has.
  let isToEnd = false;
  const handOn = HANDED_ON.map((signal) => {
    const handler = () => {
      isToEnd ||= ENDING.has(signal);
      child.kill(signal);
    };
    return [signal, handler] as const;
  });
  for (const [signal, handler] of handOn) process.on(signal, handler);
  return new Promise((done) => {
    const end = (code: number) => {
      for (const [signal, handler] of handOn) process.off(signal, handler);
      done(isToEnd && code === START_AGAIN ? EXIT.ok : code);
    };
    child.on('error', () => end(1));
    child.on('exit', (code, signal) => end(code ?? 128 + (constants.signals[signal!] ?? 0)));
  });
}
