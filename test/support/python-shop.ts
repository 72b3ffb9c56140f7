// A shop whose workers are real Python Celery, on a Redis of its own: what the dashboard is pointed at. Tasks: ../e2e/app/python_proj.py.
// Both languages on one broker: ../interop/python.ts.
// Holds: everything runs in processes of its own, which end with the shop.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { PythonProcess } from './python-process.ts';
import { type RedisServer, redisServer } from './redis-server.ts';
import { until } from './until.ts';

const FOLDER = fileURLToPath(new URL('../e2e/app', import.meta.url));
/** The machine may be busy with other tests. @unit milliseconds */
const LONG = 120_000;

export interface PythonWorker {
  readonly output: () => string;
  readonly gone: Promise<number | null>;
  kill(): Promise<unknown>;
}

export interface PythonShop extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly broker: string;
  readonly backend: string;
  /** @param env further ones: E2E_EXTENDED=1 (result_extended), E2E_SENT=1 (task_send_sent_event) @returns once it is ready */
  worker(hostname: string, flags?: readonly string[], env?: Readonly<Record<string, string>>): Promise<PythonWorker>;
  /** Runs lines of Python in the client; what they leave in `result`. `send(name, *args, **options)` sends and gives the id. */
  py<T>(code: string): Promise<T>;
  /** As until.ts, patient with a busy machine: its error also says what waits in Redis, and the last that each worker wrote. */
  readonly until: typeof until;
}

export async function openPythonShop(): Promise<PythonShop> {
  const redis = await redisServer();
  const [broker, backend] = [redis.url(0), redis.url(1)];
  const children = new Set<PythonProcess>();
  const outputs = new Map<string, () => string>();
  const run = (args: readonly string[], extra: Readonly<Record<string, string>> = {}): PythonProcess => {
    const env = {
      ...process.env,
      E2E_BROKER: broker,
      E2E_BACKEND: backend,
      PYTHONPATH: FOLDER,
      PYTHONDONTWRITEBYTECODE: '1',
      NO_COLOR: '1',
      ...extra,
    };
    const child = new PythonProcess(args, { cwd: redis.folder, env });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  };
  const end = async (child: PythonProcess): Promise<void> => {
    const gone = new Promise((done) => child.once('exit', done));
    // It leads a group of its own, so that a worker's processes go with it.
    if (!child.hasEnded) {
      child.killGroup();
      await gone;
    }
  };

  const state = async () => {
    const client = new Redis(redis.url(0));
    const waiting = await Promise.all(
      (await client.keys('*')).map(async (key) => {
        const type = await client.type(key);
        return type === 'list' ? `${key}: ${await client.llen(key)}` : `${key} (${type})`;
      }),
    ).finally(() => client.disconnect());
    return [waiting.join(', '), ...[...outputs].map(([name, output]) => `${name}: ${output().slice(-2000)}`)].join(
      '\n',
    );
  };

  let client: { child: PythonProcess; next: () => Promise<string>; ready: Promise<string> } | null = null;
  const startClient = () => {
    const child = run(['python_client.py'].map((file) => `${FOLDER}/${file}`));
    let errors = '';
    child.stderr.on('data', (data: Buffer) => {
      errors += data.toString();
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => {
      const line = await lines.next();
      if (line.done) throw new Error(`the Python client ended: ${errors}`);
      return line.value;
    };
    return { child, next, ready: next() };
  };

  return {
    redis,
    broker,
    backend,
    async worker(hostname, flags = [], env = {}) {
      const child = run(['-m', 'celery', '-A', 'python_proj', 'worker', '-n', hostname, '-l', 'INFO', ...flags], env);
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data: Buffer) => {
          output += data.toString();
        });
      outputs.set(hostname, () => output);
      const gone = new Promise<number | null>((done) => child.once('close', done));
      await until(() => / ready\./.test(output) || child.hasEnded, `${hostname} to be ready: ${output}`, {
        timeoutMs: LONG,
      });
      if (child.hasEnded) throw new Error(`the Python worker ended:\n${output}`);
      return { output: () => output, gone, kill: () => end(child) };
    },
    async py<T>(code: string): Promise<T> {
      client ??= startClient();
      await client.ready;
      client.child.stdin.write(`${JSON.stringify({ code })}\n`);
      const answer = JSON.parse(await client.next()) as { result?: T; raised?: string };
      if (answer.raised !== undefined) throw new Error(answer.raised);
      return answer.result as T;
    },
    until: (condition, what, wait) =>
      until(condition, what, { timeoutMs: 2 * LONG, everyMs: 50, ...wait }).catch(async (error: Error) => {
        error.message += `\n${await state()}`;
        throw error;
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all([...children].map(end));
      await redis.close();
    },
  };
}
