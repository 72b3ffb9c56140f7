// What Prometheus reads: Flower's names and labels to the letter, queue depths, and figures about this process.
// Not here: the route (health.ts), counting events (event-tally.ts), what is read from the cluster (gauges.ts).
// Holds: gauges are computed from the state when they are read, so they never drift; of a worker that is offline only that is told, and
// nothing once it is forgotten; the answer is never much larger than `max_metrics_size`, whatever names are invented: each family has its
// share, and what finds no room in it is told together under 'other'; every metric has a help text, and what ends in `_total` is a counter.
// Flower: events.py get_prometheus_metrics
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { RouteContext } from '../routes/context.ts';
import { type EventTally, label } from './event-tally.ts';
import { Families, LINE_BYTES } from './families.ts';
import { addGauges } from './gauges.ts';
import { LabelSets, OTHER_LABEL } from './label-sets.ts';

/**
 * What each family may take of `max_metrics_size`. The nine gauges, of which one has few label sets, are the rest. By default 200 workers
 * with 20 tasks each are told apart in all of them.
 */
export const SHARES = { events: 0.25, runtime: 0.45, gauge: 0.035 } as const;
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
    addGauges(new Families(registry, this.#maxBytes(SHARES.gauge)), {
      ...context,
      leftOut: () => this.#tally.leftOut,
    });
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
}
