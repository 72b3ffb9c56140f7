// Real Python Celery next to ours: its worker, a client that runs lines of Python, and its command. The tasks: proj.py.
// Holds: everything runs in processes of its own, which are gone when the test file is done.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import { createLogger } from '../../server/log.ts';
import type { ResultMeta } from '../../server/protocol/result-meta.ts';
import { decodeJson } from '../../server/serialization/json.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';
import { PythonProcess } from '../support/python-process.ts';
import { type RedisServer, redisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** What a Python exception was, when a line raised one. */
export class Raised extends Error {
  readonly type: string;
  readonly module: string;
  readonly args: readonly unknown[];
  constructor(raised: { type: string; module: string; args: unknown[]; text: string; trace: string }) {
    super(`${raised.type}: ${raised.text}\n${raised.trace}`);
    this.name = raised.type;
    this.type = raised.type;
    this.module = raised.module;
    this.args = raised.args;
  }
}

export interface PythonWorker {
  readonly hostname: string;
  readonly output: () => string;
  /** Ends as an operator ends it (SIGTERM). Resolves with its exit code. */
  stop(): Promise<number | null>;
}

export interface Cluster extends AsyncDisposable {
  readonly redis: RedisServer;
  /** For looking into it. */
  readonly keys: Redis;
  /** The records stored for a task so far, oldest first. */
  records(id: string): readonly ResultMeta[];
  /** Run lines of Python in the client; what they leave in `result`. Throws Raised. */
  py(code: string): Promise<unknown>;
  /** Another such client, in a process of its own: two workers in threads of one share Celery's event loop, and lose events. */
  client(): (code: string) => Promise<unknown>;
  /** `celery -A proj ...` run to its end: what it printed. */
  celery(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** `celery events --dump`, left running. */
  dump(): { readonly output: () => string };
  worker(hostname: string, args?: readonly string[]): Promise<PythonWorker>;
  /** An app of ours on the same Redis. */
  app(settings?: SettingsInput): Celery;
  /** A worker of ours for an app of ours, in this process. Stopped with the cluster; what it logs is in its `lines`. */
  ours(app: Celery, options?: WorkerOptions): Promise<Worker & { readonly lines: readonly string[] }>;
}

/**
 * @param settings of every app here, in both languages
 * @param broker where it is not the Redis that has the results
 */
export async function startCluster(settings: SettingsInput = {}, broker?: string): Promise<Cluster> {
  const redis = await redisServer();
  const children = new Set<PythonProcess>();
  const closing: (() => Promise<unknown>)[] = [];
  const apps: Celery[] = [];
  const env = {
    ...process.env,
    INTEROP_URL: redis.url(),
    INTEROP_BROKER: broker ?? redis.url(),
    INTEROP_CONF: JSON.stringify(settings),
    PYTHONPATH: FOLDER,
    PYTHONDONTWRITEBYTECODE: '1',
    NO_COLOR: '1',
  };
  const run = (args: readonly string[]): PythonProcess => {
    const child = new PythonProcess(args, { cwd: FOLDER, env });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  };

  let client: ((code: string) => Promise<unknown>) | null = null;
  const startClient = (): ((code: string) => Promise<unknown>) => {
    const child = run(['client.py']);
    let errors = '';
    child.stderr.on('data', (data: Buffer) => {
      errors += data.toString();
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => {
      const line = await lines.next();
      if (line.done) throw new Error(`the Python client ended: ${errors}`);
      return line.value;
    };
    const ready = next();
    ready.catch(() => {});
    return async (code) => {
      await ready;
      child.stdin.write(`${JSON.stringify({ code })}\n`);
      const answer = decodeJson(await next()) as {
        result?: unknown;
        raised?: ConstructorParameters<typeof Raised>[0];
      };
      if (answer.raised) throw new Raised(answer.raised);
      return answer.result;
    };
  };

  const keys = new Redis(redis.url());
  const listener = new Redis(redis.url());
  const stored = new Map<string, ResultMeta[]>();
  listener.on('pmessage', (_pattern, _key, text) => {
    if (!text.startsWith('{')) return; // not by the serializer json
    const meta = decodeJson(text) as ResultMeta;
    stored.set(meta.task_id, [...(stored.get(meta.task_id) ?? []), meta]);
  });
  await listener.psubscribe('celery-task-meta-*');
  return {
    redis,
    keys,
    records: (id) => stored.get(id) ?? [],
    async py(code) {
      client ??= startClient();
      return client(code);
    },
    client: startClient,
    async celery(...args) {
      const child = run(['-m', 'celery', '-A', 'proj', ...args]);
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (data: Buffer) => {
        stdout += data.toString();
      });
      child.stderr.on('data', (data: Buffer) => {
        stderr += data.toString();
      });
      const code = await new Promise<number | null>((done) => child.once('close', done));
      return { code, stdout, stderr };
    },
    dump() {
      const child = run(['-u', '-m', 'celery', '-A', 'proj', 'events', '--dump']);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (data: Buffer) => {
          output += data.toString();
        });
      }
      return { output: () => output };
    },
    async worker(hostname, args = []) {
      const child = run(['-m', 'celery', '-A', 'proj', 'worker', '-n', hostname, '-l', 'INFO', ...args]);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (data: Buffer) => {
          output += data.toString();
        });
      }
      const ended = new Promise<number | null>((done) => child.once('close', done));
      await until(() => / ready\./.test(output) || child.hasEnded, `the Python worker: ${output}`, {
        timeoutMs: 120_000,
      });
      if (child.hasEnded) throw new Error(`the Python worker ended:\n${output}`);
      return {
        hostname,
        output: () => output,
        stop() {
          child.kill('SIGTERM');
          return ended;
        },
      };
    },
    app(own = {}) {
      const urls = { broker: broker ?? redis.url(), backend: redis.url() };
      const app = new Celery('proj', { ...urls, task_track_started: true, ...settings, ...own }, { env: {} });
      apps.push(app);
      return app;
    },
    async ours(app, options = {}) {
      const lines: string[] = [];
      const log = createLogger({ level: 'INFO', color: false, write: (line) => lines.push(line) });
      const worker = new Worker(app, { log, ...options });
      closing.push(() => worker.stop('cold'));
      await worker.start();
      return Object.assign(worker, { lines });
    },
    async [Symbol.asyncDispose]() {
      for (const close of closing.splice(0).reverse()) await close();
      for (const app of apps.splice(0)) await app.close();
      const ended = [...children].map((child) => new Promise((done) => child.once('exit', done)));
      // Each leads a group of its own, so that a worker's processes go with it.
      for (const child of children) child.killGroup();
      await Promise.all(ended);
      listener.disconnect();
      keys.disconnect();
      await redis.close();
    },
  };
}
