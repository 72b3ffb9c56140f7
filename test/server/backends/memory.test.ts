import { expect, test } from 'vitest';
import { createBackend } from '../../../server/backends/registry.ts';
import { backendContract } from '../../contract/backend.ts';
import { record, testContext } from './context.ts';

let count = 0;
backendContract('memory', () => `memory://test-${count++}`, { durable: false });

test('stores of different names in one process are apart, and cache+memory:// is the same store', async () => {
  const [a, b, c] = await Promise.all(
    ['memory://one', 'memory://two', 'cache+memory://one'].map((url) => createBackend(testContext(url))),
  );
  await a!.store(record('x', 'SUCCESS', 1));
  expect(await b!.get('x')).toBeNull();
  expect((await c!.get('x'))?.result).toBe(1);
  await Promise.all([a!.close(), b!.close(), c!.close()]);
});

test('records age by the clock that nobody sets', async () => {
  let [now, monotonic] = [1e12, 0];
  const times = { expiresMs: 60_000, now: () => now, monotonic: () => monotonic };
  const backend = await createBackend(testContext('memory://ages', times));
  await backend.store(record('x', 'SUCCESS', 1));
  now += 3_600_000;
  expect((await backend.get('x'))?.result).toBe(1);
  now -= 7_200_000;
  monotonic += 60_000;
  expect(await backend.get('x')).toBeNull();
  await backend.close();
});
