// Figures about this process, as any program of Node tells them to Prometheus: CPU, memory, the event loop, garbage collection.
// Not here: what a dashboard counts of its cluster (metrics.ts).
// Holds: they are taken once, however many dashboards the process has or has had: what takes them wakes it a hundred times a second, and
// never ends.
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';

let figures: readonly Metric[] | null = null;

export function processFigures(): readonly Metric[] {
  figures ??= collected();
  return figures;
}

function collected(): readonly Metric[] {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // Gauges named as counters are, which promtool refuses; each is the sum of one that stays (nodejs_active_handles, ...).
  for (const what of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${what}_total`);
  return registry.getMetricsAsArray() as unknown as Metric[];
}
