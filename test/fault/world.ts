// One Redis, one app, workers of both languages as processes of their own, and the diary their tasks write. The tasks: tasks.mjs, tasks.py.
// Holds: `kill` is SIGKILL of the worker with all its children; whatever was started is gone when the world is closed.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import { silentLogger } from '../../server/log.ts';
import type { ResultMeta } from '../../server/protocol/result-meta.ts';
import { type RedisServer, type RedisServerOptions, redisServer } from '../support/redis-server.ts';
import { startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
/** A busy machine takes its time. */
export const PATIENT = { timeoutMs: 120_000, everyMs: 20 };

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** All it said. */
  output(): string;
  /** SIGKILL, to its children too. Resolves when it is gone. */
  kill(): Promise<void>;
}

/** What the diary says of one run. */
export interface Run {
  readonly number: number;
  readonly redelivered: boolean;
  readonly pid: number;
  ended: boolean;
}

export interface WorldOptions {
  readonly settings?: SettingsInput;
  readonly redis?: RedisServerOptions;
}

export class World implements AsyncDisposable {
  readonly redis: RedisServer;
  /** For looking into it; patient while it is away. */
  readonly keys: Redis;
  /** Who sends, and asks for results. */
  readonly app: Celery;
  /** A file that opens the tasks' gate, once it is written. */
  readonly gate: string;
  readonly #folder: string;
  readonly #diary: string;
  readonly #env: Record<string, string>;
  readonly #workers: WorkerProcess[] = [];
  readonly #apps: Celery[] = [];

  private constructor(redis: RedisServer, { settings = {} }: WorldOptions) {
    this.redis = redis;
    this.keys = new Redis(redis.url(), { retryStrategy: () => 200, maxRetriesPerRequest: null });
    this.keys.on('error', () => {});
    this.app = this.client(settings);
    this.#folder = mkdtempSync(join(tmpdir(), 'umbel-fault-'));
    this.#diary = join(this.#folder, 'diary');
    this.gate = join(this.#folder, 'gate');
    writeFileSync(this.#diary, '');
    this.#env = { FAULT_URL: redis.url(), FAULT_DIARY: this.#diary, FAULT_SETTINGS: JSON.stringify(settings) };
  }

  static async open(options: WorldOptions = {}): Promise<World> {
    return new World(await redisServer(options.redis), options);
  }

  /** An `umbel worker` that has said it is ready, or what else is given. */
  async umbel(
    name: string,
    args: readonly string[] = [],
    says = / ready\./,
    env: Readonly<Record<string, string>> = {},
  ): Promise<WorkerProcess> {
    const words = ['-A', join(FOLDER, 'tasks.mjs'), 'worker', '-n', name, '-l', 'INFO', ...args];
    const running = startUmbel(words, { cwd: this.#folder, env: { ...this.#env, ...env } });
    const kill = () => running[Symbol.asyncDispose]();
    const output = () => running.stdout() + running.stderr();
    const worker = { child: running.child, output, kill: async () => void (await kill()) };
    this.#workers.push(worker);
    await running.says(says, PATIENT.timeoutMs).catch((error: Error) => {
      throw new Error(`${error.message}; it said:\n${output()}`);
    });
    return worker;
  }

  /** A `celery worker`. */
  async python(
    name: string,
    args: readonly string[] = [],
    own: Readonly<Record<string, string>> = {},
  ): Promise<WorkerProcess> {
    const words = ['-m', 'celery', '-A', 'tasks', 'worker', '-n', name, '-l', 'INFO', ...args];
    const env = {
      ...process.env,
      ...this.#env,
      ...own,
      PYTHONPATH: FOLDER,
      PYTHONDONTWRITEBYTECODE: '1',
      NO_COLOR: '1',
    };
    // It leads a group of its own, so that its children go with it.
    const child = spawn('/usr/bin/python3', words, { cwd: this.#folder, env, detached: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        output += data.toString();
      });
    }
    const gone = new Promise<void>((done) => child.once('close', () => done()));
    const kill = (): Promise<void> => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It is gone.
      }
      return gone;
    };
    const worker = { child, output: () => output, kill };
    this.#workers.push(worker);
    await until(() => / ready\./.test(output) || child.exitCode !== null, 'the Python worker', PATIENT);
    if (child.exitCode !== null) throw new Error(`the Python worker ended:\n${output}`);
    return worker;
  }

  /** Another app on the same Redis, with connections of its own. Closed with the world. */
  client(settings: SettingsInput = {}): Celery {
    const url = this.redis.url();
    const app = new Celery('fault', { broker: url, backend: url, ...settings }, { env: {}, log: silentLogger });
    this.#apps.push(app);
    return app;
  }

  /** Tasks of the numbers from `first` on, each so long. Their ids, in order. */
  async send(count: number, seconds: number, gate: string | null = null, first = 0): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) {
      const some = Array.from({ length: Math.min(500, count - ids.length) }, (_, i) => first + ids.length + i);
      const sent = await Promise.all(
        some.map((number) => this.app.sendTask('fault.work', [number, seconds, ...(gate ? [gate] : [])])),
      );
      ids.push(...sent.map((one) => one.id));
    }
    return ids;
  }

  openGate(): void {
    writeFileSync(this.gate, '');
  }

  /** What ran so far, in order of beginning. */
  runs(): Run[] {
    const runs: Run[] = [];
    const open = new Map<number, Run>();
    const lines = readFileSync(this.#diary, 'utf8').split('\n').slice(0, -1);
    for (const line of lines) {
      const [what, number, redelivered, pid] = line.split(' ');
      if (what === 'start') {
        const run = {
          number: Number(number),
          redelivered: redelivered === 'true',
          pid: Number(pid),
          ended: false,
        };
        runs.push(run);
        open.set(run.number, run);
      } else {
        open.get(Number(number))!.ended = true;
      }
    }
    return runs;
  }

  async results(ids: readonly string[]): Promise<Map<string, ResultMeta>> {
    return (await this.app.backend()).getMany(ids);
  }

  /** Resolves when every task has a SUCCESS with its number as result. */
  async allSucceeded(ids: readonly string[]): Promise<void> {
    const missing = async () => {
      const results = await this.results(ids);
      return ids.filter((id, number) => {
        const meta = results.get(id);
        return meta?.status !== 'SUCCESS' || meta.result !== number;
      });
    };
    await until(async () => (await missing()).length === 0, `${ids.length} results`, { ...PATIENT, everyMs: 100 });
  }

  /** Resolves when no message is left anywhere. */
  async allSettled(): Promise<void> {
    const left = async () => this.keys.exists('celery', 'unacked', 'unacked_index');
    await until(async () => (await left()) === 0, 'no message to be left', PATIENT);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    await Promise.all(this.#apps.map((app) => app.close()));
    this.keys.disconnect();
    await this.redis.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What it said that matches. */
export function linesOf(worker: WorkerProcess, pattern: RegExp): string[] {
  return worker
    .output()
    .split('\n')
    .filter((line) => pattern.test(line));
}
