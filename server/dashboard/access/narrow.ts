// Answers of the API narrowed to what their reader may see, route by route.
// Not here: what a reader sees (sight.ts), lists that are asked for with it from the start (routes/tasks.ts, routes/operations.ts), frames
// of the live feed (../live/socket.ts).
// Holds: a route that is neither here nor in WITHOUT_NAMES answers a narrowed reader with 403: what is new hides until somebody has said
// how it is narrowed.
import type { Need } from '../../../shared/wire/attention.ts';
import type { FailureGroup, Figures } from '../../../shared/wire/overview.ts';
import type { PeekedMessage, QueueRow } from '../../../shared/wire/queues.ts';
import type { ReplyOf, RouteKey } from '../../../shared/wire/routes.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { RequestInfo, WorkerRow } from '../../../shared/wire/workers.ts';
import type { Sight } from './sight.ts';

/** Null: it is nothing this reader may know of. */
type Narrowing<K extends RouteKey> = (sight: Sight, reply: ReplyOf<K>) => unknown;

/** They hold no task, no queue and no value, or ask with the reader's sight themselves. */
const WITHOUT_NAMES: ReadonlySet<RouteKey> = new Set<RouteKey>([
  'GET /cluster',
  'GET /clusters',
  'GET /tasks',
  'GET /tasks/facets',
  'GET /tokens',
  'POST /tokens',
  'DELETE /tokens/:id',
  'GET /tasks/:uuid/workflow',
  'GET /workflows',
  'GET /operations',
  'GET /operations/export',
  'GET /views',
  'POST /views',
  'POST /schedules',
  'POST /schedules/enable',
  'POST /schedules/delete',
  'POST /schedules/run',
  'DELETE /views/:id',
  'GET /session',
  'POST /session',
  'DELETE /session',
  'GET /sessions',
  'POST /sessions/end',
  'GET /live',
  'GET /events',
  'GET /docs',
  'GET /docs/json',
  'GET /healthcheck',
  'GET /readyz',
  'GET /metrics',
  'GET /alive/:worker',
]);

/** Needs whose sentence and evidence name no task and no queue. */
const OF_THE_CLUSTER: ReadonlySet<Need['kind']> = new Set<Need['kind']>([
  'source-down',
  'no-workers',
  'clock-drift',
  'name-shared',
  'events-off',
  'events-lost',
]);

const NARROWED: { readonly [K in RouteKey]?: Narrowing<K> } = {
  'GET /overview': (sight, reply) => {
    const queues = seenQueues(sight, reply.queues);
    return {
      ...reply,
      attention: reply.attention.filter(({ kind }) => OF_THE_CLUSTER.has(kind)),
      attention_more: 0,
      figures: seenFigures(sight, reply.figures),
      failures: seenFailures(sight, reply.failures),
      queues,
      queues_total: sight.rule.queues === null ? reply.queues_total : queues.length,
      workers: reply.workers.map((row) => seenWorker(sight, row)),
    };
  },
  'GET /failures': (sight, { items }) => ({ items: seenFailures(sight, items) }),
  'GET /tasks/types': (sight, { items }) => ({ items: items.filter(({ name }) => sight.task(name)) }),
  'GET /tasks/:uuid': (sight, reply) => {
    const one = (row: TaskRow | null) => (row !== null && sight.row(row) ? sight.shown(row) : null);
    const children = reply.children.filter((row) => sight.row(row)).map((row) => sight.shown(row));
    const { extra: all, ...rest } = reply;
    // The steps around it may be others' tasks.
    const { canvas: _, ...extra } = all ?? {};
    const shown = {
      ...sight.shown(rest),
      parent: one(reply.parent),
      root: one(reply.root),
      children,
      children_total: children.length,
      // Who holds the slots and who goes before may be others' tasks.
      wait: null,
    };
    if (sight.values) return Object.keys(extra).length === 0 ? shown : { ...shown, extra };
    return {
      ...shown,
      traceback: null,
      progress: null,
      tries: shown.tries.map((one) => ({ ...one, exception: null, traceback: null })),
    };
  },
  'GET /tasks/:uuid/call': (sight, reply) => (sight.values ? reply : null),
  'GET /tasks/:uuid/result': (sight, reply) => (sight.values ? reply : null),
  'GET /tasks/:uuid/retry': (sight, reply) => ({
    ...reply,
    call: sight.values ? reply.call : null,
    queues: reply.queues.filter((name) => sight.queue(name)),
  }),
  'GET /workers': (sight, { items }) => ({ items: items.map((row) => seenWorker(sight, row)) }),
  'GET /workers/:hostname': (sight, reply) => {
    const requests = (list: typeof reply.reserved) =>
      list.filter(({ name }) => sight.task(name)).map((one) => seenRequest(sight, one));
    const { total: _, ...stats } = reply.stats ?? {};
    const { held } = reply;
    return {
      ...seenWorker(sight, reply),
      stats: reply.stats === null ? null : stats,
      conf: null,
      active_queues: reply.active_queues.filter(({ name }) => sight.queue(name)),
      active_tasks: requests(reply.active_tasks),
      reserved: requests(reply.reserved),
      scheduled: requests(reply.scheduled),
      revoked: [],
      registered: reply.registered.filter(({ name }) => sight.task(name)),
      held: held && { ...held, tasks: held.tasks.filter(({ name }) => sight.task(name)) },
    };
  },
  'GET /queues': (sight, { items }) => ({ items: seenQueues(sight, items) }),
  'GET /queues/:name': (sight, reply) => {
    if (!sight.queue(reply.name)) return null;
    return { ...reply, peek: reply.peek && seenMessages(sight, reply.peek) };
  },
  // A queue whose messages are taken to be looked at.
  'POST /operations': (sight, reply) =>
    reply.messages ? { ...reply, messages: seenMessages(sight, reply.messages) } : reply,
  // Of a task or a queue that is not seen it is refused before it is asked (routes/serve.ts).
  'GET /series': (_, reply) => reply,
  'GET /scheduled': (sight, reply) => {
    const items = reply.items
      .filter(({ name }) => sight.task(name))
      .map((one) => (sight.values ? one : { ...one, args: null, kwargs: null }));
    return { ...reply, items, total: items.length };
  },
  'GET /schedules/runs': (sight, reply) => (sight.task(reply.task) ? reply : null),
  'GET /schedules/recent': (sight, { items, ...reply }) => ({
    ...reply,
    items: items.filter(({ task }) => sight.task(task)),
    // It names entries of all.
    twice: null,
  }),
  'GET /schedules': (sight, reply) => ({
    ...reply,
    items:
      reply.items
        ?.filter(({ task }) => sight.task(task))
        .map((row) => (sight.values ? row : { ...row, args: null, kwargs: null, options: null })) ?? null,
  }),
};

/** Whether a narrowed reader is answered at all. */
export const isNarrowed = (key: RouteKey): boolean => WITHOUT_NAMES.has(key) || key in NARROWED;

/** @param key one that is narrowed  @returns null: as if it were not there */
export function narrow(key: RouteKey, sight: Sight, reply: unknown): unknown {
  if (WITHOUT_NAMES.has(key)) return reply;
  return (NARROWED[key] as Narrowing<RouteKey>)(sight, reply as never);
}

/** Whatever else a worker tells of it (argsrepr, delivery_info) may hold values and names. */
function seenRequest(sight: Sight, request: RequestInfo): RequestInfo {
  const { id, name, args, kwargs, time_start, acknowledged, worker_pid, eta, baseline_p95 } = request;
  return {
    ...{ id, name, time_start, worker_pid, eta, baseline_p95 },
    ...(acknowledged === undefined ? {} : { acknowledged }),
    ...(sight.values ? { args, kwargs } : { args: null, kwargs: null }),
  };
}

function seenMessages(sight: Sight, messages: readonly PeekedMessage[]): PeekedMessage[] {
  const seen = messages.filter(({ name }) => sight.task(name));
  if (sight.values) return seen;
  // Why a body could not be read may quote it.
  return seen.map(({ unread, ...one }) => ({
    ...{ ...one, args: null, kwargs: null },
    ...(unread === undefined ? {} : { unread: 'Its body cannot be read.' }),
  }));
}

export const seenQueues = (sight: Sight, rows: readonly QueueRow[]): QueueRow[] =>
  rows.filter(({ name }) => sight.queue(name));

export function seenWorker<T extends WorkerRow>(sight: Sight, row: T): T {
  return sight.rule.queues === null ? row : { ...row, queues: row.queues.filter((name) => sight.queue(name)) };
}

export function seenFigures(sight: Sight, figures: Figures): Figures {
  const { oldest_queue: queue } = figures;
  return queue === null || sight.queue(queue) ? figures : { ...figures, oldest_queue: null };
}

function seenFailures(sight: Sight, groups: readonly FailureGroup[]): FailureGroup[] {
  const seen = groups.filter(({ task }) => sight.task(task));
  return sight.values ? seen : seen.map((group) => ({ ...group, message: '' }));
}
