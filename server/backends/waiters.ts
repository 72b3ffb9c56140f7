// Who waits for which result, and waiting built on a store's `subscribe`, `get` and `getMany`. Shared by all stores that can tell.
// Holds: a record stored between asking and listening is not missed (listen first, then ask); every listener is removed again.

import { READY_STATES } from '../../shared/states.ts';
import { toError } from '../errors.ts';
import type { ResultMeta } from '../protocol/result-meta.ts';

export type ResultListener = (meta: ResultMeta) => void;

interface Entry {
  readonly listener: ResultListener;
  readonly onError: ((error: Error) => void) | undefined;
}

export class ResultListeners {
  readonly #byId = new Map<string, Set<Entry>>();

  get size(): number {
    return this.#byId.size;
  }

  has(taskId: string): boolean {
    return this.#byId.has(taskId);
  }

  ids(): string[] {
    return [...this.#byId.keys()];
  }

  /** Returns the unsubscribe. */
  add(taskId: string, listener: ResultListener, onError?: (error: Error) => void): () => void {
    const entry: Entry = { listener, onError };
    let set = this.#byId.get(taskId);
    if (!set) {
      set = new Set();
      this.#byId.set(taskId, set);
    }
    set.add(entry);
    return () => {
      const entries = this.#byId.get(taskId);
      if (entries?.delete(entry) && entries.size === 0) this.#byId.delete(taskId);
    };
  }

  /** @param read makes the record; what it throws goes to who waits for it, and nowhere else */
  emit(taskId: string, read: () => ResultMeta): void {
    const entries = this.#byId.get(taskId);
    if (!entries) return;
    let meta: ResultMeta;
    try {
      meta = read();
    } catch (error) {
      for (const { onError } of [...entries]) onError?.(toError(error));
      return;
    }
    for (const { listener } of [...entries]) listener(meta);
  }

  /** The store was closed under those who wait. */
  fail(error: Error): void {
    const all = [...this.#byId.values()].flatMap((entries) => [...entries]);
    this.#byId.clear();
    for (const { onError } of all) onError?.(error);
  }
}

interface Askable {
  get(taskId: string): Promise<ResultMeta | null>;
  getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>>;
  subscribe(taskId: string, listener: ResultListener, onError?: (error: Error) => void): () => void;
}

/** The first ready record of one task. */
export function waitFor(
  store: Pick<Askable, 'get' | 'subscribe'>,
  taskId: string,
  signal: AbortSignal,
): Promise<ResultMeta> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let isOver = false;
    const end = (): void => {
      isOver = true;
      signal.removeEventListener('abort', onAbort);
      unsubscribe();
    };
    const look = (meta: ResultMeta | null): void => {
      if (isOver || !meta || !READY_STATES.has(meta.status)) return;
      end();
      resolve(meta);
    };
    const fail = (error: unknown): void => {
      if (isOver) return;
      end();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason);
    const unsubscribe = store.subscribe(taskId, look, fail);
    signal.addEventListener('abort', onAbort);
    store.get(taskId).then(look, fail);
  });
}

/** Each task's ready record once, as they come. */
export async function* watchAll(
  store: Askable,
  taskIds: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<ResultMeta, void, undefined> {
  const missing = new Set(taskIds);
  const arrived: ResultMeta[] = [];
  let wake: (() => void) | null = null;
  const arrive = (meta: ResultMeta): void => {
    if (!READY_STATES.has(meta.status) || !missing.delete(meta.task_id)) return;
    arrived.push(meta);
    wake?.();
  };
  let broken: Error | null = null;
  const onError = (error: Error): void => {
    broken = error;
    wake?.();
  };
  const onAbort = (): void => wake?.();
  const undo = [...missing].map((id) => store.subscribe(id, arrive, onError));
  signal.addEventListener('abort', onAbort);
  try {
    signal.throwIfAborted();
    for (const meta of (await store.getMany([...missing])).values()) arrive(meta);
    for (;;) {
      while (arrived.length > 0) yield arrived.shift()!;
      if (missing.size === 0) return;
      if (broken) throw broken;
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = null;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    for (const unsubscribe of undo) unsubscribe();
  }
}

/** The caller's patience may end before the work does. */
export function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
