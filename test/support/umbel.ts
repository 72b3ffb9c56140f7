// The umbel command as a process of its own, built or from the sources: run to its end, or kept running and spoken to.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** `npm test` has built the package and says so: then what is tried is what is shipped, and starts in a fifth of the time. */
export const UMBEL_COMMAND: readonly string[] = process.env['UMBEL_BUILT']
  ? [`${ROOT}dist/cli.js`]
  : [
      '--conditions=umbel-source',
      '--import',
      `file://${ROOT}node_modules/tsx/dist/esm/index.mjs`,
      `${ROOT}server/cli/main.ts`,
    ];

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when it has ended by itself or by a signal. */
  readonly ended: Promise<Ended>;
  /** Waits for a text in its output. */
  says(text: string | RegExp, timeoutMs?: number): Promise<void>;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function startUmbel(args: readonly string[], options: CommandOptions): Running {
  const { APP, BROKER_URL, RESULT_BACKEND, CELERY_BROKER_URL, CELERY_RESULT_BACKEND, ...env } = process.env;
  const child = spawn(process.execPath, [...UMBEL_COMMAND, ...args], {
    cwd: options.cwd,
    env: { ...env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    async says(text, timeoutMs = 120_000) {
      const found = () => (typeof text === 'string' ? `${stdout}${stderr}`.includes(text) : text.test(stdout + stderr));
      let gone = false;
      void ended.then(() => {
        gone = true;
      });
      const enough = () => {
        if (found() || gone) return true;
        throw new Error(`so far it said: ${stdout}${stderr}`);
      };
      await until(enough, `umbel ${args.join(' ')} to say ${text}`, { timeoutMs });
      if (!found()) throw new Error(`umbel ${args.join(' ')} ended without saying ${text}:\n${stdout}${stderr}`);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

export function umbel(args: readonly string[], options: CommandOptions): Promise<Ended> {
  return startUmbel(args, options).ended;
}

/** Makes `import 'umbel'` in `folder` mean this package, as if the project there had installed it. */
export function linkPackage(folder: string): void {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules', 'umbel'), 'dir');
}
