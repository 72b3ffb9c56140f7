// The process of a server that tests start: on a port that was free, owned by whoever started it, ended by its process id, its folder gone
// with it. Which server: redis-server.ts, rabbitmq-server.ts, sql-servers.ts, memcached-server.ts, sentinel.ts.
// Holds: `end` returns when it is gone; it does not outlive the process that owns it.
import type { ChildProcess } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { until } from './until.ts';

const TRIES = 5;
/** On a machine that is busy with much else. Within the time of a hook. @unit milliseconds */
const START_MS = 240_000;

export class OwnProcess {
  #child: ChildProcess | null = null;

  /** Of the running one. */
  get pid(): number {
    return this.#child!.pid!;
  }

  own(child: ChildProcess): void {
    this.#child = child;
    const atExit = () => child.kill('SIGKILL');
    process.once('exit', atExit);
    child.once('exit', () => process.off('exit', atExit));
  }

  /** It stands still with its connections open, until `resume`. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await gone;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** Tried on further ports when it fails: somebody else may have taken the first since. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

/** A running server of those that `make` makes for a port. */
export function startOnFreePort<S extends { start(): Promise<void>; close(): Promise<void> }>(
  make: (port: number) => S,
): Promise<S> {
  return onFreePort(async (port) => {
    const server = make(port);
    try {
      await server.start();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  });
}

/**
 * What `isUp` gives once a server is up that was just started.
 * Rejects when it has ended, or has taken too long, and then it is gone: where it would have served, another may be started.
 */
export async function whenUp<T>(
  child: ChildProcess,
  isUp: () => T | Promise<T>,
  { what, said, startMs = START_MS }: { what: string; said: () => string; startMs?: number },
): Promise<T> {
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  try {
    const up = await until(async () => isGone() || (await isUp()), what, { timeoutMs: startMs, everyMs: 50 });
    if (!isGone()) return up as T;
  } catch (error) {
    child.kill('SIGKILL');
    await gone;
    throw error;
  }
  throw new Error(`${what} ended: ${said().slice(-2000)}`);
}

export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (up: boolean) => {
      socket.destroy();
      resolve(up);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** Also while helper processes of a server that has ended still write into it. */
export async function removeFolder(folder: string): Promise<void> {
  await until(() => {
    rmSync(folder, { recursive: true, force: true });
    return !existsSync(folder);
  }, `${folder} to go`);
}
