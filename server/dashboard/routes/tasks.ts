// /tasks: lists, completion, one task. Its whole call, its result, what sending it again would send: task-values.ts. Writing: operations.ts.
import type { FastifyInstance } from 'fastify';
import type { TaskRecord, TryRecord } from '../../../shared/events/task-record.ts';
import { parsePythonLiteral } from '../../../shared/python-repr.ts';
import { compileQuery } from '../../../shared/query/match.ts';
import { parseQuery } from '../../../shared/query/parser.ts';
import { findField, type QueryTree } from '../../../shared/query/tree.ts';
import { ENDED_STATES } from '../../../shared/states.ts';
import type { TaskDetail, TaskRow, TaskTry, WaitReply } from '../../../shared/wire/tasks.ts';
import type { WaitReason } from '../../../shared/wire/wait.ts';
import { countUnknown } from '../cluster/held.ts';
import { poolName } from '../cluster/rows.ts';
import { BadCursor, SORT_FIELDS, type SortField } from '../history/contract.ts';
import { failureOf } from '../history/exception.ts';
import { mergeStored, toRow, toWholeRow } from '../history/rows.ts';
import { becameOf } from '../operations/became.ts';
import { judge } from '../operations/judge.ts';
import { findRow, mayRetry } from '../operations/retry.ts';
import { listNote } from '../views/list-note.ts';
import { hangUpOf, notFound, ProblemError, type RouteContext } from './context.ts';
import { serve } from './serve.ts';

const CHILDREN = 100;

export function taskRoutes(
  app: FastifyInstance,
  { baselines, cluster, waiting, desk, progress, taskRows }: RouteContext,
): void {
  const { history } = cluster;

  serve(app, 'GET /tasks', async (request, reply) => {
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
      const page = await history.tasks(asked, hangUpOf(reply));
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

  serve(app, 'GET /tasks/facets', async (request, reply) => {
    const { field: name, q, prefix = '' } = request.query;
    const field = findField(name);
    if (!field) throw new ProblemError(400, 'Unknown field', `Tasks have no field ${JSON.stringify(name)}.`);
    const asked = { field: field.name, column: field.column, tree: readQuery(q, cluster.now), prefix, limit: 20 };
    return history.facets(asked, hangUpOf(reply));
  });

  serve(app, 'GET /tasks/types', async () => {
    const now = cluster.now;
    const [byName, pairs] = await Promise.all([
      baselines.lastHour(),
      history.keyStats('pair', now - 3600, now + 60, null),
    ]);
    const workers = new Map<string, string[]>();
    for (const { key } of pairs) {
      const [name, worker] = key.split('\n') as [string, string];
      workers.set(name, [...(workers.get(name) ?? []), worker]);
    }
    const names = new Set([...cluster.state.taskTypes, ...byName.keys()].filter((n) => n !== ''));
    const items = [...names].sort().map((name) => {
      const s = byName.get(name);
      return {
        name,
        finished: s?.finished ?? 0,
        failed: s?.failed ?? 0,
        p50: s?.p50 ?? null,
        p95: s?.p95 ?? null,
        p99: s?.p99 ?? null,
        workers: workers.get(name) ?? [],
      };
    });
    return { items };
  });

  serve(app, 'GET /tasks/:uuid', async (request) => {
    const { uuid } = request.params;
    const record = cluster.state.tasks.get(uuid);
    const stored = await history.task(uuid);
    if (!record && !stored)
      throw notFound(`No task ${uuid} is known. It may be older than the history, or its events were never seen.`);
    const base: Record<string, unknown> = record ? mergeStored(stored, record) : { ...stored };
    const row: TaskRow = toWholeRow(
      record && !record.partial && record.longer === null ? record : (base as unknown as TaskRecord),
    );
    const now = cluster.now;
    const [children, related, tries, usual, failures] = await Promise.all([
      history.children(uuid, CHILDREN),
      history.rows([row.parent_id, row.root_id].filter((id): id is string => id !== null && id !== uuid)),
      history.tries(uuid),
      baselines.lastHour(),
      row.exception === null || row.name === null
        ? []
        : history.failures({
            now,
            span: 86_400,
            limit: 1,
            task: row.name,
            exception: failureOf(row.exception).cls,
          }),
    ]);
    const known = new Map(related.map((r) => [r.uuid, r]));
    const fresh = (id: string | null): TaskRow | null => {
      if (id === null || id === uuid) return null;
      const live = cluster.state.tasks.get(id);
      return live ? toRow(live) : (known.get(id) ?? null);
    };
    const kids = new Map(children.rows.map((r) => [r.uuid, r]));
    for (const kid of cluster.state.childrenOf(uuid)) kids.set(kid.uuid, toRow(kid));
    const wait = await waiting.reason(row, { patient: false });
    const text = (key: string): string | null =>
      base[key] === null || base[key] === undefined ? null : String(base[key]);
    const detail: TaskDetail = {
      ...taskRows.shown(row),
      traceback: text('traceback'),
      exchange: text('exchange'),
      routing_key: text('routing_key'),
      clock: Number(base.clock ?? 0),
      pid: base.pid === null || base.pid === undefined ? null : Number(base.pid),
      args_truncated: isCut(row.args),
      kwargs_truncated: isCut(row.kwargs),
      tries: mergeTries(tries, record?.tries ?? [], row, text('traceback')),
      parent: fresh(row.parent_id),
      root: fresh(row.root_id),
      children: [...kids.values()].sort((a, b) => a.first_seen - b.first_seen).slice(0, CHILDREN),
      children_total: Math.max(children.total, kids.size),
      baseline_p95: usual.get(row.name ?? '')?.p95 ?? null,
      same_failures: row.state === 'FAILURE' ? (failures[0]?.trend.reduce((sum, n) => sum + n, 0) ?? 0) : 0,
      actions: actionsFor(cluster, row, wait),
      orphaned: wait?.cause === 'worker_gone',
      end_unknown: wait?.cause === 'lost' && wait.worker !== null,
      wait,
      progress: progress.of(uuid),
      became: becameOf(row, extraOf(base.extra), desk.interventions),
    };
    const extra = extraOf(base.extra);
    return extra ? { ...detail, extra } : detail;
  });

  serve(app, 'GET /tasks/:uuid/wait', async (request): Promise<WaitReply> => {
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

function isCut(repr: string | null): boolean {
  if (repr === null || repr === '') return false;
  const read = parsePythonLiteral(repr);
  return !read.ok && read.truncated;
}

function mergeTries(
  stored: readonly TaskTry[],
  live: readonly TryRecord[],
  row: TaskRow,
  traceback: string | null,
): TaskTry[] {
  const byNumber = new Map(stored.map((t) => [t.number, t]));
  for (const { cut, ...t } of live) if (!cut || !byNumber.has(t.number)) byNumber.set(t.number, t);
  if (byNumber.size === 0) return [];
  // The try that runs or waits now is not stored as an end yet.
  if (!byNumber.has(row.retries) && row.state !== 'RETRY')
    byNumber.set(row.retries, {
      number: row.retries,
      state: row.state,
      worker: row.worker,
      received: row.received,
      started: row.started,
      ended: row.succeeded ?? row.failed ?? row.revoked,
      exception: row.state === 'FAILURE' ? row.exception : null,
      traceback: row.state === 'FAILURE' ? traceback : null,
    });
  return [...byNumber.values()].sort((a, b) => a.number - b.number);
}

export function canTerminate(cluster: RouteContext['cluster'], hostname: string | null): string | null {
  const pool = hostname === null ? null : poolName(cluster.inspector.workers.get(hostname)?.stats?.pool);
  if (pool === null) return null;
  return /prefork|processes|threads/i.test(pool) ? 'kill' : 'abort';
}

function actionsFor(cluster: RouteContext['cluster'], row: TaskRow, wait: WaitReason | null): TaskDetail['actions'] {
  const terminate = canTerminate(cluster, row.worker);
  const finished = ENDED_STATES.has(row.state);
  const yes = { allowed: true, reason: null };
  const no = (reason: string) => ({ allowed: false, reason });
  const over = row.state === 'REVOKED' ? 'It is revoked already' : 'It has already finished';
  return {
    revoke: finished
      ? no(over)
      : wait?.cause === 'revoked' && !wait.may_still_run
        ? no(wait.sentence)
        : row.state === 'STARTED'
          ? no('It runs already: only terminate can end it')
          : yes,
    terminate: finished
      ? no(over)
      : row.state !== 'STARTED'
        ? no('It does not run: revoke it')
        : { allowed: true, reason: terminate === 'abort' ? 'Its pool can only ask the task to stop' : null },
    retry: mayRetry(cluster, row, judge(wait)),
  };
}

/** Event fields without a place of their own: a table in memory, JSON text in the history. */
function extraOf(extra: unknown): Record<string, unknown> | null {
  if (typeof extra === 'string') {
    try {
      return extraOf(JSON.parse(extra));
    } catch {
      return null;
    }
  }
  return typeof extra === 'object' && extra !== null ? (extra as Record<string, unknown>) : null;
}
