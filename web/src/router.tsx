// The route table: every page, its path and what its URL may hold. Pages arrive in their own chunks.
// Holds: search parameters are plain text in the URL; what is not understood is left out, never an error.
import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent } from '@tanstack/react-router';
import { fromSegment, toSegment } from '../../shared/path-segment.ts';
import {
  OPERATION_CATEGORIES,
  type OperationCategory,
  RECORDED_ACTIONS,
} from '../../shared/wire/operation-categories.ts';
import type { Outcome, RecordedAction } from '../../shared/wire/operations.ts';
import type { Range } from '../../shared/wire/series.ts';
import { BASE_PATH } from './api/base.ts';
import { ApiError } from './api/client.ts';
import { workflowQuery } from './api/queries.ts';
import { queryClient } from './api/query-client.ts';
import { OUTCOMES } from './audit/recorded.ts';
import { t } from './language/text.ts';
import { BareShell, PageError } from './shell/failed.tsx';
import { Bar, Layout } from './shell/layout.tsx';
import { Empty, Skeleton } from './ui/feedback.tsx';

/**
 * A chunk that cannot be fetched: the server is away (say so, in the page), or it serves a newer build (the router loads anew).
 */
function orSay<T>(load: () => Promise<T>): () => Promise<T> {
  return () =>
    load().catch(async (cause: unknown) => {
      const there = await fetch(document.baseURI, { method: 'HEAD' }).then(
        (reply) => reply.ok,
        () => false,
      );
      if (there) throw cause;
      throw new ApiError(
        { status: 0, title: 'The dashboard server cannot be reached', detail: 'Is it still running?' },
        { cause },
      );
    });
}

const PAGES = {
  overview: orSay(() => import('./pages/overview.tsx')),
  tasks: orSay(() => import('./pages/tasks.tsx')),
  task: orSay(() => import('./pages/task.tsx')),
  workers: orSay(() => import('./pages/workers.tsx')),
  worker: orSay(() => import('./pages/worker.tsx')),
  queues: orSay(() => import('./pages/queues.tsx')),
  workflows: orSay(() => import('./pages/workflows.tsx')),
  workflow: orSay(() => import('./pages/workflow.tsx')),
  schedules: orSay(() => import('./pages/schedules.tsx')),
  scheduled: orSay(() => import('./pages/scheduled.tsx')),
  broker: orSay(() => import('./pages/broker.tsx')),
  audit: orSay(() => import('./pages/audit.tsx')),
  access: orSay(() => import('./pages/access.tsx')),
  alerts: orSay(() => import('./pages/alerts.tsx')),
};

/** Fetch every page while nothing else is to do: going there is instant then, and works while the server is away. */
export function fetchPages(): void {
  for (const load of Object.values(PAGES)) void load().catch(() => {});
}

const RANGES: readonly Range[] = ['15m', '1h', '6h', '24h', '7d', '30d'];
type Raw = Record<string, unknown>;
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const oneOf = <T extends string>(value: unknown, among: readonly T[]): T | undefined => among.find((v) => v === value);

/** A parameter that may be any name: '..' too. */
const segment = <K extends string>(key: K) => ({
  parse: (raw: Record<K, string>) => ({ ...raw, [key]: fromSegment(raw[key]) }) as Record<K, string>,
  stringify: (given: Record<K, string>) => ({ ...given, [key]: toSegment(given[key]) }) as Record<K, string>,
});

const root = createRootRoute({
  component: Layout,
  notFoundComponent: () => (
    <main className="content" id="main">
      <Bar title={t('Not found')} />
      <Empty icon="search" title={t('There is no such page')}>
        <Link to="/tasks" className="link">
          {t('Tasks')}
        </Link>
      </Empty>
    </main>
  ),
  // The frame itself has failed: its places without it.
  errorComponent: BareShell,
});

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  // Not chosen: the page takes what fits its history.
  validateSearch: (raw: Raw): { range?: Range } => ({ range: oneOf(raw.range, RANGES) }),
  component: lazyRouteComponent(PAGES.overview),
});

const tasks = createRoute({
  getParentRoute: () => root,
  path: '/tasks',
  validateSearch: (raw: Raw): { q?: string; state?: string; sort?: string; task?: string; hide?: string } => ({
    q: text(raw.q),
    state: text(raw.state),
    sort: text(raw.sort),
    task: text(raw.task),
    hide: typeof raw.hide === 'string' ? raw.hide : undefined,
  }),
  component: lazyRouteComponent(PAGES.tasks),
});

const task = createRoute({
  getParentRoute: () => root,
  path: '/tasks/$id',
  params: segment('id'),
  component: lazyRouteComponent(PAGES.task),
});

/** A filter, an order, by stem or flat, one facet. */
interface ListSearch<By extends string = 'stem' | 'flat'> {
  q?: string;
  sort?: string;
  by?: By;
  show?: string;
}
function listSearch(raw: Raw): ListSearch {
  return { q: text(raw.q), sort: text(raw.sort), by: oneOf(raw.by, ['stem', 'flat'] as const), show: text(raw.show) };
}

const workers = createRoute({
  getParentRoute: () => root,
  path: '/workers',
  validateSearch: (raw: Raw): ListSearch<'stem' | 'node' | 'flat'> => ({
    ...listSearch(raw),
    by: oneOf(raw.by, ['stem', 'node', 'flat'] as const),
  }),
  component: lazyRouteComponent(PAGES.workers),
});

const WORKER_TABS = ['tasks', 'queues', 'reserved', 'scheduled', 'revoked', 'pool', 'stats', 'conf'] as const;
const worker = createRoute({
  getParentRoute: () => root,
  path: '/workers/$name',
  params: segment('name'),
  validateSearch: (raw: Raw): { tab?: (typeof WORKER_TABS)[number] } => ({ tab: oneOf(raw.tab, WORKER_TABS) }),
  component: lazyRouteComponent(PAGES.worker),
});

const queueSearch = (raw: Raw): ListSearch & { tab?: 'messages' | 'consumers' | 'history'; range?: Range } => ({
  ...listSearch(raw),
  tab: oneOf(raw.tab, ['messages', 'consumers', 'history'] as const),
  range: oneOf(raw.range, RANGES),
});
const queuesPage = lazyRouteComponent(PAGES.queues);
const queues = createRoute({
  getParentRoute: () => root,
  path: '/queues',
  validateSearch: queueSearch,
  component: queuesPage,
});
const queue = createRoute({
  getParentRoute: () => root,
  path: '/queues/$name',
  params: segment('name'),
  validateSearch: queueSearch,
  component: queuesPage,
});

const workflows = createRoute({
  getParentRoute: () => root,
  path: '/workflows',
  component: lazyRouteComponent(PAGES.workflows),
});
const workflow = createRoute({
  getParentRoute: () => root,
  path: '/workflows/$id',
  params: segment('id'),
  validateSearch: (raw: Raw): { task?: string; view?: 'graph' | 'timeline' | 'list' } => ({
    task: text(raw.task),
    view: oneOf(raw.view, ['graph', 'timeline', 'list'] as const),
  }),
  // Read while the page itself is on its way: a large one takes its time. Not for a pointer that passes over its link.
  loader: ({ params, cause }) => {
    const query = workflowQuery(params.id);
    if (cause !== 'preload' && !queryClient.getQueryData(query.queryKey)) void queryClient.prefetchQuery(query);
  },
  component: lazyRouteComponent(PAGES.workflow),
});

const schedules = createRoute({
  getParentRoute: () => root,
  path: '/schedules',
  validateSearch: (raw: Raw): { q?: string; sort?: string; show?: string; entry?: string } => ({
    q: text(raw.q),
    sort: text(raw.sort),
    show: text(raw.show),
    entry: text(raw.entry),
  }),
  component: lazyRouteComponent(PAGES.schedules),
});

const scheduled = createRoute({
  getParentRoute: () => root,
  path: '/scheduled',
  validateSearch: (raw: Raw): { q?: string; sort?: string } => ({ q: text(raw.q), sort: text(raw.sort) }),
  component: lazyRouteComponent(PAGES.scheduled),
});

const broker = createRoute({
  getParentRoute: () => root,
  path: '/broker',
  component: lazyRouteComponent(PAGES.broker),
});

/** What the audit page keeps, as text: who acted, what it was about, what was done, how it came out, on what; which record is open. */
export interface AuditSearch {
  who?: string;
  category?: OperationCategory;
  action?: RecordedAction;
  outcome?: Outcome;
  on?: string;
  open?: string;
}
const auditSearch = (raw: Raw): AuditSearch => ({
  who: text(raw.who),
  category: oneOf(raw.category, OPERATION_CATEGORIES),
  action: oneOf(raw.action, RECORDED_ACTIONS),
  outcome: oneOf(raw.outcome, OUTCOMES),
  on: text(raw.on),
  open: text(raw.open),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (raw: Raw): AuditSearch => auditSearch(raw),
  component: lazyRouteComponent(PAGES.audit),
});

const access = createRoute({
  getParentRoute: () => root,
  path: '/access',
  component: lazyRouteComponent(PAGES.access),
});

const alerts = createRoute({
  getParentRoute: () => root,
  path: '/alerts',
  component: lazyRouteComponent(PAGES.alerts),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    tasks,
    task,
    workers,
    worker,
    queues,
    queue,
    workflows,
    workflow,
    schedules,
    scheduled,
    broker,
    audit,
    access,
    alerts,
  ]),
  basepath: BASE_PATH,
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(search))
      if (value !== undefined && value !== null) params.set(name, String(value));
    const written = params.toString();
    return written ? `?${written}` : '';
  },
  // Within the frame: the rail and the top bar stay.
  defaultErrorComponent: PageError,
  defaultPreload: 'intent',
  // Once a page's place is held, React leaves that standing for 300 ms: what comes soon had better be waited for.
  defaultPendingMs: 500,
  defaultPendingMinMs: 0,
  scrollRestoration: true,
  defaultPendingComponent: () => (
    <main className="content" id="main">
      <Skeleton rows={14} />
    </main>
  ),
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
