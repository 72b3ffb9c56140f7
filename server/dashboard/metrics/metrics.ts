// What Prometheus reads: Flower's names and labels to the letter, queue depths, and figures about this process.
// Not here: the route (health.ts), counting events (event-tally.ts).
// Holds: gauges are computed from the state when they are read, so they never drift; of a worker that is offline only that is told, and
// nothing once it is forgotten; the answer is never much larger than `max_metrics_size`, whatever names are invented: each family has its
// share, and what finds no room in it is told together under 'other'; every metric has a help text, and what ends in `_total` is a counter.
// Flower: events.py get_prometheus_metrics
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import type { RouteContext } from '../routes/context.ts';
import { type EventTally, label } from './event-tally.ts';
import { LabelSets, OTHER_LABEL } from './label-sets.ts';

/**
 * What each family may take of `max_metrics_size`. The nine gauges, of which one has few label sets, are the rest. By default 200 workers
 * with 20 tasks each are told apart in all of them.
 */
export const SHARES = { events: 0.25, runtime: 0.45, gauge: 0.035 } as const;
/** `_bucket{le="0.005",worker="",task=""} 1234` and its end, besides the name of the family. @unit bytes */
const LINE_BYTES = 45;
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export class Metrics {
  readonly #context: RouteContext;
  readonly #tally: EventTally;
  readonly #registry: Registry;
  readonly #runtime: Histogram;
  readonly #runtimeSets: LabelSets;
  readonly #events: Counter;

  constructor(context: RouteContext, tally: EventTally) {
    this.#context = context;
    this.#tally = tally;
    const buckets = context.options.task_runtime_metric_buckets ?? DEFAULT_BUCKETS;
    const registry = new Registry();
    this.#registry = registry;
    collectDefaultMetrics({ register: registry });
    // Gauges named as counters are, which promtool refuses; each is the sum of one that stays (nodejs_active_handles, ...).
    for (const what of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${what}_total`);
    this.#events = new Counter({
      name: 'flower_events_total',
      help: 'Number of events',
      labelNames: ['worker', 'type', 'task'],
      registers: [registry],
    });
    this.#runtime = new Histogram({
      name: 'flower_task_runtime_seconds',
      help: 'Task runtime',
      labelNames: ['worker', 'task'],
      buckets: [...buckets],
      registers: [registry],
    });
    // Beside its buckets it has one without a bound, a sum and a count.
    const lines = buckets.length + 3;
    const lineBytes = 'flower_task_runtime_seconds'.length + LINE_BYTES;
    this.#runtimeSets = new LabelSets({ maxBytes: this.#maxBytes(SHARES.runtime), lines, lineBytes }, (labels) =>
      this.#runtime.remove(...labels),
    );
    this.#gauges();
  }

  /** Take the runtimes told since the last reading. Called now and then, so that they do not pile up. */
  drain(): void {
    for (const { worker, task, runtime, at } of this.#tally.runtimes) {
      const place = this.#runtimeSets.take([worker, task], at);
      if (!place) this.#tally.leftOut++;
      const labels = place ? { worker, task } : { worker: OTHER_LABEL, task: OTHER_LABEL };
      this.#runtime.observe(labels, runtime);
    }
    this.#tally.runtimes = [];
  }

  forgetWorkers(hostnames: readonly string[]): void {
    if (hostnames.length === 0) return;
    const gone = new Set(hostnames.map(label));
    this.#runtimeSets.forget(({ labels }) => gone.has(labels[0]!));
  }

  async text(): Promise<string> {
    this.drain();
    this.#events.reset();
    for (const { count, ...labels } of this.#tally) this.#events.inc(labels, count);
    return this.#registry.metrics();
  }

  #maxBytes(share: number): number {
    return this.#context.options.max_metrics_size * share;
  }

  #gauges(): void {
    const { cluster, feed } = this.#context;
    const registers = [this.#registry];
    const maxBytes = this.#maxBytes(SHARES.gauge);
    /** @param together the value under 'other', of those that find no room: their sum, or the greatest of them */
    const gauge = (
      name: string,
      help: string,
      labelNames: string[],
      collect: (set: (labels: readonly string[], value: number) => void) => void,
      together: (one: number, other: number) => number = sum,
    ): void => {
      new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          const sets = new LabelSets({ maxBytes, lineBytes: name.length + LINE_BYTES });
          let rest: number | null = null;
          collect((labels, value) => {
            if (sets.take(labels, 0)) this.set(named(labelNames, labels), value);
            else rest = rest === null ? value : together(rest, value);
          });
          if (rest !== null) this.set(Object.fromEntries(labelNames.map((one) => [one, OTHER_LABEL])), rest);
        },
      });
    };
    const workers = () => [...cluster.workers.values()];
    // What an offline worker did last is nothing it does now.
    const isThere = (w: WorkerRecord | undefined) => w !== undefined && cluster.statusOf(w) !== 'offline';
    const there = (): Set<string> =>
      new Set(
        workers()
          .filter(isThere)
          .map((w) => w.hostname),
      );
    gauge('flower_worker_online', 'Worker online status', ['worker'], (set) => {
      for (const w of workers()) set([w.hostname], cluster.statusOf(w) === 'online' ? 1 : 0);
    });
    gauge(
      'flower_worker_number_of_currently_executing_tasks',
      'Number of tasks currently executing at a worker',
      ['worker'],
      (set) => {
        for (const w of workers()) if (w.active !== null && isThere(w)) set([w.hostname], w.active);
      },
    );
    gauge(
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
    gauge(
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
    const queues = () => cluster.queues.values();
    gauge('umbel_queue_length', 'Ready messages in a queue', ['queue'], (set) => {
      for (const q of queues()) if (q.status) set([q.name], q.status.messages);
    });
    gauge('umbel_queue_length_by_priority', 'Ready messages of one priority', ['queue', 'priority'], (set) => {
      for (const q of queues())
        for (const [priority, n] of Object.entries(q.status?.byPriority ?? {})) set([q.name, priority], n);
    });
    gauge('umbel_queue_unacked', 'Messages of a queue taken and not yet acknowledged', ['queue'], (set) => {
      for (const q of queues()) if (q.status && q.status.unacked !== null) set([q.name], q.status.unacked);
    });
    gauge(
      'umbel_queue_oldest_message_age_seconds',
      'Age of the oldest ready message',
      ['queue'],
      (set) => {
        for (const q of queues())
          if (q.status?.oldestMs) set([q.name], Math.max(0, cluster.now - q.status.oldestMs / 1000));
      },
      Math.max,
    );
    const single = (name: string, help: string, value: () => number): void =>
      gauge(name, help, [], (set) => set([], value()));
    const counter = (name: string, help: string, value: () => number): void => {
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(value());
        },
      });
    };
    counter('umbel_events_received_total', 'Events received since the start', () => cluster.eventCount);
    gauge('umbel_events_lost', 'Events missed in the last 24 hours, about; absent when unknown', [], (set) => {
      const { n } = cluster.events.lost;
      if (n !== null) set([], n);
    });
    const { gaps } = cluster.events;
    counter('umbel_events_lost_total', 'Events missed in gaps since the start, about', () => gaps.total.events);
    counter('umbel_events_unseen_tasks_total', 'Tasks that began unseen in gaps', () => gaps.total.tasks);
    counter('umbel_events_gaps_total', 'Times nobody listened to events and some were missed', () => gaps.total.gaps);
    counter('umbel_events_gap_seconds_total', 'How long nobody listened in those', () => gaps.total.seconds);
    counter('umbel_events_malformed_total', 'Messages that were no events', () => cluster.events.malformed);
    const { history } = cluster;
    single('umbel_history_writable', 'Whether the history can be written: 1 or 0', () => (history.health.ok ? 1 : 0));
    single('umbel_history_waiting_tasks', 'Tasks with changes not yet on disk', () => history.health.waiting);
    counter(
      'umbel_history_given_up_tasks_total',
      'Tasks whose changes were given up since the history could not be written for too long',
      () => history.health.given_up,
    );
    single('umbel_live_readers', 'Open live connections', () => feed.readers);
    counter(
      'umbel_worker_events_left_out_total',
      'Events of workers for which there was no place',
      () => cluster.workerEventsLeftOut,
    );
    single('umbel_tasks_in_memory', 'Tasks kept in memory', () => cluster.tasks.size);
    counter(
      'umbel_metric_series_dropped_total',
      "Observations counted under the label 'other', or not at all, beyond the bound of label sets",
      () => this.#tally.leftOut,
    );
  }
}

const sum = (one: number, other: number): number => one + other;

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [name, values[i]!]));
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
