// result_backend_always_retry: which errors are tried again, how long, how often.
import { describe, expect, it } from 'vitest';
import type { Backend, CountingBackend } from '../../../server/backends/contract.ts';
import { retrying, type StoreRetries } from '../../../server/backends/retrying.ts';
import { BackendError, BackendStoreError } from '../../../server/errors.ts';
import { ManualTimer } from '../../support/clock.ts';
import { record } from './context.ts';

const away = () => new BackendError('away', { temporary: true });

/** A store that fails so many times before it works, or for ever. */
function failing(errors: (Error | null)[], policy: Partial<StoreRetries> = {}) {
  const timer = new ManualTimer();
  let tries = 0;
  const work = async () => {
    const error = errors[Math.min(tries++, errors.length - 1)];
    if (error) throw error;
    return null;
  };
  const inner = {
    driver: 'test',
    flags: { shared: true, expiresItself: true, chords: 'counts' },
    enabled: true,
    store: work,
    get: work,
    completeChordPart: work,
    close: async () => {},
  };
  const backend = retrying(
    inner as unknown as Backend,
    { maxRetries: Number.POSITIVE_INFINITY, baseMs: 10, longestMs: 10_000, ...policy },
    timer,
  );
  /** Time goes on until it is settled, or nothing waits. */
  const run = async <T>(doing: Promise<T>): Promise<T> => {
    let open = true;
    const watched = doing.finally(() => {
      open = false;
    });
    watched.catch(() => {});
    for (let i = 0; i < 200 && open; i++) {
      await new Promise(setImmediate);
      timer.advance(20_000);
    }
    return watched;
  };
  return { backend, timer, run, tries: () => tries };
}

describe('a store that is always tried again', () => {
  it('stores, asks and counts chords again when it was away', async () => {
    for (const doing of ['store', 'get', 'completeChordPart'] as const) {
      const { backend, run, tries } = failing([
        away(),
        new BackendStoreError('a', 'SUCCESS', 'x', { cause: away() }),
        null,
      ]);
      await run<unknown>((backend as CountingBackend)[doing](record('a', 'SUCCESS') as never));
      expect(tries()).toBe(3);
    }
  });

  it('does not repeat what no repetition helps', async () => {
    for (const error of [new BackendError('cannot be read'), new TypeError('x')]) {
      const { backend, run, tries } = failing([error]);
      await expect(run(backend.get('a'))).rejects.toBe(error);
      expect(tries()).toBe(1);
    }
  });

  it('gives up after so many retries, with the last error', async () => {
    const last = away();
    const { backend, run, tries } = failing([away(), away(), last], { maxRetries: 3 });
    await expect(run(backend.store(record('a', 'SUCCESS')))).rejects.toBe(last);
    expect(tries()).toBe(4);
  });

  it('waits up to twice the base, four times ..., never above the longest', async () => {
    const { backend, timer, tries } = failing([away()], { baseMs: 100, longestMs: 300 });
    backend.get('a').catch(() => {});
    for (const mostMs of [200, 300, 300, 300]) {
      await new Promise(setImmediate);
      const before = tries();
      timer.advance(mostMs);
      await new Promise(setImmediate);
      expect(tries()).toBe(before + 1);
    }
  });

  it('closed while it waits, tells the error at once', async () => {
    const { backend } = failing([away()]);
    const asking = backend.get('a');
    asking.catch(() => {});
    await new Promise(setImmediate);
    await backend.close();
    await expect(asking).rejects.toThrow('away');
  });
});
