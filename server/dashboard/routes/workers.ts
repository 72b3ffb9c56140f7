// /workers: all of them, and one with what it says of itself. Acting on them: operations.ts.
import type { FastifyInstance } from 'fastify';
import { createWorkerRecord } from '../../../shared/events/worker-record.ts';
import type { RequestInfo, WorkerDetail } from '../../../shared/wire/workers.ts';
import { heldBy } from '../cluster/held.ts';
import { parseRegistered } from '../cluster/inspector.ts';
import { workerRow, workerRows } from '../cluster/rows.ts';
import { pairKey } from '../history/contract.ts';
import { notFound, type RouteContext } from './context.ts';
import { serve } from './serve.ts';
import { canTerminate } from './tasks.ts';

export function workerRoutes(app: FastifyInstance, { baselines, cluster, waiting, desk }: RouteContext): void {
  serve(app, 'GET /workers', async () => ({
    items: workerRows(cluster),
  }));

  serve(app, 'GET /workers/:hostname', async (request) => {
    const { hostname } = request.params;
    let record = cluster.state.workers.get(hostname);
    await cluster.inspectNow(hostname);
    const inspected = cluster.inspector.workers.get(hostname);
    if (!record && !inspected) throw notFound(`No worker named ${hostname} has been heard.`);
    record ??= createWorkerRecord(hostname);
    const now = cluster.now;
    const [pairs, usual] = await Promise.all([
      cluster.history.keyStats('pair', now - 3600, now + 60, pairKey('', hostname)),
      baselines.lastHour(),
    ]);
    const here = new Map(pairs.map((p) => [p.key.slice(0, -hostname.length - 1), p]));
    const info = (r: RequestInfo, eta: string | null = null): RequestInfo => ({
      ...r,
      time_start: r.time_start ?? null,
      worker_pid: r.worker_pid ?? null,
      eta,
      baseline_p95: usual.get(r.name)?.p95 ?? null,
    });
    const detail: WorkerDetail = {
      ...workerRow(cluster, record),
      inspected: inspected?.at ?? null,
      stats: inspected?.stats ? { ...inspected.stats } : null,
      conf: inspected?.conf ?? null,
      active_queues: (inspected?.active_queues ?? []).map((q) => ({
        ...q,
        name: q.name,
        exchange: exchangeName(q.exchange),
        routing_key: q.routing_key ?? null,
      })),
      active_tasks: (inspected?.active ?? []).map((r) => info(r as unknown as RequestInfo)),
      reserved: (inspected?.reserved ?? []).map((r) => info(r as unknown as RequestInfo)),
      scheduled: (inspected?.scheduled ?? []).map((s) => info(s.request as unknown as RequestInfo, s.eta)),
      unlisted_reason: cluster.inspector.unlistedReason(hostname),
      revoked: inspected?.revoked ?? [],
      registered: (inspected?.registered ?? []).map(parseRegistered).map((t) => {
        const stats = here.get(t.name);
        const since = desk.rates.since(hostname, t.name);
        return {
          ...t,
          finished: stats?.finished ?? 0,
          failed: stats?.failed ?? 0,
          p95: stats?.p95 ?? null,
          limited_since: desk.interventions.limitOf(hostname, t.name)?.at ?? null,
          per_min_since: since?.perMin ?? null,
        };
      }),
      prefetch_count: inspected?.stats?.prefetch_count ?? null,
      prefetch: waiting.prefetch(hostname),
      uptime: inspected?.stats?.uptime ?? null,
      can_terminate: canTerminate(cluster, hostname),
      held: heldBy(cluster, record),
    };
    return detail;
  });
}

function exchangeName(exchange: unknown): string | null {
  if (typeof exchange === 'string') return exchange;
  const name = (exchange as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : null;
}
