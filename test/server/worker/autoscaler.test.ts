// When the pool grows and shrinks, by a clock that the test moves. Celery 5.6: worker/autoscale.py
import { expect, it } from 'vitest';
import { createPool } from '../../../server/pool/registry.ts';
import { Autoscaler } from '../../../server/worker/autoscaler.ts';
import { Prefetch } from '../../../server/worker/prefetch.ts';
import type { Request } from '../../../server/worker/request.ts';
import { WorkerState } from '../../../server/worker/state.ts';
import { logger } from '../../flow/worker-world.ts';
import { ManualTimer } from '../../support/clock.ts';

it('grows at once with what there is to do, and shrinks when it has not grown for the keepalive', async () => {
  const timer = new ManualTimer();
  const pool = await createPool('async', { concurrency: 2, execute: () => new Promise<never>(() => {}), timer });
  const state = new WorkerState(timer);
  const prefetch = new Prefetch({ multiplier: 4, concurrency: 10, etaTaskLimit: null, disabled: false });
  const lines: string[] = [];
  const bounds = { max: 10, min: 2 };
  const scaler = new Autoscaler({ pool, bounds, state, prefetch, timer, log: logger(lines), keepaliveMs: 30_000 });
  scaler.start();
  const tasks = (['active', 'reserved', 'reserved', 'scheduled'] as const).map((phase) => ({ phase }) as Request);
  for (const task of tasks) state.requests.add(task);
  timer.advance(1000);
  // One that waits for its ETA is none of it.
  expect(scaler.info()).toEqual({ max: 10, min: 2, current: 3, qty: 3 });
  expect(lines).toEqual(['INFO Scaling up 1 processes.']);

  state.requests.clear();
  timer.advance(30_000);
  expect(pool.size).toBe(3);
  timer.advance(1000);
  expect(pool.size).toBe(2);
  expect(lines.at(-1)).toBe('INFO Scaling down 1 processes.');

  for (let n = 0; n < 20; n++) state.requests.add({ phase: 'reserved' } as Request);
  state.onReserved!();
  await new Promise(setImmediate);
  expect(pool.size).toBe(10);
  expect(prefetch.count).toBe(40);
  expect(scaler.update(5, undefined)).toEqual({ max: 5, min: 2 });
  expect(pool.size).toBe(5);
  expect(prefetch.count).toBe(20);
  expect(scaler.update(undefined, 6)).toEqual({ max: 5, min: 6 });
  expect(pool.size).toBe(6);
  scaler.stop();
  expect(state.onReserved).toBeNull();
});
