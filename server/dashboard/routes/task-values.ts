// /tasks/:uuid/call, /result, /retry: the whole arguments, the stored result, and what sending the task again would send.
// Not here: the task as events tell it (tasks.ts), sending it (operations.ts).
import type { FastifyInstance } from 'fastify';
import { planRetry } from '../operations/retry.ts';
import { callOf, resultOf } from '../views/stored-values.ts';
import { notFound, type RouteContext } from './context.ts';
import { serve } from './serve.ts';

export function taskValueRoutes(app: FastifyInstance, { cluster, waiting, masking }: RouteContext): void {
  serve(app, 'GET /tasks/:uuid/call', async (request) => {
    const call = await callOf(cluster, masking, request.params.uuid);
    if (!call) throw notFound(`No task ${request.params.uuid} is known here.`);
    return call;
  });

  serve(app, 'GET /tasks/:uuid/retry', async (request) =>
    planRetry(cluster, waiting, request.params.uuid, masking.value),
  );

  serve(app, 'GET /tasks/:uuid/result', async (request) =>
    resultOf(cluster, masking, request.params.uuid, request.query.whole === true),
  );
}
