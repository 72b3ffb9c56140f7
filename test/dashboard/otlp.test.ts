// The figures of /metrics as OTLP, at a receiver that speaks HTTP: the same numbers, and what is told when it is away.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { OtlpPush } from '../../server/dashboard/metrics/otlp-push.ts';
import { createLogger } from '../../server/log.ts';
import { ManualTimer } from '../support/clock.ts';
import { listening, place, task } from '../support/listening.ts';
import { until } from '../support/until.ts';

interface Point {
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly sum?: number;
  readonly explicitBounds?: readonly number[];
  readonly bucketCounts?: readonly string[];
}
interface Data {
  readonly dataPoints: readonly Point[];
  readonly isMonotonic?: boolean;
  readonly aggregationTemporality?: number;
}
interface Metric {
  readonly name: string;
  readonly description: string;
  readonly sum?: Data;
  readonly gauge?: Data;
  readonly histogram?: Data;
}
interface Sent {
  readonly resourceMetrics: readonly [
    { readonly resource: object; readonly scopeMetrics: readonly [{ readonly metrics: readonly Metric[] }] },
  ];
}

/** What answers there, and what it was sent. */
async function receiver() {
  const heard: { readonly path: string; readonly headers: object; readonly body: Sent }[] = [];
  const state = { status: 200 };
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (piece) => {
      text += String(piece);
    });
    request.on('end', () => {
      heard.push({ path: request.url!, headers: request.headers, body: JSON.parse(text) as Sent });
      response.writeHead(state.status, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return { heard, state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** As Prometheus would write what was sent. */
function linesOf(metrics: readonly Metric[]): string[] {
  return metrics.flatMap(({ name, sum, gauge, histogram }) =>
    (sum ?? gauge ?? histogram)!.dataPoints.flatMap((point) => {
      const labels = point.attributes.map(({ key, value }) => `${key}="${value.stringValue}"`);
      const line = (end: string, value: number | string, more: readonly string[] = []) => {
        const all = [...more, ...labels].join(',');
        return `${name}${end}${all && `{${all}}`} ${value}`;
      };
      if (!histogram) return [line('', point.asDouble!)];
      let upTo = 0;
      const buckets = point.bucketCounts!.map((n, i) => {
        upTo += Number(n);
        return line('_bucket', upTo, [`le="${point.explicitBounds![i] ?? '+Inf'}"`]);
      });
      return [...buckets, line('_sum', point.sum!), line('_count', point.count!)];
    }),
  );
}

it('are sent to a receiver as /metrics tells them, names, labels, buckets and all', async () => {
  const at = await receiver();
  const { emit, beat, metrics } = await listening({
    ...place(),
    ...{ otlp_metrics: at.url, otlp_interval: 1, otlp_headers: 'api-key=a%20secret' },
    ...{ name: 'shop', task_runtime_metric_buckets: [0.25, 1] },
  });
  await emit([
    beat(1),
    ...task('a'),
    { type: 'task-succeeded', uuid: 'b', name: 'shop.add', runtime: 0.5 },
    { type: 'task-failed', uuid: 'c', name: 'shop.add', exception: "KeyError('x')" },
  ]);
  // Figures of this process move between the two.
  const own = /^(?:flower_events|flower_task_runtime|flower_worker_(?:online|number)|umbel_task_(?:run|failures))\w*\{/;
  const scraped = async () => (await metrics()).split('\n').filter((line) => own.test(line));
  const sent = () => at.heard.at(-1)?.body.resourceMetrics[0].scopeMetrics[0].metrics ?? [];
  await until(async () => {
    const lines = linesOf(sent()).filter((line) => own.test(line));
    return lines.length > 10 && JSON.stringify(lines) === JSON.stringify(await scraped());
  }, 'what /metrics says');
  const { path, headers, body } = at.heard.at(-1)!;
  expect([path, headers]).toEqual([
    '/v1/metrics',
    expect.objectContaining({ 'content-type': 'application/json', 'api-key': 'a secret' }),
  ]);
  expect(JSON.stringify(body.resourceMetrics[0].resource)).toContain(
    '{"key":"umbel.cluster","value":{"stringValue":"shop"}}',
  );
  const of = (name: string) => sent().find((metric) => metric.name === name)!;
  expect(of('flower_events_total')).toMatchObject({ sum: { isMonotonic: true, aggregationTemporality: 2 } });
  expect(of('flower_task_runtime_seconds')).toMatchObject({
    description: 'Task runtime',
    histogram: { dataPoints: [{ explicitBounds: [0.25, 1], bucketCounts: ['0', '1', '0'], count: '1', sum: 0.5 }] },
  });
  const [{ startTimeUnixNano, timeUnixNano }] = of('flower_events_total').sum!.dataPoints as [Point];
  expect([startTimeUnixNano, timeUnixNano]).toEqual([
    expect.stringMatching(/^\d{19}$/),
    expect.stringMatching(/^\d{19}$/),
  ]);
  expect(BigInt(timeUnixNano) > BigInt(startTimeUnixNano)).toBe(true);
});

it('that cannot be sent are told of once, and once when they can again; what is not known is not sent', async () => {
  const at = await receiver();
  const lines: string[] = [];
  const log = createLogger({ level: 'INFO', color: false, write: (line) => lines.push(line) });
  const family = { name: 'g', help: 'h', type: 'gauge', values: [{ value: Number.NaN, labels: {} }] };
  const push = new OtlpPush({
    options: { clusters: null, name: 'shop', otlp_headers: null, otlp_interval: 60 },
    ...{ url: `${at.url}/v1/metrics`, version: '1', timer: new ManualTimer(), log },
    metrics: { families: async () => [family, { ...family, name: 'k', values: [{ value: 2, labels: {} }] }] },
  });
  at.state.status = 503;
  await push.push();
  await push.push();
  at.state.status = 200;
  await push.push();
  expect(lines.map((line) => /(?:OTLP|Metrics) .*/.exec(line)?.[0])).toEqual([
    `Metrics could not be sent to ${at.url}/v1/metrics (otlp_metrics): it answers 503 {"partialSuccess":{}}`,
    `The receiver of OTLP metrics at ${at.url}/v1/metrics answers again`.slice('The receiver of '.length),
  ]);
  expect(at.heard[2]!.body.resourceMetrics[0].scopeMetrics[0].metrics).toMatchObject([
    { name: 'k', gauge: { dataPoints: [{ asDouble: 2 }] } },
  ]);
  push.stop();
});
