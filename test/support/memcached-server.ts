// A real memcached of the test's own: free port, in memory, gone when the test is.
// Holds: it is ended by its process id; `stop` returns when it is gone, `start` when it answers.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { describe } from 'vitest';
import { freePort } from './redis-server.ts';
import { until } from './until.ts';

const present = spawnSync('memcached', ['-V'], { stdio: 'ignore' }).status === 0;
/** In CI what is missing is a failure, not a skip. */
export const hasMemcached: boolean = process.env.CI === 'true' || present;
export const describeNeedsMemcached: typeof describe | typeof describe.skip = hasMemcached ? describe : describe.skip;

export class MemcachedServer {
  readonly port: number;
  #child: ChildProcess | null = null;

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
    this.#child = child;
    const ended = () => child.exitCode !== null;
    await until(() => ended() || this.#answers(), `memcached on port ${this.port}`);
    if (ended()) throw new Error(`memcached on port ${this.port} ended with ${child.exitCode}`);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await gone;
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ port: this.port, host: '127.0.0.1' });
      const done = (up: boolean) => {
        socket.destroy();
        resolve(up);
      };
      socket.once('connect', () => done(true));
      socket.once('error', () => done(false));
    });
  }
}

/** A running server. */
export async function memcachedServer(): Promise<MemcachedServer> {
  for (let tries = 1; ; tries++) {
    const server = new MemcachedServer(await freePort());
    try {
      await server.start();
      return server;
    } catch (error) {
      // Somebody else may have taken the port since.
      await server.stop();
      if (tries === 5) throw error;
    }
  }
}
