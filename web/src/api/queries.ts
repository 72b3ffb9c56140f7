// Every read of the API: its key, how long it stays fresh. Writes: actions.ts. Paths and replies: shared/wire/routes.ts.
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { OperationsQuery } from '../../../shared/wire/operations.ts';
import type { Range, SeriesQuery } from '../../../shared/wire/series.ts';
import type { TasksQuery } from '../../../shared/wire/tasks.ts';
import { get } from './client.ts';

export const overviewQuery = () =>
  queryOptions({
    queryKey: ['overview'],
    queryFn: ({ signal }) => get('/overview', {}, signal),
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });

export const clustersQuery = () =>
  queryOptions({
    queryKey: ['clusters'],
    queryFn: async ({ signal }) => (await get('/clusters', {}, signal)).items,
    staleTime: 60_000,
  });

export const brokerQuery = () =>
  queryOptions({
    queryKey: ['broker'],
    queryFn: ({ signal }) => get('/broker', {}, signal),
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });

export const tokensQuery = () =>
  queryOptions({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => get('/tokens', {}, signal),
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });

export const seriesQuery = (query: SeriesQuery) =>
  queryOptions({
    queryKey: ['series', query],
    queryFn: ({ signal }) => get('/series', { query }, signal),
    refetchInterval: seriesPeriodMs(query.range ?? '1h'),
    placeholderData: keepPreviousData,
  });

/** A chart is asked for again when something can have changed in it: once a bucket, but a short range every 5 s. */
function seriesPeriodMs(range: Range): number {
  if (range === '15m') return 3000;
  if (range === '1h') return 5000;
  return range === '6h' ? 20_000 : 60_000;
}

export const fetchTasks = (query: TasksQuery, signal?: AbortSignal) => get('/tasks', { query }, signal);

export const facetQuery = (field: string, q: string) =>
  queryOptions({
    queryKey: ['facet', field, q],
    queryFn: ({ signal }) => get('/tasks/facets', { query: { field, q } }, signal),
    staleTime: 5000,
    retry: false,
  });

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ['task', id],
    queryFn: ({ signal }) => get('/tasks/:uuid', { params: { uuid: id } }, signal),
    staleTime: 1000,
  });

/** All of its workflow: large, so that what changes is taken from the live feed, and it is read anew for what is new. */
export const workflowQuery = (id: string) =>
  queryOptions({
    queryKey: ['workflow', id],
    queryFn: ({ signal }) => get('/tasks/:uuid/workflow', { params: { uuid: id } }, signal),
    placeholderData: keepPreviousData,
  });

export const workflowsQuery = () =>
  queryOptions({
    queryKey: ['workflows'],
    queryFn: ({ signal }) => get('/workflows', {}, signal),
    refetchInterval: 3000,
    placeholderData: keepPreviousData,
  });

export const schedulesQuery = () =>
  queryOptions({
    queryKey: ['schedules'],
    queryFn: ({ signal }) => get('/schedules', {}, signal),
    refetchInterval: 5000,
    placeholderData: keepPreviousData,
  });

/** The last runs of all entries. */
export const recentRunsQuery = () =>
  queryOptions({
    queryKey: ['schedules', 'recent'],
    queryFn: ({ signal }) => get('/schedules/recent', {}, signal),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
    retry: false,
  });

export const scheduleRunsQuery = (name: string) =>
  queryOptions({
    queryKey: ['schedules', 'runs', name],
    queryFn: ({ signal }) => get('/schedules/runs', { query: { name } }, signal),
    refetchInterval: 10_000,
  });

/** Asks the workers: what they hold until its time. */
export const scheduledQuery = () =>
  queryOptions({
    queryKey: ['scheduled'],
    queryFn: ({ signal }) => get('/scheduled', {}, signal),
    refetchInterval: 5000,
    placeholderData: keepPreviousData,
  });

/** Why it does not run, from facts asked for now. */
export const waitQuery = (id: string) =>
  queryOptions({
    queryKey: ['wait', id],
    queryFn: async ({ signal }) => (await get('/tasks/:uuid/wait', { params: { uuid: id } }, signal)).wait,
    staleTime: 1000,
  });

/** Beside the last success of its name; what was compared once is compared again only when asked for. */
export const comparisonQuery = (id: string) =>
  queryOptions({
    queryKey: ['comparison', id],
    queryFn: ({ signal }) => get('/tasks/:uuid/comparison', { params: { uuid: id } }, signal),
    staleTime: 60_000,
  });

export const resultQuery = (id: string) =>
  queryOptions({
    queryKey: ['result', id],
    queryFn: ({ signal }) => get('/tasks/:uuid/result', { params: { uuid: id } }, signal),
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
    queryFn: ({ signal }) => get('/tasks/:uuid/retry', { params: { uuid: id } }, signal),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

/** The whole arguments. A waiting task's message may be taken meanwhile, its record come: asked anew when it has changed. */
export const callQuery = (id: string, state: string) =>
  queryOptions({
    queryKey: ['call', id, state],
    queryFn: ({ signal }) => get('/tasks/:uuid/call', { params: { uuid: id } }, signal),
    staleTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
  });

export const workersQuery = () =>
  queryOptions({
    queryKey: ['workers'],
    queryFn: async ({ signal }) => (await get('/workers', {}, signal)).items,
  });

export const workerQuery = (hostname: string) =>
  queryOptions({
    queryKey: ['worker', hostname],
    queryFn: ({ signal }) => get('/workers/:hostname', { params: { hostname } }, signal),
    refetchInterval: 3000,
    placeholderData: keepPreviousData,
  });

export const queuesQuery = () =>
  queryOptions({
    queryKey: ['queues'],
    queryFn: async ({ signal }) => (await get('/queues', {}, signal)).items,
  });

export const queueQuery = (name: string, range: Range) =>
  queryOptions({
    queryKey: ['queue', name, range],
    queryFn: ({ signal }) => get('/queues/:name', { params: { name }, query: { range } }, signal),
    refetchInterval: 5000,
    placeholderData: keepPreviousData,
  });

export const taskTypesQuery = () =>
  queryOptions({
    queryKey: ['task-types'],
    queryFn: async ({ signal }) => (await get('/tasks/types', {}, signal)).items,
    staleTime: 30_000,
  });

export const sessionsQuery = () =>
  queryOptions({
    queryKey: ['sessions'],
    queryFn: ({ signal }) => get('/sessions', {}, signal),
    refetchInterval: 30_000,
  });

export const fetchOperations = (query: OperationsQuery, signal?: AbortSignal) =>
  get('/operations', { query: { limit: 100, ...query } }, signal);

export const peopleQuery = () =>
  queryOptions({
    queryKey: ['people'],
    queryFn: ({ signal }) => get('/people', {}, signal),
    refetchInterval: 30_000,
    placeholderData: keepPreviousData,
  });

export const rulesQuery = () =>
  queryOptions({
    queryKey: ['rules'],
    queryFn: ({ signal }) => get('/rules', {}, signal),
    refetchInterval: 30_000,
    placeholderData: keepPreviousData,
  });
