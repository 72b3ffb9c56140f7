// What Prometheus reads: Flower's names and labels to the letter, queue depths, and figures about this process.
// Not here: the route (health.ts).
// Holds: gauges are computed from the state when they are read, so they never drift; the series of one label set are bounded.
// Flower: events.py get_prometheus_metrics
import type { Counter, Histogram, Registry } from 'prom-client';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import type { RouteContext } from './context.ts';

/** Label sets per metric; further ones are counted in umbel_metric_series_dropped_total. */
const MAX_SERIES = 10_000;
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Event counts from the start on, cheap to keep; they become metrics only when somebody reads them. */
export class EventTally {
  readonly counts = new Map<string, Map<string, number>>();
  readonly runtimes: { worker: string; task: string; runtime: number }[] = [];
  #series = 0;
  dropped = 0;

  add(events: readonly CeleryEvent[], nameOf: (uuid: string) => string | null): void {
    for (const e of events) {
      if (e.uuid === undefined || !e.type.startsWith('task-')) continue;
      const worker = e.hostname ?? '';
      const task = (typeof e.name === 'string' ? e.name : nameOf(e.uuid)) ?? '';
      const key = `${worker}\n${task}`;
      let types = this.counts.get(key);
      if (!types) {
        if (this.#series >= MAX_SERIES) {
          this.dropped++;
          continue;
        }
        this.#series++;
        types = new Map();
        this.counts.set(key, types);
      }
      types.set(e.type, (types.get(e.type) ?? 0) + 1);
      if (typeof e.runtime === 'number' && e.runtime > 0) {
        if (this.runtimes.length < 200_000) this.runtimes.push({ worker, task, runtime: e.runtime });
        else this.dropped++;
      }
    }
  }
}

export class Metrics {
  readonly #context: RouteContext;
  readonly #tally: EventTally;
  readonly #registry: Registry;
  readonly #runtime: Histogram;
  readonly #events: Counter;
  readonly #make: typeof import('prom-client');

  static async create(context: RouteContext, tally: EventTally): Promise<Metrics> {
    return new Metrics(
      context,
      tally,
      (await import('prom-client')).default as unknown as typeof import('prom-client'),
    );
  }

  constructor(context: RouteContext, tally: EventTally, make: typeof import('prom-client')) {
    this.#context = context;
    this.#tally = tally;
    this.#make = make;
    const registry = new make.Registry();
    this.#registry = registry;
    make.collectDefaultMetrics({ register: registry });
    this.#events = new make.Counter({
      name: 'flower_events_total',
      help: 'Number of events',
      labelNames: ['worker', 'type', 'task'],
      registers: [registry],
    });
    this.#runtime = new make.Histogram({
      name: 'flower_task_runtime_seconds',
      help: 'Task runtime',
      labelNames: ['worker', 'task'],
      buckets: [...(context.options.task_runtime_metric_buckets ?? DEFAULT_BUCKETS)],
      registers: [registry],
    });
    this.#gauges();
  }

  /** Take the runtimes told since the last reading. Called now and then, so that they do not pile up. */
  drain(): void {
    for (const { worker, task, runtime } of this.#tally.runtimes) this.#runtime.observe({ worker, task }, runtime);
    this.#tally.runtimes.length = 0;
  }

  async text(): Promise<string> {
    this.drain();
    this.#events.reset();
    for (const [key, types] of this.#tally.counts) {
      const [worker, task] = key.split('\n') as [string, string];
      for (const [type, count] of types) this.#events.inc({ worker, type, task }, count);
    }
    return this.#registry.metrics();
  }

  #gauges(): void {
    const { cluster, feed } = this.#context;
    const { Counter, Gauge } = this.#make;
    const registers = [this.#registry];
    const gauge = (
      name: string,
      help: string,
      labelNames: string[],
      collect: (set: (labels: Record<string, string>, value: number) => void) => void,
    ): void => {
      new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          collect((labels, value) => this.set(labels, value));
        },
      });
    };
    const workers = () => [...cluster.state.workers.values()];
    gauge('flower_worker_online', 'Worker online status', ['worker'], (set) => {
      for (const w of workers()) set({ worker: w.hostname }, cluster.statusOf(w) === 'online' ? 1 : 0);
    });
    gauge(
      'flower_worker_number_of_currently_executing_tasks',
      'Number of tasks currently executing at a worker',
      ['worker'],
      (set) => {
        for (const w of workers()) if (w.active !== null) set({ worker: w.hostname }, w.active);
      },
    );
    gauge(
      'flower_worker_prefetched_tasks',
      'Number of tasks of given type prefetched at a worker',
      ['worker', 'task'],
      (set) => {
        const counts = new Map<string, number>();
        for (const t of cluster.state.tasks.values())
          if (t.state === 'RECEIVED' && t.eta === null && t.worker !== null)
            counts.set(`${t.worker}\n${t.name ?? ''}`, (counts.get(`${t.worker}\n${t.name ?? ''}`) ?? 0) + 1);
        for (const [key, n] of counts) {
          const [worker, task] = key.split('\n') as [string, string];
          set({ worker, task }, n);
        }
      },
    );
    gauge(
      'flower_task_prefetch_time_seconds',
      'The time the task spent waiting at the celery worker to be executed.',
      ['worker', 'task'],
      (set) => {
        for (const t of cluster.state.tasks.values())
          if (t.state === 'STARTED' && t.eta === null && t.worker !== null && t.started !== null && t.received !== null)
            set({ worker: t.worker, task: t.name ?? '' }, Math.max(0, t.started - t.received));
      },
    );
    gauge('umbel_queue_length', 'Ready messages in a queue', ['queue'], (set) => {
      for (const q of cluster.probe.queues.values()) if (q.status) set({ queue: q.name }, q.status.messages);
    });
    gauge('umbel_queue_length_by_priority', 'Ready messages of one priority', ['queue', 'priority'], (set) => {
      for (const q of cluster.probe.queues.values())
        for (const [priority, n] of Object.entries(q.status?.byPriority ?? {})) set({ queue: q.name, priority }, n);
    });
    gauge('umbel_queue_unacked', 'Messages of a queue taken and not yet acknowledged', ['queue'], (set) => {
      for (const q of cluster.probe.queues.values())
        if (q.status && q.status.unacked !== null) set({ queue: q.name }, q.status.unacked);
    });
    gauge('umbel_queue_oldest_message_age_seconds', 'Age of the oldest ready message', ['queue'], (set) => {
      for (const q of cluster.probe.queues.values())
        if (q.status?.oldestMs) set({ queue: q.name }, Math.max(0, cluster.now - q.status.oldestMs / 1000));
    });
    const single = (name: string, help: string, value: () => number): void =>
      gauge(name, help, [], (set) => set({}, value()));
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
    single('umbel_events_received_total', 'Events received since the start', () => cluster.state.eventCount);
    single('umbel_events_lost', 'Events missed in the last 24 hours, about', () => cluster.listening.eventsLost);
    const { gaps } = cluster.listening;
    counter('umbel_events_lost_total', 'Events missed in gaps since the start, about', () => gaps.total.events);
    counter('umbel_events_unseen_tasks_total', 'Tasks that began unseen in gaps', () => gaps.total.tasks);
    counter('umbel_events_gaps_total', 'Times nobody listened to events and some were missed', () => gaps.total.gaps);
    counter('umbel_events_gap_seconds_total', 'How long nobody listened in those', () => gaps.total.seconds);
    single('umbel_events_malformed', 'Messages that were no events', () => cluster.receiver.malformed);
    single('umbel_history_pending_batches', 'Batches not yet on disk', () => cluster.history.pending);
    single('umbel_live_readers', 'Open live connections', () => feed.readers);
    single('umbel_tasks_in_memory', 'Tasks kept in memory', () => cluster.state.tasks.size);
    single(
      'umbel_metric_series_dropped_total',
      'Observations beyond the bound of label sets',
      () => this.#tally.dropped,
    );
  }
}
