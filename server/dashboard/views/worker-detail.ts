// One worker with what it says of itself: settings, pool, queues, what it runs, holds and knows, asked anew when its answer is old.
// Not here: its row (../cluster/rows.ts).
import { createWorkerRecord } from '../../../shared/events/worker-record.ts';
import type { RequestInfo, WorkerDetail } from '../../../shared/wire/workers.ts';
import type { Baselines } from '../cluster/baselines.ts';
import { heldBy } from '../cluster/held.ts';
import { parseRegistered } from '../cluster/inspector.ts';
import { terminationBy } from '../cluster/pool-kind.ts';
import { workerRow, workerStart } from '../cluster/rows.ts';
import { heardFor } from '../cluster/trends.ts';
import type { ClusterView } from '../cluster/view.ts';
import { pairKey } from '../history/contract.ts';
import type { Interventions } from '../operations/interventions.ts';
import type { StartRates } from '../operations/start-rates.ts';
import type { Waiting } from '../waiting/waiting.ts';

export interface WorkerDetailSources {
  readonly cluster: ClusterView;
  readonly baselines: Baselines;
  readonly waiting: Waiting;
  readonly interventions: Interventions;
  readonly rates: StartRates;
}

/** null: no worker of that name has been heard. */
export async function workerDetail(
  { baselines, cluster, interventions, rates, waiting }: WorkerDetailSources,
  hostname: string,
): Promise<WorkerDetail | null> {
  let record = cluster.workers.get(hostname);
  await cluster.inspectNow(hostname);
  const inspected = cluster.inspected.get(hostname);
  if (!record && !inspected) return null;
  record ??= createWorkerRecord(hostname);
  const now = cluster.now;
  const [pairs, baselineOf] = await Promise.all([
    cluster.history.keyStats('pair', now - 3600, now + 60, pairKey('', hostname)),
    baselines.lastHour(),
  ]);
  const heard = heardFor(cluster.trends, now, cluster.startedAt, workerStart(inspected));
  const here = new Map(pairs.map((p) => [p.key.slice(0, -hostname.length - 1), p]));
  const info = (r: RequestInfo, eta: string | null = null): RequestInfo => ({
    ...r,
    time_start: r.time_start ?? null,
    worker_pid: r.worker_pid ?? null,
    eta,
    baseline_p95: baselineOf.get(r.name)?.p95 ?? null,
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
      const since = rates.since(hostname, t.name);
      return {
        ...t,
        finished: stats?.finished ?? 0,
        failed: stats?.failed ?? 0,
        per_min: heard === null ? null : ((stats?.finished ?? 0) / heard) * 60,
        p95: stats?.p95 ?? null,
        limited_since: interventions.limitOf(hostname, t.name)?.at ?? null,
        per_min_since: since?.perMin ?? null,
      };
    }),
    prefetch_count: inspected?.stats?.prefetch_count ?? null,
    prefetch: waiting.prefetch(hostname),
    uptime: inspected?.stats?.uptime ?? null,
    can_terminate: terminationBy(inspected?.stats?.pool),
    held: heldBy(cluster, record),
  };
  return detail;
}

function exchangeName(exchange: unknown): string | null {
  if (typeof exchange === 'string') return exchange;
  const name = (exchange as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : null;
}
