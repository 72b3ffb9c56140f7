// The cluster as pages show it: workers, queues, figures.
// Not here: where the numbers come from (cluster.ts and what it holds), how fresh they are (knowledge.ts), what needs a person
// (../attention/).
// Holds: shapes of shared/wire/; what is not known is null, never zero; slots of silent workers are counted apart.

import { measuredDrift, type WorkerRecord } from '../../../shared/events/worker-record.ts';
import { formatAge } from '../../../shared/format/time.ts';
import type { ClusterInfo } from '../../../shared/wire/cluster.ts';
import type { Figures } from '../../../shared/wire/overview.ts';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import type { WorkerRow } from '../../../shared/wire/workers.ts';
import { safeUrl } from '../../transport/url.ts';
import type { Inspected } from './inspector.ts';
import { knowledge, sources } from './knowledge.ts';
import type { ManagedQueue } from './management-api.ts';
import { poolName } from './pool-kind.ts';
import { isGrowing, netPerMinute } from './queue-probe.ts';
import { queueRates } from './queue-rate.ts';
import { slotsOf } from './room.ts';
import { type Trends, workerPerMinute } from './trends.ts';
import type { ClusterView } from './view.ts';

const BLANK = Array<number | null>(60).fill(null);

export function workerRow(cluster: ClusterView, w: WorkerRecord): WorkerRow {
  const inspected = cluster.inspected.get(w.hostname);
  const pool = inspected?.stats?.pool;
  const status = cluster.statusOf(w);
  const reason = whyNotControllable(cluster, w);
  const { trends } = cluster;
  const line = trends.byWorker.get(w.hostname);
  return {
    hostname: w.hostname,
    status,
    last_heard: w.last_heard,
    freq: w.freq,
    // What became of its tasks nobody knows.
    active: status === 'offline' ? null : (w.active ?? (inspected ? inspected.active.length : null)),
    concurrency: slotsOf(inspected),
    processed: w.processed,
    failed: w.failed,
    succeeded: w.succeeded,
    retried: w.retried,
    loadavg: w.loadavg,
    pid: w.pid,
    sw_ident: w.sw_ident,
    sw_ver: w.sw_ver,
    sw_sys: w.sw_sys,
    pool: poolName(pool),
    queues: inspected?.active_queues.map((q) => q.name) ?? [],
    task_events: cluster.sendsEvents(w.hostname),
    finished_per_min: heardMinutes(trends, line),
    per_min: workerPerMinute(trends, line, cluster.now, cluster.startedAt, workerStart(inspected)),
    failed_last_hour: cluster.trends.failedByWorker.get(w.hostname) ?? 0,
    slots_as_of: inspected?.stats ? inspected.at : null,
    controllable: reason === null,
    control_reason: reason,
    drift: measuredDrift(w) === 0 ? null : measuredDrift(w),
  };
}

/** By the minute, null where nobody listened. */
const heardMinutes = (trends: Trends, line: readonly number[] | undefined): (number | null)[] =>
  trends.finished.map((heard, i) => (heard === null ? null : (line?.[i] ?? 0)));

/** When it started, as it said; 0: it did not say. @unit seconds since the epoch */
export const workerStart = (inspected: Inspected | undefined): number =>
  inspected?.stats?.uptime ? inspected.at - inspected.stats.uptime : 0;

export function workerRows(cluster: ClusterView): WorkerRow[] {
  const rank = { late: 0, offline: 2, online: 1 } as const;
  return [...cluster.workers.values()]
    .map((w) => workerRow(cluster, w))
    .sort((a, b) => rank[a.status] - rank[b.status] || (a.hostname < b.hostname ? -1 : 1));
}

/** null: an operation can reach it. */
function whyNotControllable(cluster: ClusterView, w: WorkerRecord): string | null {
  if (!cluster.connected) return 'The broker is away: nothing reaches this worker';
  if (cluster.statusOf(w) !== 'offline') return null;
  if (w.left) return 'It has stopped';
  const silence = cluster.watch.silence(w.hostname);
  return silence === null ? 'It was never heard' : `It has not been heard for ${formatAge(silence)}`;
}

function managedOf({ inPerMin, outPerMin, memory, idleSince }: ManagedQueue): QueueRow['managed'] {
  return { in_per_min: inPerMin, out_per_min: outPerMin, memory, idle_since: idleSince };
}

function pausedOf({ pauses }: ClusterView, queue: string): Pick<QueueRow, 'paused'> {
  const pause = pauses.of(queue);
  return pause === null ? {} : { paused: { at: pause.at, who: pause.who, workers: [...pause.workers] } };
}

/** The workers that consume a queue, by their own word; those that are gone do not. */
export function consumersByQueue(cluster: ClusterView): Map<string, string[]> {
  const consumers = new Map<string, string[]>();
  for (const [hostname, inspected] of cluster.inspected) {
    const record = cluster.workers.get(hostname);
    if (!record || cluster.statusOf(record) === 'offline') continue;
    for (const q of inspected.active_queues) {
      const list = consumers.get(q.name) ?? [];
      list.push(hostname);
      consumers.set(q.name, list);
    }
  }
  return consumers;
}

export function queueRows(cluster: ClusterView): QueueRow[] {
  const consumers = consumersByQueue(cluster);
  const names = new Set([...cluster.queues.keys(), ...consumers.keys()]);
  const rateOf = queueRates(cluster);
  const rows: QueueRow[] = [];
  for (const name of names) {
    const probed = cluster.queues.get(name);
    const status = probed?.status ?? null;
    const workers = consumers.get(name) ?? [];
    // A name that settings mention, but neither the broker knows nor anybody consumes, is no queue.
    if (status === null && workers.length === 0) continue;
    const net = probed ? netPerMinute(probed) : null;
    rows.push({
      name,
      messages: status?.messages ?? null,
      by_priority: { ...status?.byPriority },
      unacked: status?.unacked ?? probed?.managed?.unacked ?? null,
      workers,
      consumers: status?.consumers ?? null,
      oldest: status?.oldestMs ? status.oldestMs / 1000 : null,
      per_min: net === null ? null : Math.round(net * 10) / 10,
      out_per_min: rateOf(name, workers),
      drain:
        net !== null && net < 0 && status !== null && status.messages > 0
          ? Math.round((status.messages / -net) * 60)
          : null,
      growing: probed ? isGrowing(probed) : false,
      depth: cluster.trends.depth.get(name) ?? BLANK,
      probed: probed && status ? probed.at : null,
      ...pausedOf(cluster, name),
      ...(cluster.options.broker_api === null ? {} : { managed: probed?.managed ? managedOf(probed.managed) : null }),
    });
  }
  return rows.sort(
    (a, b) =>
      Number(b.growing) - Number(a.growing) || (b.messages ?? 0) - (a.messages ?? 0) || (a.name < b.name ? -1 : 1),
  );
}

export function figures(cluster: ClusterView, queues: readonly QueueRow[], workers: readonly WorkerRow[]): Figures {
  const { trends } = cluster;
  let waiting: number | null = null;
  let oldest: QueueRow | null = null;
  for (const q of queues) {
    if (q.messages !== null) waiting = (waiting ?? 0) + q.messages;
    if (q.oldest !== null && (oldest === null || q.oldest < oldest.oldest!)) oldest = q;
  }
  let busy: number | null = null;
  let slots: number | null = null;
  let unknown = 0;
  let uncounted = 0;
  let online = 0;
  for (const w of workers) {
    if (w.status === 'online') {
      online++;
      if (w.active === null || w.concurrency === null) uncounted++;
      else {
        busy = (busy ?? 0) + w.active;
        slots = (slots ?? 0) + w.concurrency;
      }
    } else if (w.status === 'late') unknown += w.concurrency ?? 0;
  }
  return {
    finished_per_min: trends.finishedPerMin,
    failed_percent: trends.failedPercent,
    baseline_failed_percent: trends.baselineFailedPercent,
    baseline_finished_per_min: trends.baselineFinishedPerMin,
    waiting,
    oldest_waiting: oldest?.oldest ?? null,
    oldest_queue: oldest?.name ?? null,
    busy,
    slots,
    unknown_slots: unknown,
    uncounted_workers: uncounted,
    workers_online: online,
    workers_total: workers.length,
    spark: {
      finished: trends.finished,
      failed_percent: trends.finished.map((n, i) =>
        n === null ? null : n === 0 ? 0 : Math.round(((trends.failed[i] ?? 0) / n) * 10_000) / 100,
      ),
      waiting: trends.waiting,
      busy: trends.busy,
    },
  };
}

/** @param asking null: nobody in particular */
export function clusterInfo(
  cluster: ClusterView,
  version: string,
  asking: { readonly name: string | null; readonly role: ClusterInfo['role']; readonly via: string } | null,
): ClusterInfo {
  const { lost } = cluster.events;
  return {
    name: cluster.options.name,
    version,
    broker: cluster.brokerUrl,
    result_backend: cluster.options.result_backend ? safeUrl(cluster.options.result_backend) : null,
    sources: sources(cluster),
    events_per_s: cluster.events.perSecond,
    events_total: cluster.eventCount,
    ...(cluster.queuesLeftOut > 0 ? { queues_left_out: cluster.queuesLeftOut } : {}),
    events_lost: lost.n,
    events_lost_is: lost.is,
    history: cluster.history.health,
    gaps: cluster.events.gaps.list().slice(0, 20),
    knowledge: knowledge(cluster),
    read_only: asking ? asking.role === 'viewer' : cluster.options.read_only,
    user: asking?.name ?? null,
    role: asking?.role ?? 'viewer',
    via: asking?.via ?? 'nothing',
    server_time: cluster.now,
  };
}
