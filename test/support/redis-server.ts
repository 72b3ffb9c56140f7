// A private redis-server for one test file: its own port and folder, nothing on disk, gone at the end.
// Holds: `stop` leaves no process and no folder; `restart` comes back on the same port, with what was in it when `save` was asked for.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe } from 'vitest';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** For looking into it. */
  readonly client: Redis;
  /** Its Unix socket. */
  readonly socket: string;
  /** A database nobody used yet; 1 to 999. */
  freshUrl(): string;
  /** It stands still with its connections open, until `resume`. */
  pause(): void;
  resume(): void;
  /** End it at once (SIGKILL), leaving its port free. */
  kill(): Promise<void>;
  /** Start it again on its port; what was in it is gone, unless it is kept. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  readonly password?: string;
  /** Keep what is written over kill and start (append-only file). */
  readonly keep?: boolean;
  /** Further lines of configuration: ['--maxmemory', '3mb']. */
  readonly args?: readonly string[];
}

export function hasRedisServer(): boolean {
  return spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;
}

export const describeNeedsRedis: typeof describe | typeof describe.skip =
  hasRedisServer() || process.env.CI === 'true' ? describe : describe.skip;

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-redis-'));
  const port = await freePort();
  const who = options.password ? `:${options.password}@` : '';
  const url = `redis://${who}127.0.0.1:${port}/0`;
  const socket = join(folder, 'redis.sock');
  let database = 0;
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => {});
  let child: ChildProcess | null = null;

  const start = async (): Promise<void> => {
    child = spawn(
      'redis-server',
      [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
        ...['--databases', '1000', '--unixsocket', socket],
        ...['--appendonly', options.keep ? 'yes' : 'no', '--appendfsync', 'no'],
        ...(options.password ? ['--requirepass', options.password] : []),
        ...(options.args ?? []),
      ],
      { stdio: 'ignore' },
    );
    await client.ping();
  };
  const kill = async (): Promise<void> => {
    const running = child;
    child = null;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((done) => running.once('exit', done));
    running.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    port,
    url,
    client,
    socket,
    freshUrl: () => url.replace(/\d+$/, String(++database)),
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    kill,
    start,
    async stop() {
      client.disconnect();
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
