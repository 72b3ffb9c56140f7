// One of the two history threads as the main thread has it: starting it, calls and their answers, its end.
// Not here: the body of the thread (thread.ts), which calls are made (history.ts).
// Holds: every call is answered or rejected; a thread that owes nothing does not keep the process alive.
import type { Worker } from 'node:worker_threads';
import { ImproperlyConfigured } from '../../../errors.ts';
import { startInnerThread } from '../../../own-thread.ts';
import { BadCursor, QueryTooCostly } from '../contract.ts';
import { FileGone } from './file.ts';
import { type Answer, GIVEN_UP_PLACES, givenUpAt, type ThreadData } from './thread.ts';

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** One thread and the calls it owes an answer to. */
export class HistoryThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #givenUp = new Int32Array(new SharedArrayBuffer(4 * GIVEN_UP_PLACES));
  readonly ready: Promise<unknown>;
  #next = 1;
  #ended: Error | null = null;

  get ended(): boolean {
    return this.#ended !== null;
  }

  constructor(data: Omit<ThreadData, 'givenUp'>) {
    const workerData: ThreadData = { ...data, givenUp: this.#givenUp };
    this.#worker = startInnerThread(new URL('./thread.ts', import.meta.url), { workerData });
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

function revive(error: { name: string; message: string }): Error {
  if (error.name === 'BadCursor') return new BadCursor(error.message);
  if (error.name === 'QueryTooCostly') return new QueryTooCostly(error.message);
  if (error.name === 'FileGone') return new FileGone(error.message);
  if (error.name === 'ImproperlyConfigured') return new ImproperlyConfigured(error.message);
  return Object.assign(new Error(error.message), { name: error.name });
}
