// What Prometheus reads: Flower's names and labels to the letter, queue depths, and figures about this process.
// Not here: the route (health.ts), the figures about this process (process-figures.ts), what is counted while nobody reads (event-tally.ts,
// end-tally.ts), what is read from the cluster (gauges.ts).
// Holds: gauges are computed from the state when they are read, so they never drift; of a worker that is offline only that is told, and
// nothing once it is forgotten; the answer is never much larger than `max_metrics_size`, whatever names are invented: each family has its
// share, and what finds no room in it is told together under 'other'; every metric has a help text, and what ends in `_total` is a counter.
// Flower: events.py get_prometheus_metrics
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { within } from '../../timer.ts';
import type { RouteContext } from '../routes/context.ts';
import { BoundedHistogram } from './bounded-histogram.ts';
import type { EndTally } from './end-tally.ts';
import type { EventLag } from './event-lag.ts';
import { type EventTally, label } from './event-tally.ts';
import { Families, LINE_BYTES } from './families.ts';
import { addGauges } from './gauges.ts';
import { LabelSets, OTHER_LABEL } from './label-sets.ts';
import type { Family } from './otlp.ts';
import { processFigures } from './process-figures.ts';

/**
 * What each family may take of `max_metrics_size`; `gauge` is for each of those of workers, tasks and queues, of which there are ten. By
 * default 200 workers with 20 tasks each are told apart in all of them.
 */
export const SHARES = { events: 0.16, runtime: 0.45, wait: 0.04, run: 0.04, failures: 0.03, gauge: 0.028 } as const;
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** What waits, waits for longer than it runs. @unit seconds */
const WAIT_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600];
const HTTP_BUCKETS = [0.01, 0.1, 0.5, 1, 5];
/** A history that takes so long to say how large it is says it at the next reading. @unit milliseconds */
const SIZE_SILENT_MS = 1000;

/** What is counted while nobody reads. */
export interface Tallies {
  readonly events: EventTally;
  readonly ends: EndTally;
  readonly lag: EventLag;
}

export class Metrics {
  readonly #context: RouteContext;
  readonly #tallies: Tallies;
  readonly #registry: Registry;
  readonly #runtime: BoundedHistogram;
  readonly #wait: BoundedHistogram;
  readonly #run: BoundedHistogram;
  readonly #requests: Histogram;
  readonly #events: Counter;
  readonly #failures: Counter;
  readonly #failureSets: LabelSets;
  #failuresElsewhere = 0;
  /** @unit bytes */
  #historyBytes: number | null = null;

  constructor(context: RouteContext, tallies: Tallies) {
    this.#context = context;
    this.#tallies = tallies;
    const buckets = context.options.task_runtime_metric_buckets ?? DEFAULT_BUCKETS;
    const registry = new Registry();
    this.#registry = registry;
    for (const figure of processFigures()) registry.registerMetric(figure);
    const registers = [registry];
    this.#events = new Counter({
      ...{ name: 'flower_events_total', help: 'Number of events', labelNames: ['worker', 'type', 'task'], registers },
    });
    this.#runtime = new BoundedHistogram(registry, {
      ...{ name: 'flower_task_runtime_seconds', help: 'Task runtime', labelNames: ['worker', 'task'], buckets },
      maxBytes: this.#maxBytes(SHARES.runtime),
    });
    this.#wait = new BoundedHistogram(registry, {
      name: 'umbel_task_wait_seconds',
      help: 'From sent to started, of tasks that were to begin at once',
      ...{ labelNames: ['queue', 'task'], buckets: WAIT_BUCKETS, maxBytes: this.#maxBytes(SHARES.wait) },
    });
    this.#run = new BoundedHistogram(registry, {
      name: 'umbel_task_run_seconds',
      help: 'From started to the end of a try, whatever its end',
      ...{ labelNames: ['task', 'state'], buckets, maxBytes: this.#maxBytes(SHARES.run) },
    });
    const failures = 'umbel_task_failures_total';
    this.#failures = new Counter({
      ...{ name: failures, help: 'Tasks that failed, by the class of their exception' },
      ...{ labelNames: ['task', 'exception'], registers },
    });
    this.#failureSets = new LabelSets({
      maxBytes: this.#maxBytes(SHARES.failures),
      lineBytes: failures.length + LINE_BYTES,
    });
    this.#requests = new Histogram({
      ...{ name: 'umbel_http_request_seconds', help: 'How long requests to this dashboard took' },
      ...{ labelNames: ['method', 'route', 'code'], buckets: HTTP_BUCKETS, registers },
    });
    new Gauge({
      ...{ name: 'umbel_build_info', help: 'Version of this dashboard', labelNames: ['version'], registers },
    }).set({ version: context.version }, 1);
    addGauges(new Families(registry, this.#maxBytes(SHARES.gauge)), {
      ...context,
      leftOut: () => this.#leftOut,
      eventLag: () => tallies.lag.lag(context.cluster.now),
      historyBytes: () => this.#historyBytes,
    });
  }

  /** Take what was told since the last reading. Called now and then, so that it does not pile up. */
  drain(): void {
    for (const { worker, task, runtime, at } of this.#tallies.events.runtimes)
      this.#runtime.observe([worker, task], runtime, at);
    this.#tallies.events.runtimes = [];
    for (const { task, queue, state, exception, runtime, wait, at } of this.#tallies.ends.take()) {
      if (wait !== null) this.#wait.observe([queue, task], wait, at);
      if (runtime !== null) this.#run.observe([task, state], runtime, at);
      if (exception === null) continue;
      const set = this.#failureSets.take([task, exception], at);
      if (set) set.value++;
      else this.#failuresElsewhere++;
    }
  }

  /** @param route as it was declared, without the prefix; null: none was found  @param seconds it took */
  request(method: string, route: string | null, code: number, seconds: number): void {
    this.#requests.observe({ method, route: route ?? OTHER_LABEL, code: String(code) }, seconds);
  }

  forgetWorkers(hostnames: readonly string[]): void {
    if (hostnames.length === 0) return;
    const gone = new Set(hostnames.map(label));
    this.#runtime.forget(({ labels }) => gone.has(labels[0]!));
  }

  /** For Prometheus. */
  async text(): Promise<string> {
    await this.#bringUpToDate();
    return this.#registry.metrics();
  }

  /** The same figures, for others. */
  async families(): Promise<Family[]> {
    await this.#bringUpToDate();
    return this.#registry.getMetricsAsJSON();
  }

  async #bringUpToDate(): Promise<void> {
    this.drain();
    this.#events.reset();
    for (const { count, ...labels } of this.#tallies.events) this.#events.inc(labels, count);
    this.#failures.reset();
    for (const { labels, value } of this.#failureSets)
      this.#failures.inc({ task: labels[0]!, exception: labels[1]! }, value);
    if (this.#failuresElsewhere > 0)
      this.#failures.inc({ task: OTHER_LABEL, exception: OTHER_LABEL }, this.#failuresElsewhere);
    await this.#measureHistory();
  }

  get #leftOut(): number {
    const { events, ends } = this.#tallies;
    const histograms = [this.#runtime, this.#wait, this.#run].reduce((sum, { leftOut }) => sum + leftOut, 0);
    return events.leftOut + ends.leftOut + histograms + this.#failuresElsewhere;
  }

  async #measureHistory(): Promise<void> {
    const { cluster, timer } = this.#context;
    const counts = cluster.history.counts().catch(() => null);
    this.#historyBytes = (await within(timer, SIZE_SILENT_MS, counts))?.bytes ?? this.#historyBytes;
  }

  #maxBytes(share: number): number {
    return this.#context.options.max_metrics_size * share;
  }
}
