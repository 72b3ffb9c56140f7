// /tasks/:uuid/call, /result, /retry: the whole arguments, the stored result, and what sending the task again would send.
// Not here: the task as events tell it (tasks.ts), sending it (operations.ts).
import { planRetry } from '../operations/retry.ts';
import { callOf, resultOf } from '../views/stored-values.ts';
import { notFound } from './context.ts';
import type { Serve } from './serve.ts';

export function taskValueRoutes(serve: Serve): void {
  serve('GET /tasks/:uuid/call', async ({ cluster, masking }, request) => {
    const call = await callOf(cluster, masking, request.params.uuid);
    if (!call) throw notFound(`No task ${request.params.uuid} is known here.`);
    return call;
  });

  serve('GET /tasks/:uuid/retry', async ({ cluster, waiting, masking }, request) =>
    planRetry(cluster, waiting, request.params.uuid, masking.value),
  );

  serve('GET /tasks/:uuid/result', async ({ cluster, masking }, request) =>
    resultOf(cluster, masking, request.params.uuid, request.query.whole === true),
  );
}
