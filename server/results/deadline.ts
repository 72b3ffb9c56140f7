// Waiting until an instant or a signal, whichever comes first.
// Holds: whatever way it ends, neither timer entry nor listener is left behind.
import { nearest } from '../../shared/nearest.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { GetOptions, ResultHost } from './host.ts';

/** Ran out of time; the caller knows what to tell about it. */
export class DeadlinePassed extends Error {}

export async function withDeadline<T>(
  host: ResultHost,
  options: GetOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  checkGetOptions(options);
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

const KNOWN: readonly (keyof GetOptions)[] = ['timeout', 'propagate', 'signal', 'interval'];

/** `get(5)` and `get({ timeOut: 5 })` would wait without end. */
function checkGetOptions(options: GetOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new ImproperlyConfigured(`get takes its options as an object: get({ timeout: 5 }), not ${String(options)}.`);
  for (const name of Object.keys(options)) {
    if ((KNOWN as readonly string[]).includes(name)) continue;
    const near = nearest(name, KNOWN);
    throw new ImproperlyConfigured(
      `get has no option '${name}'. ${near ? `Did you mean '${near}'?` : `It knows: ${KNOWN.join(', ')}.`}`,
    );
  }
  const { timeout } = options;
  if (timeout !== undefined && timeout !== null && !(typeof timeout === 'number' && timeout >= 0))
    throw new ImproperlyConfigured(
      `get: timeout must be a number of seconds of at least 0, not ${typeof timeout === 'string' ? `the text '${timeout}'` : String(timeout)}.`,
    );
}
