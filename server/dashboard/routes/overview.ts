// /overview, /failures, /cluster: is the cluster well?

import type { Overview } from '../../../shared/wire/overview.ts';
import { knowledge } from '../cluster/knowledge.ts';
import { clusterInfo, figures, queueRows, workerRows } from '../cluster/rows.ts';
import type { Serve } from './serve.ts';

const DAY = 86_400;
/** Rows of queues and of workers that the overview carries. */
const ROWS = 50;

export function overviewRoutes(serve: Serve): void {
  serve('GET /overview', async ({ attention, cluster }) => {
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
  });

  serve('GET /failures', async ({ cluster }, request) => {
    const q = request.query;
    const items = await cluster.history.failures({
      now: cluster.now,
      span: (q.hours ?? 24) * 3600,
      limit: q.limit ?? 100,
      task: q.task ?? null,
      exception: q.exception ?? null,
    });
    return { items };
  });

  serve('GET /cluster', async ({ cluster, version }, request) => clusterInfo(cluster, version, request.identity));
}
