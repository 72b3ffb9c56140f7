// The cluster as pages show it: workers, queues, figures, sources, what needs a person.
// Not here: where the numbers come from (cluster.ts and what it holds).
// Holds: shapes of shared/wire/http.ts; what is not known is null, never zero; slots of silent workers are counted apart.

import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import { formatCount, formatRate } from '../../../shared/format/text.ts';
import { formatAge } from '../../../shared/format/time.ts';
import type {
  Attention,
  ClusterInfo,
  FailureGroup,
  Figures,
  QueueRow,
  SourceState,
  WorkerRow,
} from '../../../shared/wire/http.ts';
import { safeUrl } from '../../transport/url.ts';
import type { Cluster } from './cluster.ts';
import { isLost } from './liveness.ts';
import { isGrowing, netPerMinute } from './queue-probe.ts';
import { recentPerMinute } from './trends.ts';

/** A gap in the events stands among what needs a person for so long. @unit seconds */
const TOLD_FOR = 3600;
/** So many tasks that wait to be written are worth a word. */
const SLOW = 20_000;
const ZEROS = Array<number>(60).fill(0);
const BLANK = Array<number | null>(60).fill(null);

export function workerRow(cluster: Cluster, w: WorkerRecord): WorkerRow {
  const inspected = cluster.inspector.workers.get(w.hostname);
  const pool = inspected?.stats?.pool;
  const status = cluster.statusOf(w);
  return {
    hostname: w.hostname,
    status,
    last_heard: w.last_heard,
    freq: w.freq,
    active: w.active ?? (inspected ? inspected.active.length : null),
    concurrency: concurrencyOf(pool),
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
    task_events: cluster.isMute(w) ? false : (cluster.answeredEvents(w.hostname) ?? sendsTaskEvents(w)),
    finished_per_min: cluster.trends.byWorker.get(w.hostname) ?? ZEROS,
    failed_last_hour: cluster.trends.failedByWorker.get(w.hostname) ?? 0,
  };
}

export function workerRows(cluster: Cluster): WorkerRow[] {
  const rank = { late: 0, offline: 2, online: 1 } as const;
  return [...cluster.state.workers.values()]
    .map((w) => workerRow(cluster, w))
    .sort((a, b) => rank[a.status] - rank[b.status] || (a.hostname < b.hostname ? -1 : 1));
}

export function concurrencyOf(pool: Record<string, unknown> | undefined): number | null {
  // Python's prefork goes on telling what it was started with when it has grown or shrunk (celery/concurrency/prefork.py 5.2).
  if (pool && 'writes' in pool && Array.isArray(pool.processes) && pool.processes.length > 0)
    return pool.processes.length;
  const value = pool?.['max-concurrency'];
  return typeof value === 'number' ? value : null;
}

/** Celery names its pool from 5.3 on; before, each kind is told by what it counts (celery/concurrency 5.2, _get_info). */
export function poolName(pool: Record<string, unknown> | undefined): string | null {
  if (!pool) return null;
  const name = pool.implementation;
  if (typeof name === 'string') return (/(\w+):TaskPool$/.exec(name) ?? /^umbel:(\w+)$/.exec(name))?.[1] ?? name;
  if ('writes' in pool) return 'prefork';
  if ('free-threads' in pool) return 'eventlet';
  if ('threads' in pool) return 'threads';
  if (pool['put-guarded-by-semaphore'] === true && Array.isArray(pool.processes)) return 'solo';
  return null;
}

/** A worker that has run tasks since we listen and told nothing of them sends no task events. */
export function sendsTaskEvents(w: WorkerRecord): boolean | null {
  if (w.last_task_event !== null && w.last_heard !== null && w.last_heard - w.last_task_event < 120) return true;
  const told = w.received + w.succeeded + w.failed;
  if (told === 0 && (w.active ?? 0) > 0) return false;
  return w.last_task_event !== null ? true : null;
}

export function queueRows(cluster: Cluster): QueueRow[] {
  const consumers = new Map<string, string[]>();
  for (const [hostname, inspected] of cluster.inspector.workers) {
    const record = cluster.state.workers.get(hostname);
    if (!record || cluster.statusOf(record) === 'offline') continue;
    for (const q of inspected.active_queues) {
      const list = consumers.get(q.name) ?? [];
      list.push(hostname);
      consumers.set(q.name, list);
    }
  }
  const names = new Set([...cluster.probe.queues.keys(), ...consumers.keys()]);
  const rows: QueueRow[] = [];
  for (const name of names) {
    const probed = cluster.probe.queues.get(name);
    const status = probed?.status ?? null;
    const workers = consumers.get(name) ?? [];
    // A name that settings mention, but neither the broker knows nor anybody consumes, is no queue.
    if (status === null && workers.length === 0) continue;
    const net = probed ? netPerMinute(probed) : null;
    rows.push({
      name,
      messages: status?.messages ?? null,
      by_priority: { ...status?.byPriority },
      unacked: status?.unacked ?? null,
      workers,
      consumers: status?.consumers ?? null,
      oldest: status?.oldestMs ? status.oldestMs / 1000 : null,
      per_min: net === null ? null : Math.round(net * 10) / 10,
      out_per_min: recentPerMinute(cluster.trends, cluster.trends.byQueue.get(name), cluster.now),
      drain:
        net !== null && net < 0 && status !== null && status.messages > 0
          ? Math.round((status.messages / -net) * 60)
          : null,
      growing: probed ? isGrowing(probed) : false,
      depth: cluster.trends.depth.get(name) ?? BLANK,
      probed: probed && status ? probed.at : null,
    });
  }
  return rows.sort(
    (a, b) =>
      Number(b.growing) - Number(a.growing) || (b.messages ?? 0) - (a.messages ?? 0) || (a.name < b.name ? -1 : 1),
  );
}

export function figures(cluster: Cluster, queues: readonly QueueRow[], workers: readonly WorkerRow[]): Figures {
  const { trends } = cluster;
  let waiting: number | null = null;
  let oldest: QueueRow | null = null;
  for (const q of queues) {
    if (q.messages !== null) waiting = (waiting ?? 0) + q.messages;
    if (q.oldest !== null && (oldest === null || q.oldest < oldest.oldest!)) oldest = q;
  }
  let busy = 0;
  let slots = 0;
  let unknown = 0;
  let online = 0;
  for (const w of workers) {
    if (w.status === 'online') {
      online++;
      busy += w.active ?? 0;
      slots += w.concurrency ?? 0;
    } else if (w.status === 'late') unknown += w.concurrency ?? 0;
  }
  return {
    finished_per_min: trends.finishedPerMin,
    failed_percent: trends.failedPercent,
    usual_failed_percent: trends.usualFailedPercent,
    usual_finished_per_min: trends.usualFinishedPerMin,
    waiting,
    oldest_waiting: oldest?.oldest ?? null,
    oldest_queue: oldest?.name ?? null,
    busy,
    slots,
    unknown_slots: unknown,
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

export function sources(cluster: Cluster): SourceState[] {
  const { probe, receiver, history, link } = cluster;
  const asked = cluster.options.result_backend;
  const now = cluster.now;
  return [
    {
      name: 'broker',
      label: cluster.link.asking.url,
      ok: probe.failure === null && probe.lastOk !== null,
      last_ok: probe.lastOk,
      latency_ms: probe.latencyMs,
      detail: probe.failure ?? (probe.lastOk === null ? 'Not reached yet' : null),
    },
    {
      name: 'results',
      label: asked ? safeUrl(asked) : 'none',
      ok: link.backendFailure === null,
      last_ok: link.backendLastOk,
      latency_ms: link.backendLatencyMs,
      detail: asked ? link.backendFailure : 'No result backend is configured: results cannot be shown',
    },
    {
      name: 'store',
      label: cluster.options.db,
      ok: history.failure === null,
      last_ok: history.failure === null ? now : null,
      latency_ms: history.lastWriteMs,
      detail:
        history.failure ??
        (history.health.waiting > SLOW ? `${formatCount(history.health.waiting)} tasks wait to be written` : null),
    },
    {
      name: 'events',
      label: 'events',
      ok: receiver.connected,
      last_ok: cluster.lastEvent,
      latency_ms: null,
      detail: receiver.connected ? null : 'Not listening: the broker is away',
    },
  ];
}

export function clusterInfo(cluster: Cluster, version: string, user: string | null): ClusterInfo {
  const { lost } = cluster.listening;
  return {
    name: cluster.options.name,
    version,
    broker: cluster.link.asking.url,
    result_backend: cluster.options.result_backend ? safeUrl(cluster.options.result_backend) : null,
    sources: sources(cluster),
    events_per_s: cluster.eventsPerSecond,
    events_total: cluster.state.eventCount,
    events_lost: lost.n,
    events_lost_is: lost.is,
    history: cluster.history.health,
    gaps: cluster.listening.gaps.list().slice(0, 20),
    read_only: cluster.options.read_only,
    user,
    server_time: cluster.now,
  };
}

/** The page has room for a few: what stands still comes before what goes wrong, and that before what is merely worth knowing. */
const URGENCY: readonly Attention['kind'][] = [
  'source-down',
  'no-workers',
  'worker-silent',
  'queue-unconsumed',
  'failure',
  'queue-growing',
  'events-off',
  'events-lost',
];

export function attention(
  cluster: Cluster,
  queues: readonly QueueRow[],
  workers: readonly WorkerRow[],
  failures: readonly FailureGroup[],
): Attention[] {
  const found: Attention[] = [];
  const known = sources(cluster);
  const isAway = known.some(({ name, ok }) => name === 'broker' && !ok);
  // That no events come says nothing more when the broker is away.
  for (const s of known)
    if (!s.ok && (s.name !== 'results' || cluster.options.result_backend) && !(s.name === 'events' && isAway))
      found.push({ kind: 'source-down', subject: s.name, detail: s.detail ?? 'does not answer', href: '/' });
  for (const f of failures.filter((f) => f.is_new).slice(0, 3))
    found.push({
      kind: 'failure',
      subject: f.exception,
      detail: f.task === '' ? 'new' : `new in ${f.task.slice(f.task.lastIndexOf('.') + 1)}`,
      href: `/tasks?q=${encodeURIComponent(`${f.task === '' ? '' : `name:${f.task} `}exception:${f.exception}`)}&state=FAILURE`,
    });
  for (const q of queues) {
    const href = `/queues/${encodeURIComponent(q.name)}`;
    if ((q.messages ?? 0) > 0 && q.workers.length === 0 && (q.consumers ?? 0) === 0)
      found.push({
        kind: 'queue-unconsumed',
        subject: q.name,
        detail: `${formatCount(q.messages)} wait, nobody consumes it`,
        href,
      });
    else if (q.growing)
      found.push({
        kind: 'queue-growing',
        subject: q.name,
        detail: `grows by ${formatRate(q.per_min)}/min`,
        href,
      });
  }
  for (const w of workers) {
    const record = cluster.state.workers.get(w.hostname);
    const href = `/workers/${encodeURIComponent(w.hostname)}`;
    if (record && w.status !== 'online' && isLost(record, cluster.now) && (w.last_heard ?? 0) > cluster.now - 3600)
      found.push({
        kind: 'worker-silent',
        subject: w.hostname,
        detail: `silent for ${formatAge(cluster.now - record.last_heard!)}`,
        href,
      });
    else if (w.status === 'online' && w.task_events === false)
      found.push({ kind: 'events-off', subject: w.hostname, detail: 'sends no task events', href });
  }
  if (!workers.some((w) => w.status === 'online'))
    found.push({ kind: 'no-workers', subject: 'workers', detail: 'No worker is online', href: '/workers' });
  const [gap] = cluster.listening.gaps.list();
  const ago = gap?.until ? cluster.now - gap.until : Number.POSITIVE_INFINITY;
  if (gap?.until && ago < TOLD_FOR)
    found.push({
      kind: 'events-lost',
      subject: 'events',
      detail: `${gap.events === null ? 'an unknown number' : `about ${formatCount(gap.events)}`} missed in ${formatAge(Math.max(1, gap.until - gap.since))}, ${ago < 60 ? 'just now' : `${formatAge(ago)} ago`}`,
      href: ago < 600 ? '/?range=15m' : '/?range=1h',
    });
  return found.sort((a, b) => URGENCY.indexOf(a.kind) - URGENCY.indexOf(b.kind));
}
