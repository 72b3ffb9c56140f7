// Two ways over one cluster: Python calls what we run, and we call what Python runs. What a test does on both, it says once.
// Here a worker of each language: Python's on the queue 'celery', ours on 'ts'.
import type { SettingsInput } from '../../server/app/config.ts';
import type { ApplyOptions } from '../../server/canvas/call-options.ts';
import type { Celery } from '../../server/index.ts';
import type { ResultMeta } from '../../server/protocol/result-meta.ts';
import { encodeJson } from '../../server/serialization/json.ts';
import { until } from '../support/until.ts';
import { type Cluster, type PythonWorker, startCluster } from './python.ts';
import { defineTasks } from './tasks.ts';

export interface Way {
  /** 'ts' or 'py': who runs, and how its tasks' names begin. */
  readonly runs: 'ts' | 'py';
  /** The worker's name. */
  readonly worker: string;
  /** What it has logged so far. */
  log(): string;
  /** Resolves with the id. */
  send(name: string, args?: readonly unknown[], options?: ApplyOptions): Promise<string>;
  /** The record of a task that has ended. */
  ended(id: string): Promise<ResultMeta>;
  /** What the caller gets; or is thrown, `name` being its class's. */
  get(id: string): Promise<unknown>;
  /** Attributes of the caller's AsyncResult, read from the extended record. */
  extended(id: string): Promise<Record<string, unknown>>;
  revoke(id: string, options?: { terminate?: boolean }): Promise<unknown>;
}

export interface Both {
  readonly cluster: Cluster;
  readonly app: Celery;
  readonly theirs: PythonWorker;
  readonly ways: Readonly<Record<'ts' | 'py', Way>>;
  /** When the tasks of a label ran. @unit seconds since the epoch */
  marks(label: string): Promise<number[]>;
  /** The labels that begin so, as the tasks ran. */
  order(beginning: string): Promise<string[]>;
  /** What callbacks were given. */
  kept(): Promise<unknown[][]>;
}

export const WAYS = [
  ['Python calls, we run', 'ts'],
  ['we call, Python runs', 'py'],
] as const;

export async function startBoth(
  settings: SettingsInput,
  { python = ['-P', 'prefork', '-c', '4', '--prefetch-multiplier', '50'], ours = {}, queues = [] }: StartOptions = {},
): Promise<Both> {
  const cluster = await startCluster(settings);
  const of = (runs: string, main: string) => [main, ...queues.map((name) => `${runs}-${name}`)].join(',');
  try {
    const app = cluster.app();
    defineTasks(app, cluster.keys);
    const [theirs, worker] = await Promise.all([
      cluster.worker('py@interop', ['--without-gossip', '--without-mingle', '-Q', of('py', 'celery'), ...python]),
      cluster.ours(app, { hostname: 'ts@interop', queues: of('ts', 'ts').split(','), concurrency: 20, ...ours }),
    ]);
    const rows = async (key: string) =>
      (await cluster.keys.lrange(key, 0, -1)).map((text) => JSON.parse(text) as unknown[]);
    const ended = (id: string) =>
      until(() => cluster.records(id).find(({ status }) => FINAL.has(status)), `the end of ${id}`, {
        timeoutMs: 120_000,
      });
    return {
      cluster,
      app,
      theirs,
      marks: async (label) => (await rows('marks')).filter(([of]) => of === label).map(([, at]) => at as number),
      order: async (beginning) =>
        (await rows('marks')).map(([of]) => String(of)).filter((one) => one.startsWith(beginning)),
      kept: () => rows('kept'),
      ways: {
        ts: pythonCalls(cluster, () => worker.lines.join('\n'), ended),
        py: weCall(app, theirs.output, ended),
      },
    };
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

interface StartOptions {
  readonly python?: readonly string[];
  readonly ours?: { readonly concurrency?: number };
  /** Further queues of each, to be called 'py-x' and 'ts-x'. */
  readonly queues?: readonly string[];
}

const FINAL = new Set(['SUCCESS', 'FAILURE', 'REVOKED']);

function pythonCalls(cluster: Cluster, log: Way['log'], ended: Way['ended']): Way {
  const { py } = cluster;
  return {
    runs: 'ts',
    worker: 'ts@interop',
    log,
    ended,
    send: async (name, args = [], options = {}) => {
      const given = where('ts', options);
      const words = Object.entries(given).map(([key, value]) => `${key}=${expression(key, value)}`);
      const code = `result = task('ts.${name}').apply_async(${expression('args', args)}, ${words.join(', ')}).id`;
      return (await py(code)) as string;
    },
    async get(id) {
      await ended(id);
      return py(`result = app.AsyncResult('${id}').get(timeout=10)`);
    },
    extended: async (id) =>
      (await py(`r = app.AsyncResult('${id}')
result = {'name': r.name, 'args': r.args, 'kwargs': r.kwargs, 'worker': r.worker, 'retries': r.retries, 'queue': r.queue,
          'date_done': r.date_done.isoformat()}`)) as Record<string, unknown>,
    revoke: (id, { terminate = false } = {}) =>
      py(`app.control.revoke('${id}', terminate=${terminate ? 'True' : 'False'})`),
  };
}

/** To the worker's own queue, when the call says nothing of where. Without a queue: `queue: undefined`. */
function where(queue: string, options: ApplyOptions): ApplyOptions {
  const { queue: given = queue, ...rest } = options;
  const routed = 'queue' in options || 'exchange' in options;
  return routed && options.queue === undefined ? rest : { ...rest, queue: given };
}

/** Times as datetimes, the rest as what JSON says. */
function expression(key: string, value: unknown): string {
  if (value instanceof Date || (typeof value === 'string' && (key === 'eta' || key === 'expires'))) {
    const text = value instanceof Date ? value.toISOString().replace('Z', '+00:00') : value;
    return `__import__('datetime').datetime.fromisoformat('${text}')`;
  }
  return `loads(${JSON.stringify(encodeJson(value))})`;
}

function weCall(app: Celery, log: Way['log'], ended: Way['ended']): Way {
  return {
    runs: 'py',
    worker: 'py@interop',
    log,
    ended,
    send: async (name, args = [], options = {}) =>
      (await app.sendTask(`py.${name}`, args, {}, where('celery', options))).id,
    async get(id) {
      await ended(id);
      return app.AsyncResult(id).get({ timeout: 120 });
    },
    async extended(id) {
      const { name, args, kwargs, worker, retries, queue, date_done } = (await app.AsyncResult(id).meta())!;
      return { name, args, kwargs, worker, retries, queue, date_done };
    },
    revoke: (id, options = {}) => app.control.revoke(id, options),
  };
}
