// /api/task/apply, async-apply and send-task: a call in, its id or its result out; /api/task/result and /api/task/abort.
// Not here: sending (../../operations/on-calls.ts), results as they are told (../../views/result-reply.ts).
// Flower: api/tasks.py

import { TimeoutError } from '../../../errors.ts';
import { newTaskId } from '../../../protocol/task-id.ts';
import type { AsyncResult } from '../../../results/async-result.ts';
import { Refused } from '../../operations/contract.ts';
import { resultOutcome } from '../../views/result-reply.ts';
import { isTaskKnown } from '../../views/task-types.ts';
import { hangUpOf } from '../context.ts';
import { badRequest, FlowerError, UNAVAILABLE } from './answer.ts';
import { type FlowerCall, readCall } from './call.ts';
import { operate } from './operate.ts';
import { jsonBodyOf } from './parameters.ts';
import { acts, type FlowerRequest, type FlowerRoute } from './route.ts';

/** A result is not waited for longer. @unit seconds */
const LONGEST_WAIT = 7 * 86_400;
const NO_BACKEND = 'No result backend is configured';

/** @returns its id @throws FlowerError 400 */
async function send(asked: FlowerRequest, { args, kwargs, options }: FlowerCall): Promise<string> {
  const id = typeof options.task_id === 'string' ? options.task_id : newTaskId();
  const call = { task_name: asked.name, args: [...args], kwargs, options: { ...options, task_id: id } };
  try {
    await operate(asked, { action: 'send_task', ...call });
  } catch (error) {
    if (error instanceof Refused) throw badRequest(error.message);
    throw error;
  }
  return id;
}

function callOf({ context, request }: FlowerRequest): FlowerCall {
  return readCall(jsonBodyOf(request), context.desk.actions.app.conf);
}

/** @throws FlowerError 404 */
async function requireTask({ context, name }: FlowerRequest): Promise<void> {
  if (!(await isTaskKnown(context.cluster, name))) throw new FlowerError(404, `Unknown task '${name}'`);
}

/** The state is not told where nobody keeps it. */
async function sent(asked: FlowerRequest, call: FlowerCall): Promise<unknown> {
  const id = await send(asked, call);
  // It is on its way: a store that is away just now does not make that untrue.
  const state = await asked.context.cluster
    .resultOf(id)
    ?.state()
    .catch(() => undefined);
  return { 'task-id': id, ...(state && { state }) };
}

/** @throws FlowerError 503 */
function resultOf({ context }: FlowerRequest, id: string): AsyncResult {
  const result = context.cluster.resultOf(id);
  if (result === null) throw new FlowerError(503, NO_BACKEND);
  return result;
}

async function ended(asked: FlowerRequest, result: AsyncResult, timeout: number | null): Promise<boolean> {
  const signal = hangUpOf(asked.reply);
  try {
    await result.get({ timeout, propagate: false, signal });
    return true;
  } catch (error) {
    if (error instanceof TimeoutError) return false;
    if (signal.aborted) throw new FlowerError(499, 'Nobody waits any more');
    throw error;
  }
}

export const SENDING_ROUTES: readonly FlowerRoute[] = [
  {
    method: 'POST',
    path: '/api/task/apply/*',
    ...acts('send_task'),
    errors: 'status',
    async answer(asked) {
      const call = callOf(asked);
      await requireTask(asked);
      resultOf(asked, 'x');
      const id = await send(asked, call);
      const result = resultOf(asked, id);
      await ended(asked, result, null);
      const { state, fields } = resultOutcome(await result.meta(), asked.context.masking);
      return { 'task-id': id, ...fields, state };
    },
  },
  {
    method: 'POST',
    path: '/api/task/async-apply/*',
    ...acts('send_task'),
    errors: 'status',
    async answer(asked) {
      const call = callOf(asked);
      await requireTask(asked);
      return sent(asked, call);
    },
  },
  {
    method: 'POST',
    path: '/api/task/send-task/*',
    ...acts('send_task'),
    errors: 'status',
    answer: async (asked) => sent(asked, callOf(asked)),
  },
  {
    method: 'GET',
    path: '/api/task/result/*',
    access: 'viewer',
    errors: 'status',
    async answer(asked) {
      const { name: id, parameters } = asked;
      const timeout = parameters.float('timeout');
      if (timeout !== null && timeout < 0) throw badRequest(`'timeout' must not be negative`);
      if (id === '') throw new FlowerError(404, 'Unknown task');
      const result = resultOf(asked, id);
      if (timeout) await ended(asked, result, Math.min(timeout, LONGEST_WAIT));
      const { state, fields } = resultOutcome(await result.meta(), asked.context.masking);
      return { 'task-id': id, state, ...fields };
    },
  },
  {
    method: 'POST',
    path: '/api/task/abort/*',
    ...acts('abort'),
    errors: 'status',
    async answer(asked) {
      const { name: id } = asked;
      resultOf(asked, 'x');
      try {
        await operate(asked, { action: 'abort', task_ids: [id] });
      } catch (error) {
        // The store is away: the broker has nothing to do with it.
        if (error instanceof Refused) throw new FlowerError(503, UNAVAILABLE);
        throw error;
      }
      return { message: `Aborted '${id}'` };
    },
  },
];
