// A real redis-server of the test's own: free port, temporary folder, gone when the test is. Nothing else of the machine is touched.
// Holds: it is ended by its process id; `stop` and `kill` return when it is gone, `start` when it answers; `close` leaves no folder.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { markOfRun } from './ends-with-run.ts';
import { runs } from './once-per-process.ts';
import { OwnProcess, startOnFreePort } from './server-process.ts';
import { until } from './until.ts';

/** In CI what is missing is a failure, not a skip. */
export const hasRedis: boolean = process.env.CI === 'true' || runs('redis-server');

export const itNeedsRedis: typeof it | typeof it.skip = hasRedis ? it : it.skip;
export const describeNeedsRedis: typeof describe | typeof describe.skip = hasRedis ? describe : describe.skip;

export interface RedisServerOptions {
  /** Further lines of its configuration, as on its command line: ['--maxclients', '10']. */
  readonly args?: readonly string[];
  /** Keep what it has over `kill` and `start`. Default false. */
  readonly durable?: boolean;
  /** Its port speaks TLS only. `askClients`: it takes only those whose certificate the same authority signed. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string; readonly askClients?: boolean };
}

export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly #options: RedisServerOptions;
  readonly #process = new OwnProcess();
  #databases = 0;

  constructor(port: number, options: RedisServerOptions) {
    this.port = port;
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), `umbel-redis-${markOfRun()}-`));
  }

  url(database = 0): string {
    return `redis://127.0.0.1:${this.port}/${database}`;
  }

  /** A database nobody used yet; 1 to 999. */
  freshUrl(): string {
    return this.url(++this.#databases);
  }

  /** Of the running server. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Its Unix socket. */
  get socket(): string {
    return join(this.folder, 'redis.sock');
  }

  /** Its address for those who speak TLS. */
  secureUrl(query: string, host = '127.0.0.1'): string {
    return `rediss://${host}:${this.port}/0${query}`;
  }

  async start(): Promise<void> {
    const { durable = false, args = [], tls } = this.#options;
    const child = spawn(
      'redis-server',
      [
        ...[
          '--port',
          tls ? '0' : String(this.port),
          '--bind',
          '127.0.0.1',
          '--dir',
          this.folder,
          '--databases',
          '1000',
        ],
        ...(tls ? ['--tls-port', String(this.port), '--tls-cert-file', tls.cert, '--tls-key-file', tls.key] : []),
        ...(tls ? ['--tls-ca-cert-file', tls.ca, '--tls-auth-clients', tls.askClients ? 'yes' : 'no'] : []),
        ...['--unixsocket', this.socket, '--save', '', '--loglevel', 'warning'],
        ...(durable ? ['--appendonly', 'yes', '--appendfsync', 'no'] : []),
        ...args,
      ],
      { stdio: 'ignore' },
    );
    this.#process.own(child);
    const ended = () => child.exitCode !== null;
    await until(() => ended() || answers(tls ? this.socket : this.port), `redis-server on port ${this.port}`);
    if (ended()) throw new Error(`redis-server on port ${this.port} ended with ${child.exitCode}`);
  }

  /** As an operator would. */
  stop(): Promise<void> {
    return this.#process.end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  /** It stands still with its connections open, until `resume`. */
  pause(): void {
    this.#process.pause();
  }

  resume(): void {
    this.#process.resume();
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A running server. */
export function redisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  return startOnFreePort((port) => new RedisServer(port, options));
}

/** PING, answered with anything: also one that wants a password is up. */
function answers(at: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(typeof at === 'number' ? { port: at, host: '127.0.0.1' } : { path: at });
    socket.once('connect', () => socket.write('PING\r\n'));
    const done = (up: boolean) => {
      socket.destroy();
      resolve(up);
    };
    socket.once('data', (data) => done(!data.toString().includes('LOADING')));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
  });
}
