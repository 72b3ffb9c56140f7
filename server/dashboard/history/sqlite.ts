// The history in one SQLite file, behind two threads of ours: writing never blocks reading, neither blocks the receiver of events.
// Not here: what is written and asked (write.ts, read.ts).
// Holds: batches are written in the order they came; `close` writes what is pending; a thread that dies rejects what it owed.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Batch } from '../../../shared/events/cluster-state.ts';
import { ImproperlyConfigured } from '../../errors.ts';
import { QueryTooCostly } from './budget.ts';
import { BadCursor } from './list.ts';
import type { HistoryReader } from './read.ts';
import type { Limits } from './retention.ts';
import { flatten } from './rows.ts';
import type { HistoryStore } from './store.ts';
import { type Answer, GIVEN_UP_PLACES, givenUpAt, type ThreadData } from './thread.ts';
import type { OperationRow } from './write.ts';

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** One thread and the calls it owes an answer to. */
class HistoryThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #givenUp = new Int32Array(new SharedArrayBuffer(4 * GIVEN_UP_PLACES));
  readonly ready: Promise<unknown>;
  #next = 1;
  #ended: Error | null = null;

  constructor(data: Omit<ThreadData, 'givenUp'>) {
    this.#worker = startThread({ ...data, givenUp: this.#givenUp });
    this.ready = new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
    this.ready.catch(() => {});
    this.#worker.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('error' in answer) waiting?.reject(revive(answer.error));
      else waiting?.resolve(answer.value);
      if (this.#waiting.size === 0) this.#worker.unref();
    });
    this.#worker.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on('exit', () => this.#end(new Error('The history was closed.')));
  }

  /** @param signal nobody waits any more: the thread stops looking */
  call(method: string, args: unknown[], signal?: AbortSignal): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#next++ & 0x7fffffff;
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      const giveUp = (): void => void Atomics.store(this.#givenUp, givenUpAt(id), id);
      if (signal?.aborted) giveUp();
      else signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, method, args });
    });
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    const gone = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    await this.call('close', []).catch(() => {});
    // The answer let go of the thread; its end is still waited for.
    this.#worker.ref();
    await gone;
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
  }
}

function startThread(workerData: ThreadData): Worker {
  // The build makes an entry of what is named like this, and puts its name there.
  const file = new URL('./thread.ts', import.meta.url);
  const readable = (process.features as { typescript?: unknown }).typescript || !file.pathname.endsWith('.ts');
  if (readable) return new Worker(file, { workerData });
  // From sources, on a Node that does not read TypeScript: the thread needs the loader that the tests and `npm run dev` use.
  const loader = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs');
  const boot = `import(${JSON.stringify(pathToFileURL(loader).href)}).then((tsx) => (tsx.register(), import(${JSON.stringify(file.href)})))`;
  return new Worker(boot, { workerData, eval: true });
}

function revive(error: { name: string; message: string }): Error {
  if (error.name === 'BadCursor') return new BadCursor(error.message);
  if (error.name === 'QueryTooCostly') return new QueryTooCostly(error.message);
  if (error.name === 'ImproperlyConfigured') return new ImproperlyConfigured(error.message);
  return Object.assign(new Error(error.message), { name: error.name });
}

const READS = [
  'tasks',
  'facets',
  'task',
  'tries',
  'rows',
  'children',
  'unfinished',
  'heldBy',
  'workers',
  'taskNames',
  'series',
  'perMinute',
  'sums',
  'keyStats',
  'gauge',
  'gauges',
  'failures',
  'operations',
  'counts',
] as const satisfies readonly (keyof HistoryReader)[];

/** A question; of a list the last argument may be the signal of who asks. */
function reading(reader: HistoryThread, name: string): (...args: unknown[]) => Promise<unknown> {
  return (...args) => {
    const last = args.at(-1);
    return last instanceof AbortSignal ? reader.call(name, args.slice(0, -1), last) : reader.call(name, args);
  };
}

/** Open the file, making it when missing. Rejects with ImproperlyConfigured when it cannot be used. */
export async function openHistory(path: string): Promise<HistoryStore> {
  const writer = new HistoryThread({ role: 'write', path });
  // The reader opens the file only when the writer has made its tables.
  try {
    await writer.ready;
  } catch (error) {
    if (error instanceof ImproperlyConfigured) throw error;
    throw new ImproperlyConfigured(`The history file ${path} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const reader = new HistoryThread({ role: 'read', path });
  let pending = 0;
  let failure: string | null = null;
  let lastWriteMs: number | null = null;
  const idle = new Set<() => void>();
  const settled = (): void => {
    pending--;
    if (pending > 0) return;
    for (const fn of idle) fn();
    idle.clear();
  };
  const send = (method: string, args: unknown[]): void => {
    pending++;
    const begun = performance.now();
    writer.call(method, args).then(
      () => {
        lastWriteMs = performance.now() - begun;
        failure = null;
        settled();
      },
      (error: Error) => {
        failure = error.message;
        settled();
      },
    );
  };
  const store = {
    write: (batch: Batch, now: number) => send('write', [flatten(batch), now]),
    get pending() {
      return pending;
    },
    get failure() {
      return failure;
    },
    get lastWriteMs() {
      return lastWriteMs;
    },
    written: () => (pending === 0 ? Promise.resolve() : new Promise<void>((resolve) => idle.add(resolve))),
    saveGauges: (values: Record<string, number>, bucket: number) => send('gauges', [values, bucket]),
    beginOperation: (row: OperationRow) => writer.call('operation', [row]) as Promise<number>,
    finishOperation: (id: number, row: Pick<OperationRow, 'outcome' | 'summary' | 'answers' | 'new_ids'>) =>
      writer.call('finishOperation', [id, row]) as Promise<void>,
    expire: (limits: Limits, now: number) => writer.call('expire', [limits, now]) as Promise<number>,
    async close() {
      await writer.close();
      await reader.close();
    },
  };
  for (const name of READS) Object.defineProperty(store, name, { value: reading(reader, name), enumerable: true });
  return store as unknown as HistoryStore;
}
