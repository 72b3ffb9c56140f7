// Every read of the API: its path, its key, how long it stays fresh. Writes: actions.ts.
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { toSegment } from '../../../shared/path-segment.ts';
import type { OperationsPage, OperationsQuery } from '../../../shared/wire/operations.ts';
import type { Overview } from '../../../shared/wire/overview.ts';
import type { QueueDetail, QueueRow } from '../../../shared/wire/queues.ts';
import type { Range, SeriesQuery, SeriesReply } from '../../../shared/wire/series.ts';
import type { CallReply, ResultReply, RetryPlan } from '../../../shared/wire/task-values.ts';
import type { FacetReply, TaskDetail, TaskPage, TasksQuery, TaskType } from '../../../shared/wire/tasks.ts';
import type { WaitReason } from '../../../shared/wire/wait.ts';
import type { WorkerDetail, WorkerRow } from '../../../shared/wire/workers.ts';
import { get } from './client.ts';

const part = (name: string) => encodeURIComponent(toSegment(name));

export const overviewQuery = () =>
  queryOptions({
    queryKey: ['overview'],
    queryFn: ({ signal }) => get<Overview>('overview', {}, signal),
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });

export const seriesQuery = (query: SeriesQuery) =>
  queryOptions({
    queryKey: ['series', query],
    queryFn: ({ signal }) => get<SeriesReply>('series', query, signal),
    refetchInterval: seriesPeriodMs(query.range ?? '1h'),
    placeholderData: keepPreviousData,
  });

/** A chart is asked for again when something can have changed in it: once a bucket, but a short range every 5 s. */
function seriesPeriodMs(range: Range): number {
  if (range === '15m') return 3000;
  if (range === '1h') return 5000;
  return range === '6h' ? 20_000 : 60_000;
}

export const fetchTasks = (query: TasksQuery, signal?: AbortSignal) => get<TaskPage>('tasks', query, signal);

export const facetQuery = (field: string, q: string) =>
  queryOptions({
    queryKey: ['facet', field, q],
    queryFn: ({ signal }) => get<FacetReply>('tasks/facets', { field, q }, signal),
    staleTime: 5000,
    retry: false,
  });

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ['task', id],
    queryFn: ({ signal }) => get<TaskDetail>(`tasks/${part(id)}`, {}, signal),
    staleTime: 1000,
  });

/** Why it does not run, from facts asked for now. */
export const waitQuery = (id: string) =>
  queryOptions({
    queryKey: ['wait', id],
    queryFn: async ({ signal }) => (await get<{ wait: WaitReason | null }>(`tasks/${part(id)}/wait`, {}, signal)).wait,
    staleTime: 1000,
  });

export const resultQuery = (id: string) =>
  queryOptions({
    queryKey: ['result', id],
    queryFn: ({ signal }) => get<ResultReply>(`tasks/${part(id)}/result`, {}, signal),
    staleTime: 10_000,
    retry: false,
  });

/** What a task that runs has stored of itself so far. */
export const storedStateQuery = (id: string) =>
  queryOptions({ ...resultQuery(id), queryKey: ['stored-state', id], staleTime: 1000 });

/** What sending it again would send: asked anew each time the dialog opens. */
export const retryPlanQuery = (id: string) =>
  queryOptions({
    queryKey: ['retry-plan', id],
    queryFn: ({ signal }) => get<RetryPlan>(`tasks/${part(id)}/retry`, {}, signal),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

/** The whole arguments. A waiting task's message may be taken meanwhile, its record come: asked anew when it has changed. */
export const callQuery = (id: string, state: string) =>
  queryOptions({
    queryKey: ['call', id, state],
    queryFn: ({ signal }) => get<CallReply>(`tasks/${part(id)}/call`, {}, signal),
    staleTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
  });

export const workersQuery = () =>
  queryOptions({
    queryKey: ['workers'],
    queryFn: async ({ signal }) => itemsOf(await get<WorkerRow[] | { items: WorkerRow[] }>('workers', {}, signal)),
  });

export const workerQuery = (hostname: string) =>
  queryOptions({
    queryKey: ['worker', hostname],
    queryFn: ({ signal }) => get<WorkerDetail>(`workers/${part(hostname)}`, {}, signal),
    refetchInterval: 3000,
    placeholderData: keepPreviousData,
  });

export const queuesQuery = () =>
  queryOptions({
    queryKey: ['queues'],
    queryFn: async ({ signal }) => itemsOf(await get<QueueRow[] | { items: QueueRow[] }>('queues', {}, signal)),
  });

export const queueQuery = (name: string, range: Range) =>
  queryOptions({
    queryKey: ['queue', name, range],
    queryFn: ({ signal }) => get<QueueDetail>(`queues/${part(name)}`, { range }, signal),
    refetchInterval: 5000,
    placeholderData: keepPreviousData,
  });

export const taskTypesQuery = () =>
  queryOptions({
    queryKey: ['task-types'],
    queryFn: async ({ signal }) => itemsOf(await get<TaskType[] | { items: TaskType[] }>('tasks/types', {}, signal)),
    staleTime: 30_000,
  });

export const fetchOperations = (query: OperationsQuery, signal?: AbortSignal) =>
  get<OperationsPage>('operations', { limit: 100, ...query }, signal);

function itemsOf<T>(reply: T[] | { items: T[] }): T[] {
  return Array.isArray(reply) ? reply : reply.items;
}
