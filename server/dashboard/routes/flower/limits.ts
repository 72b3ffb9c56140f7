// /api/task/timeout and /api/task/rate-limit: limits of a task on one worker; /api/task/revoke.
// Flower: api/control.py

import { NothingToDo, Refused } from '../../operations/contract.ts';
import { isTaskKnown } from '../../views/task-types.ts';
import { badRequest, FlowerError } from './answer.ts';
import { operate, operateOn, requireWorker } from './operate.ts';
import { acts, type FlowerRequest, type FlowerRoute } from './route.ts';

/** @returns the worker @throws FlowerError */
async function limited(asked: FlowerRequest): Promise<string> {
  const { context, name: task, parameters } = asked;
  const worker = parameters.needed('workername');
  if (!(await isTaskKnown(context.cluster, task))) throw new FlowerError(404, `Unknown task '${task}'`);
  requireWorker(asked, worker);
  return worker;
}

export const LIMIT_ROUTES: readonly FlowerRoute[] = [
  {
    method: 'POST',
    path: '/api/task/timeout/*',
    ...acts('time_limit'),
    async answer(asked) {
      const { name: task, parameters } = asked;
      const [soft, hard] = [parameters.float('soft'), parameters.float('hard')];
      const worker = await limited(asked);
      const message = await operateOn(
        asked,
        worker,
        { action: 'time_limit', task_name: task, soft, hard, destination: [worker] },
        (reason) => `Failed to set timeouts: '${reason}'`,
      );
      return { message };
    },
  },
  {
    method: 'POST',
    path: '/api/task/rate-limit/*',
    ...acts('rate_limit'),
    async answer(asked) {
      const { name: task, parameters } = asked;
      const rate = parameters.needed('ratelimit');
      const worker = await limited(asked);
      const message = await operateOn(
        asked,
        worker,
        { action: 'rate_limit', task_name: task, rate_limit: rate, destination: [worker] },
        (reason) => `Failed to set rate limit: '${reason}'`,
      );
      return { message };
    },
  },
  {
    method: 'POST',
    path: '/api/task/revoke/*',
    ...acts('terminate'),
    async answer(asked) {
      const { name: id, parameters } = asked;
      const terminate = parameters.bool('terminate');
      const signal = parameters.text('signal') || 'SIGTERM';
      try {
        await operate(
          asked,
          terminate ? { action: 'terminate', task_ids: [id], signal } : { action: 'revoke', task_ids: [id] },
        );
      } catch (error) {
        // A task that is over is as good as revoked, which is what Flower says of any.
        if (!(error instanceof Refused)) throw error;
        if (!(error instanceof NothingToDo)) throw badRequest(error.message);
      }
      return { message: `Revoked '${id}'` };
    },
  },
];
