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
