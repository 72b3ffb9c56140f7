// Waiting on a store that tells nobody: who waits is told by looking, all ids in one question, often at first, then at an interval.
// What this process stores itself is told at once.
// Holds: a store that is away is asked again; a record that was told is not told again until it has changed; nothing is asked while
// nobody waits.
// Celery 5.6: backends/database SUBPOLLING (every half second)
import { BackendError, toError } from '../errors.ts';
import type { ResultMeta } from '../protocol/result-meta.ts';
import { encodeJsonFast } from '../serialization/json.ts';
import { createTimer, type Timer, type TimerHandle } from '../timer.ts';
import { type ResultListener, ResultListeners, watchAll } from './waiters.ts';

/** @unit milliseconds */
const FIRST_LOOK_MS = 10;
const LONGEST_MS = 500;

export interface PolledOptions {
  /** Option `polling_interval` of the store, in seconds. Default half a second. */
  readonly polling: unknown;
  readonly getMany: (taskIds: readonly string[]) => Promise<Map<string, ResultMeta>>;
  readonly timer?: Timer;
}

export class PolledResults {
  readonly #listeners = new ResultListeners();
  readonly #timer: Timer;
  readonly #getMany: PolledOptions['getMany'];
  readonly #longestMs: number;
  /** What was told last of each id that somebody waits for. */
  readonly #emitted = new Map<string, string>();
  #delayMs = FIRST_LOOK_MS;
  #next: TimerHandle | null = null;
  #looking = false;
  /** Somebody came since the last look began. */
  #newcomers = false;
  /** Told by this process since then: what a look has found of them may be older. */
  readonly #newer = new Set<string>();

  constructor({ polling, getMany, timer = createTimer() }: PolledOptions) {
    this.#timer = timer;
    this.#getMany = getMany;
    this.#longestMs = typeof polling === 'number' && polling > 0 ? polling * 1000 : LONGEST_MS;
  }

  subscribe(taskId: string, listener: ResultListener, onError?: (error: Error) => void): () => void {
    const remove = this.#listeners.add(taskId, listener, onError);
    // Who comes new has heard nothing yet.
    this.#emitted.delete(taskId);
    this.#delayMs = Math.min(FIRST_LOOK_MS, this.#longestMs);
    this.#newcomers = true;
    this.#schedule(0);
    return () => {
      remove();
      if (!this.#listeners.has(taskId)) this.#emitted.delete(taskId);
      if (this.#listeners.size > 0) return;
      this.#next?.cancel();
      this.#next = null;
    };
  }

  /** Each task's ready record once, as they come. The first look finds those that are ready. */
  watch(taskIds: readonly string[], signal: AbortSignal): AsyncIterable<ResultMeta> {
    return watchPolled(this.subscribe.bind(this), taskIds, signal);
  }

  async wait(taskId: string, signal: AbortSignal): Promise<ResultMeta> {
    for await (const meta of this.watch([taskId], signal)) return meta;
    throw signal.reason ?? new BackendError(`No result of ${taskId}`);
  }

  /** Stored by this process. */
  stored(meta: ResultMeta): void {
    if (!this.#listeners.has(meta.task_id)) return;
    if (this.#looking) this.#newer.add(meta.task_id);
    this.#emit(meta);
  }

  /** Nothing more will be heard. */
  fail(error: Error): void {
    this.#next?.cancel();
    this.#next = null;
    this.#emitted.clear();
    this.#listeners.fail(error);
  }

  #schedule(delayMs = this.#delayMs): void {
    if (this.#looking) return;
    this.#next?.cancel();
    this.#next = this.#timer.after(delayMs, () => void this.#look());
    if (delayMs > 0) this.#delayMs = Math.min(this.#longestMs, this.#delayMs * 1.5);
  }

  async #look(): Promise<void> {
    this.#next = null;
    this.#looking = true;
    this.#newcomers = false;
    this.#newer.clear();
    const ids = this.#listeners.ids();
    try {
      this.#found(await this.#getMany(ids));
    } catch (thrown) {
      // A store that is away is asked again; a record that cannot be read is for who waits for it alone.
      const error = toError(thrown);
      if (!(error instanceof BackendError && error.temporary)) await this.#lookOneByOne(ids);
    } finally {
      this.#looking = false;
      if (this.#listeners.size > 0) this.#schedule(this.#newcomers ? 0 : undefined);
    }
  }

  async #lookOneByOne(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      try {
        this.#found(await this.#getMany([id]));
      } catch (error) {
        if (error instanceof BackendError && error.temporary) return;
        this.#listeners.emit(id, () => {
          throw error;
        });
      }
    }
  }

  #found(metas: ReadonlyMap<string, ResultMeta>): void {
    for (const meta of metas.values()) if (!this.#newer.has(meta.task_id)) this.#emit(meta);
  }

  #emit(meta: ResultMeta): void {
    const mark = markOf(meta);
    if (this.#emitted.get(meta.task_id) === mark) return;
    this.#emitted.set(meta.task_id, mark);
    this.#listeners.emit(meta.task_id, () => meta);
  }
}

/** `watch`, of a store that has several of them. */
export function watchPolled(
  subscribe: PolledResults['subscribe'],
  taskIds: readonly string[],
  signal: AbortSignal,
): AsyncIterable<ResultMeta> {
  const nothing = async () => new Map<string, ResultMeta>();
  return watchAll({ get: async () => null, getMany: nothing, subscribe }, taskIds, signal);
}

/** Without the time: some databases keep less of it than was stored. */
function markOf({ status, result }: ResultMeta): string {
  try {
    return `${status} ${encodeJsonFast(result)}`;
  } catch {
    return status;
  }
}
