// What kind of pool a worker has, by the statistics of every Celery.
import { expect, it } from 'vitest';
import { poolName } from '../../server/dashboard/cluster/pool-kind.ts';

it.each([
  ['prefork', { 'max-concurrency': 2, processes: [1, 2], 'put-guarded-by-semaphore': false, writes: { total: 0 } }],
  ['prefork', { 'max-concurrency': 2, processes: [1, 2], 'put-guarded-by-semaphore': true, writes: 'N/A' }],
  ['prefork', { implementation: 'celery.concurrency.prefork:TaskPool', 'max-concurrency': 2, writes: {} }],
  ['solo', { 'max-concurrency': 1, processes: [7], 'put-guarded-by-semaphore': true, timeouts: [] }],
  ['threads', { 'max-concurrency': 4, threads: 4 }],
  ['eventlet', { 'max-concurrency': 9, 'free-threads': 9, 'running-threads': 0 }],
  ['async', { implementation: 'umbel:async', 'max-concurrency': 10 }],
  ['my.pool:Pool', { implementation: 'my.pool:Pool' }],
  [null, { 'max-concurrency': 3 }],
  [null, undefined],
])('says %s', (name, pool) => {
  expect(poolName(pool)).toBe(name);
});
