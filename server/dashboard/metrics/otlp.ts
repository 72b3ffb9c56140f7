// The figures of /metrics as OpenTelemetry's metrics, in OTLP's JSON: the same families under the same names, with the same labels.
// Not here: the figures (metrics.ts), sending them (otlp-push.ts).
// Holds: what is counted since the start is cumulative since then; a figure that is not known is left out, never 0. Names have no unit of
// their own, so that a receiver which makes Prometheus' names of them makes these again.
// OpenTelemetry: opentelemetry-proto 1.x, metrics/v1/metrics.proto; numbers of 64 bits are texts in its JSON

/** A family as prom-client tells it. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly values: readonly FamilyValue[];
}
interface FamilyValue {
  readonly value: number;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  readonly metricName?: string;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

export interface Instants {
  /** Since when it is counted. @unit milliseconds since the epoch */
  readonly startedMs: number;
  readonly nowMs: number;
}

const CUMULATIVE = 2;

/** @param resource whose figures these are: 'service.name' and the like */
export function otlpMetrics(
  families: readonly Family[],
  resource: Readonly<Record<string, string>>,
  scope: { readonly name: string; readonly version: string },
  instants: Instants,
): object {
  const metrics = families.map((family) => metricOf(family, instants)).filter((metric) => metric !== null);
  return {
    resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics: [{ scope, metrics }] }],
  };
}

function metricOf(family: Family, instants: Instants): object | null {
  const { name, help: description, type, values } = family;
  const points = type === 'histogram' ? histogramPoints(family, instants) : numberPoints(values, instants);
  if (points.length === 0) return null;
  const cumulative = { dataPoints: points, aggregationTemporality: CUMULATIVE };
  if (type === 'counter') return { name, description, sum: { ...cumulative, isMonotonic: true } };
  if (type === 'histogram') return { name, description, histogram: cumulative };
  return type === 'gauge' ? { name, description, gauge: { dataPoints: points } } : null;
}

function numberPoints(values: readonly FamilyValue[], instants: Instants): object[] {
  return values
    .filter(({ value }) => Number.isFinite(value))
    .map(({ value, labels }) => ({ attributes: attributes(labels), ...between(instants), asDouble: value }));
}

interface Histogram {
  readonly labels: FamilyValue['labels'];
  readonly bounds: number[];
  /** Up to each bound, and in all. */
  readonly upTo: number[];
  sum: number;
  count: number;
}

function histogramPoints({ name, values }: Family, instants: Instants): object[] {
  const all = new Map<string, Histogram>();
  for (const { value, metricName, labels: given } of values) {
    const { le, ...labels } = given;
    const key = JSON.stringify(labels);
    const one = all.get(key) ?? { labels, bounds: [], upTo: [], sum: 0, count: 0 };
    all.set(key, one);
    if (metricName === `${name}_sum`) one.sum = value;
    else if (metricName === `${name}_count`) one.count = value;
    else {
      one.upTo.push(value);
      if (le !== '+Inf') one.bounds.push(Number(le));
    }
  }
  return [...all.values()].map(({ labels, bounds, upTo, sum, count }) => ({
    attributes: attributes(labels),
    ...between(instants),
    ...{ count: String(count), sum, explicitBounds: bounds },
    bucketCounts: upTo.map((n, i) => String(n - (upTo[i - 1] ?? 0))),
  }));
}

const between = ({ startedMs, nowMs }: Instants) => ({
  startTimeUnixNano: `${Math.round(startedMs)}000000`,
  timeUnixNano: `${Math.round(nowMs)}000000`,
});

const attributes = (labels: FamilyValue['labels']): Attribute[] =>
  Object.entries(labels).map(([key, value]) => ({ key, value: { stringValue: String(value ?? '') } }));
