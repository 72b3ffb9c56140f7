// /tasks: lists, completion, one task. Its whole call, its result, what sending it again would send: task-values.ts. Writing: operations.ts.
import { findField } from '../../../shared/query/tree.ts';
import type { WaitReply } from '../../../shared/wire/tasks.ts';
import { VALUE_FIELDS } from '../access/sight.ts';
import { BadCursor } from '../history/contract.ts';
import { findRow } from '../operations/retry.ts';
import { taskComparison } from '../views/task-comparison.ts';
import { taskDetail } from '../views/task-detail.ts';
import { readSort, taskList } from '../views/task-list.ts';
import { taskTypes } from '../views/task-types.ts';
import { hangUpOf, notFound, ProblemError } from './context.ts';
import type { Serve } from './serve.ts';
import { hiddenValues, listOf, readQuery, within } from './task-query.ts';

export function taskRoutes(serve: Serve): void {
  serve('GET /tasks', async (context, request, reply) => {
    const { q, state, sort = '-first_seen', from = null, to = null, cursor, limit = 50 } = request.query;
    const order = readSort(sort);
    if (typeof order === 'string') throw new ProblemError(400, 'Bad sort', order);
    if (from !== null && to !== null && from > to)
      throw new ProblemError(400, 'Bad request', `'from' (${from}) is after 'to' (${to}).`);
    const states = listOf('state', state?.toUpperCase());
    const tree = within(request.identity.grant.sight, readQuery(q, context.cluster.now));
    const asked = { tree, states, from, to, ...order, cursor: cursor || null, limit };
    const page = await taskList(context, asked, hangUpOf(reply)).catch((error: unknown) => {
      if (error instanceof BadCursor) throw new ProblemError(400, 'Bad cursor', error.message);
      throw error;
    });
    const { sight } = request.identity.grant;
    // Letter case, which patterns of rules heed and queries do not.
    return sight.isWhole
      ? page
      : { ...page, items: page.items.filter((row) => sight.row(row)).map((row) => sight.shown(row)) };
  });

  serve('GET /tasks/facets', async ({ cluster }, request, reply) => {
    const { field: name, q, prefix = '' } = request.query;
    const field = findField(name);
    if (!field) throw new ProblemError(400, 'Unknown field', `Tasks have no field ${JSON.stringify(name)}.`);
    const { sight } = request.identity.grant;
    if (!sight.values && VALUE_FIELDS.has(field.name)) throw hiddenValues();
    const asked = { field: field.name, tree: within(sight, readQuery(q, cluster.now)), prefix, limit: 20 };
    const found = await cluster.history.facets(asked, hangUpOf(reply));
    const isSeen = (value: string) =>
      field.name === 'name' ? sight.task(value) : field.name === 'queue' ? sight.queue(value) : true;
    return { ...found, values: found.values.filter(({ value }) => isSeen(value)) };
  });

  serve('GET /tasks/types', async ({ baselines, cluster }) => ({ items: await taskTypes(cluster, baselines) }));

  serve('GET /tasks/:uuid', async (context, request) => {
    const { uuid } = request.params;
    const detail = await taskDetail({ ...context, interventions: context.desk.interventions }, uuid);
    if (!detail)
      throw notFound(`No task ${uuid} is known. It may be older than the history, or its events were never seen.`);
    return detail;
  });

  serve('GET /tasks/:uuid/wait', async ({ cluster, waiting }, request): Promise<WaitReply> => {
    const row = await findRow(cluster, request.params.uuid);
    if (!row) throw notFound(`No task ${request.params.uuid} is known.`);
    return { wait: await waiting.reason(row) };
  });

  serve('GET /tasks/:uuid/comparison', async ({ cluster }, request) => {
    const row = await findRow(cluster, request.params.uuid);
    if (!row) throw notFound(`No task ${request.params.uuid} is known.`);
    return taskComparison(cluster, row);
  });
}
