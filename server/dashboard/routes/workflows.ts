// /workflows and /tasks/:uuid/workflow: which there are, and all of one. Acting on what they hold: operations.ts.
import { workflowOf } from '../views/workflow.ts';
import { workflowList } from '../views/workflows.ts';
import { hangUpOf, notFound } from './context.ts';
import type { Serve } from './serve.ts';

export function workflowRoutes(serve: Serve): void {
  serve('GET /workflows', ({ cluster }, { identity }, reply) =>
    workflowList(cluster, identity.grant.sight, hangUpOf(reply)),
  );

  serve('GET /tasks/:uuid/workflow', async (context, { params, identity }) => {
    const workflow = await workflowOf(context, identity.grant.sight, params.uuid);
    if (!workflow) throw notFound(`No task ${params.uuid} is known. It may be older than the history.`);
    return workflow;
  });
}
