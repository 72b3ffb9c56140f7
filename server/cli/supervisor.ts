// One child process kept alive: started again when it dies unasked, later each time; ended warm, then cold, then for good.
// Used by up.ts for the worker, so that a task that hangs or kills its process takes neither dashboard nor broker along.
//
// Modes: idle -start-> running -dies-> waiting -back-off over-> running. running|waiting -stop-> stopping -exits-> ended.
// running -exits with 0, unasked-> ended: somebody shut it down on purpose. running -exits with START_AGAIN-> running: SIGHUP.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Timer, TimerHandle } from '../timer.ts';
import { START_AGAIN } from './restart.ts';
import { passOn } from './stdio.ts';

export interface SupervisorOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly timer: Timer;
  /** What the child writes; default: passed through. */
  readonly onOutput?: (text: string) => void;
  /** It died by itself and will be started again. `reason` is a sentence. */
  readonly onCrash: (reason: string, againInMs: number) => void;
  /** It ended by itself with exit code 0. */
  readonly onLeft?: () => void;
  /** First wait; doubles up to `maxBackoffMs`; starts over when it ran `steadyMs`. */
  readonly backoffMs?: number;
  readonly maxBackoffMs?: number;
  readonly steadyMs?: number;
}

type Mode = 'idle' | 'running' | 'waiting' | 'stopping' | 'ended';

export class Supervisor {
  readonly #options: SupervisorOptions;
  #mode: Mode = 'idle';
  #child: ChildProcess | null = null;
  #again: TimerHandle | null = null;
  #tries = 0;
  #startedMs = 0;
  #stderrTail = '';
  #waiters: (() => void)[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }
  get mode(): Mode {
    return this.#mode;
  }

  start(): void {
    const { command, args, env, timer, onOutput } = this.#options;
    this.#mode = 'running';
    this.#startedMs = timer.monotonic();
    this.#stderrTail = '';
    // The fourth channel closes when this process ends in any way: the child takes that as a word to stop.
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#child = child;
    if (!child.stdout || !child.stderr) {
      // No file descriptor was left for its pipes: there is no process, and only `error` tells.
      child.on('error', (error) => this.#closed(null, null, error));
      return;
    }
    child.stdout.setEncoding('utf8').on('data', onOutput ?? passOn(process.stdout));
    const onError = onOutput ?? passOn(process.stderr);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderrTail = (this.#stderrTail + text).slice(-4000);
      onError(text);
    });
    let failure: Error | null = null;
    child.on('error', (error) => {
      failure = error;
    });
    child.on('close', (code, signal) => this.#closed(code, signal, failure));
  }

  /** Warm first; cold after `warmMs`, killed after `coldMs` more. Resolves when it is gone. */
  async stop(limits: { warmMs: number; coldMs: number }): Promise<void> {
    this.#again?.cancel();
    if (this.#mode === 'idle' || this.#mode === 'waiting' || this.#mode === 'ended') {
      this.#mode = 'ended';
      return;
    }
    this.#mode = 'stopping';
    const { timer } = this.#options;
    this.#child?.kill('SIGTERM');
    const cold = timer.after(limits.warmMs, () => this.#child?.kill('SIGQUIT'));
    const kill = timer.after(limits.warmMs + limits.coldMs, () => this.#child?.kill('SIGKILL'));
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
    cold.cancel();
    kill.cancel();
  }

  #closed(code: number | null, signal: string | null, failure: Error | null): void {
    this.#child = null;
    if (this.#mode === 'stopping' || (code === 0 && !failure)) {
      const unasked = this.#mode !== 'stopping';
      this.#mode = 'ended';
      for (const waiter of this.#waiters.splice(0)) waiter();
      if (unasked) this.#options.onLeft?.();
      return;
    }
    if (code === START_AGAIN && !failure) {
      this.start();
      return;
    }
    const { timer, backoffMs = 1000, maxBackoffMs = 30_000, steadyMs = 60_000 } = this.#options;
    if (timer.monotonic() - this.#startedMs > steadyMs) this.#tries = 0;
    const waitMs = Math.min(maxBackoffMs, backoffMs * 2 ** this.#tries++);
    this.#mode = 'waiting';
    this.#options.onCrash(this.#reason(code, signal, failure), waitMs);
    this.#again = timer.after(waitMs, () => this.start());
  }

  #reason(code: number | null, signal: string | null, failure: Error | null): string {
    if (failure) return failure.message;
    const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
    const words = this.#stderrTail
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('at ') && !line.startsWith('Node.js v'));
    const last = words.findLast((line) => /error|cannot|umbel:/i.test(line)) ?? words.at(-1);
    return last ? `${how}: ${last}` : how;
  }
}
