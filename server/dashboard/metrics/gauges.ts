// Every figure that Prometheus reads from the cluster as it is: workers, queues, events, the history, this process.
// Not here: how a family is bounded (families.ts); events and runtimes, which are counted as they come (event-tally.ts, metrics.ts).
// Flower: events.py get_prometheus_metrics
import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import { sources } from '../cluster/knowledge.ts';
import { slotsOf } from '../cluster/room.ts';
import { consumersByQueue } from '../cluster/rows.ts';
import type { ClusterView } from '../cluster/view.ts';
import type { Feed } from '../live/feed.ts';
import type { Families } from './families.ts';

export interface GaugeSources {
  readonly cluster: ClusterView;
  readonly feed: Feed;
  /** Observations without labels of their own, since there was no room. */
  leftOut(): number;
  /** How far behind the workers their events are taken in; null: none came. @unit seconds */
  eventLag(): number | null;
  /** null: not known. @unit bytes */
  historyBytes(): number | null;
}

export function addGauges(families: Families, sources: GaugeSources): void {
  addWorkers(families, sources.cluster);
  addQueues(families, sources.cluster);
  addEvents(families, sources);
  addSources(families, sources.cluster);
  addProcess(families, sources);
}

function addWorkers(families: Families, cluster: ClusterView): void {
  const workers = () => [...cluster.workers.values()];
  // What an offline worker did last is nothing it does now.
  const isThere = (w: WorkerRecord | undefined) => w !== undefined && cluster.statusOf(w) !== 'offline';
  const there = (): Set<string> =>
    new Set(
      workers()
        .filter(isThere)
        .map((w) => w.hostname),
    );
  families.gauge('flower_worker_online', 'Worker online status', ['worker'], (set) => {
    for (const w of workers()) set([w.hostname], cluster.statusOf(w) === 'online' ? 1 : 0);
  });
  families.gauge(
    'flower_worker_number_of_currently_executing_tasks',
    'Number of tasks currently executing at a worker',
    ['worker'],
    (set) => {
      for (const w of workers()) if (w.active !== null && isThere(w)) set([w.hostname], w.active);
    },
  );
  families.gauge('umbel_worker_slots', 'Tasks a worker can run at a time', ['worker'], (set) => {
    for (const w of workers()) {
      const slots = slotsOf(cluster.inspected.get(w.hostname));
      if (slots !== null && isThere(w)) set([w.hostname], slots);
    }
  });
  families.gauge(
    'flower_worker_prefetched_tasks',
    'Number of tasks of given type prefetched at a worker',
    ['worker', 'task'],
    (set) => {
      const pairs = new Pairs(there());
      for (const t of cluster.tasks.values())
        if (t.state === 'RECEIVED' && t.eta === null) pairs.add(t.worker, t.name, (n) => n + 1);
      pairs.each(set);
    },
  );
  families.gauge(
    'flower_task_prefetch_time_seconds',
    'The time the task spent waiting at the celery worker to be executed.',
    ['worker', 'task'],
    (set) => {
      const pairs = new Pairs(there());
      for (const t of cluster.tasks.values())
        if (t.state === 'STARTED' && t.eta === null && t.started !== null && t.received !== null)
          pairs.add(t.worker, t.name, () => Math.max(0, t.started! - t.received!));
      pairs.each(set);
    },
    Math.max,
  );
}

function addQueues(families: Families, cluster: ClusterView): void {
  const queues = () => cluster.queues.values();
  families.gauge('umbel_queue_length', 'Ready messages in a queue', ['queue'], (set) => {
    for (const q of queues()) if (q.status) set([q.name], q.status.messages);
  });
  families.gauge('umbel_queue_length_by_priority', 'Ready messages of one priority', ['queue', 'priority'], (set) => {
    for (const q of queues())
      for (const [priority, n] of Object.entries(q.status?.byPriority ?? {})) set([q.name, priority], n);
  });
  families.gauge('umbel_queue_unacked', 'Messages of a queue taken and not yet acknowledged', ['queue'], (set) => {
    for (const q of queues()) if (q.status && q.status.unacked !== null) set([q.name], q.status.unacked);
  });
  families.gauge(
    'umbel_queue_consumers',
    'Consumers of a queue by the broker; where it cannot tell, workers that say they consume it',
    ['queue'],
    (set) => {
      // Redis cannot tell: then those workers that say so.
      const workers = consumersByQueue(cluster);
      for (const q of queues()) if (q.status) set([q.name], q.status.consumers ?? workers.get(q.name)?.length ?? 0);
    },
  );
  families.gauge(
    'umbel_queue_oldest_message_age_seconds',
    'Age of the oldest ready message',
    ['queue'],
    (set) => {
      for (const q of queues())
        if (q.status?.oldestMs) set([q.name], Math.max(0, cluster.now - q.status.oldestMs / 1000));
    },
    Math.max,
  );
}

function addEvents(families: Families, { cluster, eventLag }: GaugeSources): void {
  families.counter('umbel_events_received_total', 'Events received since the start', () => cluster.eventCount);
  families.gauge(
    'umbel_events_lag_seconds',
    'From an event at its worker to its being taken in here: the greatest of the last minute; absent without events',
    [],
    (set) => {
      const lag = eventLag();
      if (lag !== null) set([], lag);
    },
  );
  families.gauge('umbel_events_lost', 'Events missed in the last 24 hours, about; absent when unknown', [], (set) => {
    const { n } = cluster.events.lost;
    if (n !== null) set([], n);
  });
  const { gaps } = cluster.events;
  families.counter('umbel_events_lost_total', 'Events missed in gaps since the start, about', () => gaps.total.events);
  families.counter('umbel_events_unseen_tasks_total', 'Tasks that began unseen in gaps', () => gaps.total.tasks);
  families.counter(
    'umbel_events_gaps_total',
    'Times nobody listened to events and some were missed',
    () => gaps.total.gaps,
  );
  families.counter('umbel_events_gap_seconds_total', 'How long nobody listened in those', () => gaps.total.seconds);
  families.counter('umbel_events_malformed_total', 'Messages that were no events', () => cluster.events.malformed);
  families.counter(
    'umbel_events_left_out_total',
    "Events of kinds that are not Celery's, left out while a hundred other kinds came",
    () => cluster.events.leftOut,
  );
}

function addSources(families: Families, cluster: ClusterView): void {
  families.gauge('umbel_source_up', 'Whether a source of these figures answers: 1 or 0', ['source'], (set) => {
    for (const { name, state } of sources(cluster))
      if (state === 'ok' || state === 'down') set([name], state === 'ok' ? 1 : 0);
  });
}

function addProcess(families: Families, { cluster, feed, historyBytes, leftOut }: GaugeSources): void {
  const { history } = cluster;
  families.gauge('umbel_history_bytes', 'Size of the history file', [], (set) => {
    const bytes = historyBytes();
    if (bytes !== null) set([], bytes);
  });
  families.gauge('umbel_history_write_seconds', 'How long the last write to the history took', [], (set) => {
    if (history.lastWriteMs !== null) set([], history.lastWriteMs / 1000);
  });
  families.single('umbel_history_writable', 'Whether the history can be written: 1 or 0', () =>
    history.health.ok ? 1 : 0,
  );
  families.single('umbel_history_waiting_tasks', 'Tasks with changes not yet on disk', () => history.health.waiting);
  families.counter(
    'umbel_history_given_up_tasks_total',
    'Tasks whose changes were given up since the history could not be written for too long',
    () => history.health.given_up,
  );
  families.single('umbel_live_readers', 'Open live connections', () => feed.readers);
  families.counter(
    'umbel_worker_events_left_out_total',
    'Events of workers for which there was no place',
    () => cluster.workerEventsLeftOut,
  );
  families.single('umbel_tasks_in_memory', 'Tasks kept in memory', () => cluster.tasks.size);
  families.counter(
    'umbel_metric_series_dropped_total',
    "Observations counted under the label 'other', or not at all, beyond the bound of label sets",
    () => leftOut(),
  );
}

/** Values by worker and task, of the tasks in memory, whose number is bounded; of workers that are there. */
class Pairs {
  readonly #there: ReadonlySet<string>;
  readonly #values = new Map<string, Map<string, number>>();

  constructor(there: ReadonlySet<string>) {
    this.#there = there;
  }

  add(worker: string | null, task: string | null, next: (value: number) => number): void {
    if (worker === null || !this.#there.has(worker)) return;
    let tasks = this.#values.get(worker);
    if (!tasks) {
      tasks = new Map();
      this.#values.set(worker, tasks);
    }
    const name = task ?? '';
    tasks.set(name, next(tasks.get(name) ?? 0));
  }

  each(set: (labels: readonly string[], value: number) => void): void {
    for (const [worker, tasks] of this.#values) for (const [task, value] of tasks) set([worker, task], value);
  }
}
