// Waiting until an instant or a signal, whichever comes first.
// Holds: whatever way it ends, neither timer entry nor listener is left behind.
import type { GetOptions, ResultHost } from './host.ts';

/** Ran out of time; the caller knows what to tell about it. */
export class DeadlinePassed extends Error {}

export async function withDeadline<T>(
  host: ResultHost,
  options: GetOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const timeout = options.timeout ?? null;
  const handle = timeout === null ? null : host.timer.after(timeout * 1000, () => abort.abort(new DeadlinePassed()));
  const onAbort = (): void => abort.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', onAbort);
  if (options.signal?.aborted) onAbort();
  try {
    return await work(abort.signal);
  } finally {
    handle?.cancel();
    options.signal?.removeEventListener('abort', onAbort);
  }
}
