// A result store that is asked again when it was away: what `result_backend_always_retry` puts around any store.
// Not here: how long one store tries by itself to be connected (redis-client.ts).
// Holds: only what says that it is `temporary` is tried again, with waits that double up to the longest; the store's last word counts.
// Celery 5.6: backends/base.py store_result, get_task_meta, get_group_meta; utils/time.py get_exponential_backoff_interval
import { BackendError } from '../errors.ts';
import type { Timer } from '../timer.ts';
import { type Backend, type CountingBackend, countsChords } from './contract.ts';

export interface StoreRetries {
  /** `result_backend_max_retries`; Infinity: no limit. */
  readonly maxRetries: number;
  /** `result_backend_base_sleep_between_retries_ms`: each wait is between nothing and this, twice this, four times this ... */
  readonly baseMs: number;
  /** `result_backend_max_sleep_between_retries_ms` */
  readonly longestMs: number;
}

/** For a store that may be away, or whose disk may be full: as long as Celery waits for a Redis. */
export const PATIENCE: StoreRetries = { maxRetries: 40, baseMs: 500, longestMs: 1000 };

/** The same store, patient. */
export function retrying(backend: Backend, policy: StoreRetries, timer: Timer): Backend {
  let closed = false;
  const wakeAll = new Set<() => void>();
  const pause = (delayMs: number) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        handle.cancel();
        wakeAll.delete(wake);
        resolve();
      };
      const handle = timer.after(delayMs, wake);
      wakeAll.add(wake);
    });
  const again = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let retries = 1; ; retries++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof BackendError) || !error.temporary || retries > policy.maxRetries || closed) throw error;
        const most = Math.min(policy.longestMs, policy.baseMs * 2 ** retries);
        await pause(Math.random() * most);
      }
    }
  };
  const patient: Backend = {
    driver: backend.driver,
    flags: backend.flags,
    enabled: backend.enabled,
    store: (meta, request) => again(() => backend.store(meta, request)),
    get: (id) => again(() => backend.get(id)),
    getMany: (ids) => again(() => backend.getMany(ids)),
    wait: (id, signal) => backend.wait(id, signal),
    watch: (ids, signal) => backend.watch(ids, signal),
    subscribe: (id, listener, onError) => backend.subscribe(id, listener, onError),
    ...(backend.onTaskCall ? { onTaskCall: () => backend.onTaskCall!() } : {}),
    listening: async () => backend.listening?.(),
    forget: (id) => again(() => backend.forget(id)),
    saveGroup: (id, result) => again(() => backend.saveGroup(id, result)),
    restoreGroup: (id) => again(() => backend.restoreGroup(id)),
    forgetGroup: (id) => again(() => backend.forgetGroup(id)),
    cleanup: () => backend.cleanup(),
    close() {
      closed = true;
      for (const wake of wakeAll) wake();
      return backend.close();
    },
  };
  if (!countsChords(backend)) return patient;
  const counting: CountingBackend = {
    ...patient,
    startChord: (id, size, plan) => again(() => backend.startChord(id, size, plan)),
    // Not asked again: an answer that was lost on the way has grown it already.
    growChord: (id, by) => backend.growChord(id, by),
    completeChordPart: (part) => again(() => backend.completeChordPart(part)),
    forgetChord: (id) => again(() => backend.forgetChord(id)),
    openChords: (limit) => backend.openChords(limit),
    hasOpenChords: () => backend.hasOpenChords(),
    countedParts: (id) => again(() => backend.countedParts(id)),
  };
  return counting;
}
