// /api/worker/*: shutting a worker down, its pool, its queues.
// Flower: api/control.py

import { operate, operateOn, requireWorker } from './operate.ts';
import { acts, type FlowerRequest, type FlowerRoute } from './route.ts';

async function resize(asked: FlowerRequest, verb: 'grow' | 'shrink', doing: string): Promise<unknown> {
  const { name: worker, parameters } = asked;
  const n = parameters.int('n') ?? 1;
  const message = `${doing} '${worker}' worker's pool by ${n}`;
  requireWorker(asked, worker);
  // A script that computes how many are missing: none.
  if (n === 0) return { message };
  const action = verb === 'grow' ? 'pool_grow' : 'pool_shrink';
  await operateOn(
    asked,
    worker,
    { action, n, destination: [worker] },
    (reason) => `Failed to ${verb} '${worker}' worker's pool: ${reason}`,
  );
  return { message };
}

export const CONTROL_ROUTES: readonly FlowerRoute[] = [
  {
    method: 'POST',
    path: '/api/worker/shutdown/*',
    ...acts('shutdown'),
    async answer(asked) {
      requireWorker(asked, asked.name);
      await operate(asked, { action: 'shutdown', destination: [asked.name] });
      return { message: 'Shutting down!' };
    },
  },
  {
    method: 'POST',
    path: '/api/worker/pool/restart/*',
    ...acts('pool_restart'),
    async answer(asked) {
      const worker = asked.name;
      await operateOn(
        asked,
        worker,
        { action: 'pool_restart', destination: [worker] },
        (reason) => `Failed to restart the '${worker}' pool: ${reason}`,
      );
      return { message: `Restarting '${worker}' worker's pool` };
    },
  },
  {
    method: 'POST',
    path: '/api/worker/pool/grow/*',
    ...acts('pool_grow'),
    answer: (asked) => resize(asked, 'grow', 'Growing'),
  },
  {
    method: 'POST',
    path: '/api/worker/pool/shrink/*',
    ...acts('pool_shrink'),
    answer: (asked) => resize(asked, 'shrink', 'Shrinking'),
  },
  {
    method: 'POST',
    path: '/api/worker/pool/autoscale/*',
    ...acts('autoscale'),
    async answer(asked) {
      const { name: worker, parameters } = asked;
      requireWorker(asked, worker);
      const [min, max] = [parameters.neededInt('min'), parameters.neededInt('max')];
      await operateOn(
        asked,
        worker,
        { action: 'autoscale', min, max, destination: [worker] },
        (reason) => `Failed to autoscale '${worker}' worker: ${reason}`,
      );
      return { message: `Autoscaling '${worker}' worker (min=${min}, max=${max})` };
    },
  },
  {
    method: 'POST',
    path: '/api/worker/queue/add-consumer/*',
    ...acts('add_consumer'),
    async answer(asked) {
      const { name: worker, parameters } = asked;
      requireWorker(asked, worker);
      const queue = parameters.needed('queue');
      const message = await operateOn(
        asked,
        worker,
        { action: 'add_consumer', queue, destination: [worker] },
        (reason) => `Failed to add '${queue}' consumer to '${worker}' worker: ${reason}`,
      );
      return { message };
    },
  },
  {
    method: 'POST',
    path: '/api/worker/queue/cancel-consumer/*',
    ...acts('cancel_consumer'),
    async answer(asked) {
      const { name: worker, parameters } = asked;
      requireWorker(asked, worker);
      const queue = parameters.needed('queue');
      const message = await operateOn(
        asked,
        worker,
        { action: 'cancel_consumer', queue, destination: [worker] },
        (reason) => `Failed to cancel '${queue}' consumer from '${worker}' worker: ${reason}`,
      );
      return { message };
    },
  },
];
