// A real memcached of the test's own: free port, in memory, gone when the test is.
// Holds: it is ended by its process id; `stop` returns when it is gone, `start` when it answers.
import { spawn } from 'node:child_process';
import { describe } from 'vitest';
import { runs } from './once-per-process.ts';
import { listens, OwnProcess, startOnFreePort } from './server-process.ts';
import { until } from './until.ts';

/** In CI what is missing is a failure, not a skip. */
export const hasMemcached: boolean = process.env.CI === 'true' || runs('memcached', '-V');
export const describeNeedsMemcached: typeof describe | typeof describe.skip = hasMemcached ? describe : describe.skip;

export class MemcachedServer {
  readonly port: number;
  readonly #process = new OwnProcess();

  constructor(port: number) {
    this.port = port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const root = process.getuid?.() === 0 ? ['-u', 'root'] : [];
    const child = spawn('memcached', ['-p', String(this.port), '-U', '0', '-l', '127.0.0.1', '-m', '64', ...root], {
      stdio: 'ignore',
    });
    this.#process.own(child);
    const ended = () => child.exitCode !== null;
    await until(() => ended() || listens(this.port), `memcached on port ${this.port}`);
    if (ended()) throw new Error(`memcached on port ${this.port} ended with ${child.exitCode}`);
  }

  /** It accepts and answers nothing, until `resume`. */
  pause(): void {
    this.#process.pause();
  }

  resume(): void {
    this.#process.resume();
  }

  stop(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  close(): Promise<void> {
    return this.stop();
  }
}

/** A running server. */
export function memcachedServer(): Promise<MemcachedServer> {
  return startOnFreePort((port) => new MemcachedServer(port));
}
