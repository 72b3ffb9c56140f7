// /tasks: lists, completion, one task. Its whole call, its result, what sending it again would send: task-values.ts. Writing: operations.ts.
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import { compileQuery } from '../../../shared/query/match.ts';
import { parseQuery } from '../../../shared/query/parser.ts';
import { findField, type QueryTree } from '../../../shared/query/tree.ts';
import type { WaitReply } from '../../../shared/wire/tasks.ts';
import { countUnknown } from '../cluster/held.ts';
import { BadCursor, SORT_FIELDS, type SortField } from '../history/contract.ts';
import { toWholeRow } from '../history/rows.ts';
import { findRow } from '../operations/retry.ts';
import { listNote } from '../views/list-note.ts';
import { taskDetail } from '../views/task-detail.ts';
import { taskTypes } from '../views/task-types.ts';
import { hangUpOf, notFound, ProblemError } from './context.ts';
import type { Serve } from './serve.ts';

export function taskRoutes(serve: Serve): void {
  serve('GET /tasks', async ({ cluster, taskRows }, request, reply) => {
    const q = request.query;
    const sort = q.sort ?? '-first_seen';
    const field = sort.replace(/^-/, '');
    if (!(SORT_FIELDS as readonly string[]).includes(field))
      throw new ProblemError(
        400,
        'Bad sort',
        `Tasks cannot be sorted by ${JSON.stringify(field)}. Possible: ${SORT_FIELDS.join(', ')}, with - in front for descending.`,
      );
    if (q.from !== undefined && q.to !== undefined && q.from > q.to)
      throw new ProblemError(400, 'Bad request', `'from' (${q.from}) is after 'to' (${q.to}).`);
    const states = q.state?.split(',').map((state) => state.trim().toUpperCase());
    if (states?.includes('') && q.state !== '')
      throw new ProblemError(400, 'Bad request', "'state' has an empty name between its commas.");
    try {
      const asked = {
        tree: readQuery(q.q, cluster.now),
        states: q.state ? states! : null,
        from: q.from ?? null,
        to: q.to ?? null,
        sort: field as SortField,
        descending: sort.startsWith('-'),
        cursor: q.cursor || null,
        limit: q.limit ?? 50,
      };
      const page = await cluster.history.tasks(asked, hangUpOf(reply));
      const { from, to, tree } = asked;
      const matches = tree === null ? null : compileQuery(tree);
      const isWithin = (t: TaskRecord) => (from === null || t.first_seen >= from) && (to === null || t.first_seen < to);
      return {
        ...page,
        items: page.items.map((row) => taskRows.shown(row)),
        note: listNote(asked.tree, asked.states, page.counts),
        counts_unknown: countUnknown(cluster, (t) => isWithin(t) && (matches === null || matches(toWholeRow(t)))),
      };
    } catch (error) {
      if (error instanceof BadCursor) throw new ProblemError(400, 'Bad cursor', error.message);
      throw error;
    }
  });

  serve('GET /tasks/facets', async ({ cluster }, request, reply) => {
    const { field: name, q, prefix = '' } = request.query;
    const field = findField(name);
    if (!field) throw new ProblemError(400, 'Unknown field', `Tasks have no field ${JSON.stringify(name)}.`);
    const asked = { field: field.name, tree: readQuery(q, cluster.now), prefix, limit: 20 };
    return cluster.history.facets(asked, hangUpOf(reply));
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
}

/** @throws ProblemError 400 with the position */
function readQuery(text: string | undefined, now: number): QueryTree | null {
  if (text === undefined || text.trim() === '') return null;
  const parsed = parseQuery(text, { nowS: now });
  if (!parsed.ok) throw new ProblemError(400, 'Bad query', parsed.message, { position: parsed.position });
  return parsed.tree;
}
