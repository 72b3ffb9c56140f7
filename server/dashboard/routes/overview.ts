// /overview, /failures, /cluster: is the cluster well?

import { Type } from 'typebox';
import { ClusterInfo } from '../../../shared/wire/cluster.ts';
import { FailuresReply, Overview } from '../../../shared/wire/overview.ts';
import { VIEWER } from '../access/identity.ts';
import { knowledge } from '../cluster/knowledge.ts';
import { clusterInfo, figures, queueRows, workerRows } from '../cluster/rows.ts';
import type { Api, RouteContext } from './context.ts';

const DAY = 86_400;
/** Rows of queues and of workers that the overview carries. */
const ROWS = 50;

export function overviewRoutes(app: Api, { attention, cluster, version }: RouteContext): void {
  app.get(
    '/overview',
    { config: VIEWER, schema: { summary: 'Is the cluster well?', response: { 200: Overview } } },
    async () => {
      const asked = { now: cluster.now, span: DAY, limit: 10, task: null, exception: null };
      const failures = await cluster.history.failures(asked);
      const queues = queueRows(cluster);
      const workers = workerRows(cluster);
      const { needs, more } = attention.needs();
      return {
        attention: needs,
        attention_more: more,
        settling: attention.isSettling,
        knowledge: knowledge(cluster),
        figures: figures(cluster, queues, workers),
        failures,
        queues: queues.slice(0, ROWS),
        queues_total: queues.length,
        workers: workers.slice(0, ROWS),
        workers_total: workers.length,
      } satisfies Overview;
    },
  );

  const Query = Type.Object({
    task: Type.Optional(Type.String()),
    exception: Type.Optional(Type.String()),
    hours: Type.Optional(Type.Integer({ minimum: 1, maximum: 720 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
  });
  app.get(
    '/failures',
    {
      config: VIEWER,
      schema: {
        summary: 'Failures by task and class of exception',
        querystring: Query,
        response: { 200: FailuresReply },
      },
    },
    async (request) => {
      const q = request.query;
      const items = await cluster.history.failures({
        now: cluster.now,
        span: (q.hours ?? 24) * 3600,
        limit: q.limit ?? 100,
        task: q.task ?? null,
        exception: q.exception ?? null,
      });
      return { items };
    },
  );

  app.get(
    '/cluster',
    {
      config: VIEWER,
      schema: { summary: 'The cluster, its sources, and who you are', response: { 200: ClusterInfo } },
    },
    async (request) => clusterInfo(cluster, version, request.identity.name),
  );
}
