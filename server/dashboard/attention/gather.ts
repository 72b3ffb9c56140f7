// The facts of this moment, gathered from all that the dashboard knows of its cluster.
// Not here: their shapes (facts.ts), what is concluded (kinds.ts).
// Holds: one pass, synchronous, so that all facts are of one moment; nothing is concluded here.
import { measuredDrift, type WorkerRecord } from '../../../shared/events/worker-record.ts';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import { knowledge } from '../cluster/knowledge.ts';
import { poolName } from '../cluster/pool-kind.ts';
import { fallenAt, waitingSince } from '../cluster/queue-probe.ts';
import { isPrefetchFull, slotsOf } from '../cluster/room.ts';
import { queueRows } from '../cluster/rows.ts';
import { isSingleActive } from '../cluster/single-active.ts';
import type { ClusterView } from '../cluster/view.ts';
import { expectedWithin } from '../cluster/worker-watch.ts';
import type {
  Consumption,
  Facts,
  FailureFact,
  FullPool,
  GapFact,
  QueueFact,
  RuntimeBaseline,
  WaitingLook,
  WorkerFact,
} from './facts.ts';

/** No task of Celery began before. @unit seconds since the epoch */
const EARLIEST = 1e9;

export interface Remembered {
  readonly newFailures: readonly FailureFact[];
  readonly waiting: readonly WaitingLook[] | null;
  readonly baselines: ReadonlyMap<string, RuntimeBaseline>;
}

export function gather(cluster: ClusterView, { newFailures, waiting, baselines }: Remembered): Facts {
  const { inspected, now, settled } = cluster;
  const workers = [...cluster.workers.values()].map((w) => workerFact(cluster, w));
  const silent = new Set(workers.filter((w) => w.status !== 'online' && !w.left).map((w) => w.hostname));
  const held = countHeld(cluster, silent);
  return {
    now,
    settledFor: settled === null ? null : now - settled,
    knowledge: knowledge(cluster),
    quiet: cluster.events.quiet,
    workers: workers.map((w) =>
      silent.has(w.hostname) ? { ...w, held: held.get(w.hostname) ?? { running: 0, waiting: 0 } } : w,
    ),
    unknownQueues: workers.filter((w) => w.status !== 'offline' && !inspected.has(w.hostname)).length,
    queues: queueRows(cluster).map((row) => queueFact(cluster, row)),
    newFailures,
    gap: gapFact(cluster),
    waiting,
    baselines,
    stalledAfter: cluster.options.stalled_after,
  };
}

function workerFact(cluster: ClusterView, w: WorkerRecord): WorkerFact {
  const { hostname } = w;
  return {
    hostname,
    status: cluster.statusOf(w),
    left: w.left,
    isSolo: poolName(cluster.inspected.get(hostname)?.stats?.pool) === 'solo',
    shared: cluster.watch.shared(hostname),
    lastHeard: w.last_heard,
    silence: cluster.watch.silence(hostname),
    expectedWithin: expectedWithin(w),
    held: null,
    drift: measuredDrift(w),
    unheard: cluster.watch.unheard(hostname),
    eventsDisabled: cluster.sendsEvents(hostname) === false,
    consumption: consumption(cluster, w),
    full: fullPool(cluster, w),
    blocked: blocked(cluster, w),
  };
}

function consumption(cluster: ClusterView, w: WorkerRecord): Consumption | null {
  const inspected = cluster.inspected.get(w.hostname);
  const rest = cluster.watch.rest(w.hostname);
  if (!inspected || !rest) return null;
  // It does not read them, and says so: rate limits hold enough of their tasks.
  const suspended = new Set(inspected.stats?.suspended_queues);
  return {
    queues: inspected.active_queues.map((q) => q.name).filter((name) => !suspended.has(name)),
    queuesAsOf: inspected.at,
    slots: slotsOf(inspected),
    busy: w.active,
    processed: w.processed,
    ...rest,
    prefetchFull: inspected.complete > 0 ? isPrefetchFull(inspected) : null,
    // Ours says so; Celery's own and those that go by its name wait as kombu does.
    isKombu: w.sw_ident === 'py-celery',
  };
}

function fullPool(cluster: ClusterView, w: WorkerRecord): FullPool | null {
  const inspected = cluster.inspected.get(w.hostname);
  const asOf = cluster.inspector.answeredAt(w.hostname, 'active');
  const slots = slotsOf(inspected);
  // By its list and, where it sends them, by its heartbeats.
  if (!inspected || asOf === null || slots === null || slots === 0 || inspected.active.length < slots) return null;
  if (w.active !== null && w.active < slots) return null;
  const startOf = (uuid: string, own: number | null): number | null => {
    const heard = cluster.tasks.get(uuid)?.started ?? null;
    if (heard !== null || own === null) return heard;
    const at = own - w.clock_drift;
    // Celery before 4.4 gives a reading of its monotonic clock.
    return at > EARLIEST && at <= cluster.now + 1 ? at : null;
  };
  return {
    slots,
    tasks: inspected.active.map((r) => ({ uuid: r.id, name: r.name, started: startOf(r.id, r.time_start) })),
    reserved: inspected.reserved.filter((r) => r.rate_limited !== true).length,
    asOf,
  };
}

function blocked(cluster: ClusterView, w: WorkerRecord): WorkerFact['blocked'] {
  const delay = cluster.inspected.get(w.hostname)?.stats?.loop_delay;
  const last = (delay as { last?: { [name in 'at' | 'seconds' | 'cpu' | 'tasks']?: unknown } | null } | undefined)
    ?.last;
  if (!last || typeof last.at !== 'number' || typeof last.seconds !== 'number') return null;
  const tasks = Array.isArray(last.tasks) ? last.tasks.filter((name): name is string => typeof name === 'string') : [];
  const cpu = typeof last.cpu === 'number' ? last.cpu : null;
  return { seconds: last.seconds, at: last.at - w.clock_drift, cpu, tasks };
}

function queueFact(cluster: ClusterView, row: QueueRow): QueueFact {
  const probed = cluster.queues.get(row.name);
  return {
    name: row.name,
    messages: row.messages,
    workers: row.workers,
    consumers: row.consumers,
    growing: row.growing,
    single: row.workers.length > 1 && isSingleActive(cluster, row.name),
    paused: (row.paused ?? null) !== null,
    perMinute: row.per_min,
    waitingSince: probed ? waitingSince(probed) : null,
    fallenAt: probed ? fallenAt(probed) : null,
    probedAt: row.probed,
    oldest: row.oldest,
  };
}

function countHeld(
  cluster: ClusterView,
  silent: ReadonlySet<string>,
): Map<string, { running: number; waiting: number }> {
  const held = new Map<string, { running: number; waiting: number }>();
  if (silent.size === 0) return held;
  for (const t of cluster.tasks.values()) {
    if ((t.state !== 'STARTED' && t.state !== 'RECEIVED') || t.worker === null || !silent.has(t.worker)) continue;
    const count = held.get(t.worker) ?? { running: 0, waiting: 0 };
    if (t.state === 'STARTED') count.running++;
    else count.waiting++;
    held.set(t.worker, count);
  }
  return held;
}

function gapFact(cluster: ClusterView): GapFact | null {
  const [gap] = cluster.events.gaps.list();
  if (!gap || gap.until === null || gap.events === 0) return null;
  return { since: gap.since, until: gap.until, events: gap.events, tasks: gap.tasks };
}
