// OpenTelemetry, with its real SDK: spans, context in messages, metrics.
import { readFileSync } from 'node:fs';
import {
  context,
  metrics as globalMetrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Celery } from '../../../server/app/celery.ts';
import { instrument } from '../../../server/app/otel.ts';
import { chain } from '../../../server/canvas/compose.ts';
import { signals } from '../../../server/signals.ts';
import { until } from '../../support/until.ts';
import { makeApp, startWorker } from '../../support/world.ts';

const spans = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
const tracer = tracerProvider.getTracer('test');
const TIMEOUT = { timeout: 90 };
const guide = readFileSync(new URL('../../../docs/guides/observability.md', import.meta.url), 'utf8');
/** Attributes of every span, and metrics, that were seen here. */
const seenNames = new Set<string>();

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
afterAll(() => {
  context.disable();
  propagation.disable();
  trace.disable();
  globalMetrics.disable();
});
beforeEach(() => spans.reset());
afterEach(() => {
  for (const span of spans.getFinishedSpans()) for (const name of Object.keys(span.attributes)) seenNames.add(name);
});

/** By name, in the order in which they ended. */
const ended = (name: string) => spans.getFinishedSpans().filter((span) => span.name === name);
/** A run's span ends after its result is stored: it is waited for. */
const run = (count = 1) => until(() => ended('process celery').length >= count, 'the ends of the runs');

async function shop(settings = {}): Promise<Celery> {
  const app = makeApp({ settings });
  instrument(app, { tracerProvider });
  app.task('shop.price', (n: number) => n * 2);
  app.task('shop.fails', () => {
    throw new RangeError('no such order, password=hunter2');
  });
  app.task({ name: 'shop.flaky', max_retries: 1 }, function () {
    if (this.request.retries === 0) this.retry({ countdown: 0, exc: new Error('again') });
    return 'done';
  });
  app.task('shop.seen', () => trace.getActiveSpan()?.spanContext().traceId ?? null);
  return app;
}

describe('an instrumented app', () => {
  it('a task is a span of its sender, and its run a child of that', async () => {
    const app = await shop();
    await startWorker(app);
    const outer = tracer.startSpan('request');
    const result = await context.with(trace.setSpan(ROOT_CONTEXT, outer), () => app.sendTask('shop.seen'));
    expect(await result.get(TIMEOUT)).toBe(outer.spanContext().traceId);
    await run();
    const [sent] = ended('send celery');
    const [ran] = ended('process celery');
    expect(sent).toMatchObject({
      kind: SpanKind.PRODUCER,
      parentSpanContext: { spanId: outer.spanContext().spanId },
      attributes: {
        'messaging.system': 'celery',
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
        'messaging.destination.name': 'celery',
        'messaging.message.id': result.id,
        'messaging.message.conversation_id': result.id,
        'celery.action': 'apply_async',
        'celery.task_name': 'shop.seen',
      },
    });
    expect(sent!.attributes['messaging.message.body.size']).toBeGreaterThan(10);
    expect(ran).toMatchObject({
      kind: SpanKind.CONSUMER,
      parentSpanContext: { spanId: sent!.spanContext().spanId, traceId: outer.spanContext().traceId },
      attributes: {
        'messaging.operation.type': 'process',
        'messaging.message.id': result.id,
        'celery.action': 'run',
        'celery.state': 'SUCCESS',
        'celery.task_name': 'shop.seen',
      },
      status: { code: SpanStatusCode.UNSET },
    });
  });

  it('a chain and a retry are one trace', async () => {
    const app = await shop();
    await startWorker(app);
    const price = app.signature('shop.price', [2]);
    const steps = await chain(
      price,
      app.signature('shop.price'),
      app.signature('shop.flaky').setImmutable(true),
    ).delay();
    expect(await steps.get(TIMEOUT)).toBe('done');
    await run(4);
    const all = spans.getFinishedSpans();
    expect(new Set(all.map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(ended('send celery')).toHaveLength(4);
    const again = ended('process celery').find((span) => span.attributes['celery.state'] === 'RETRY')!;
    expect(again.attributes['celery.retry.reason']).toMatch(/again/);
    expect(again.status.code).toBe(SpanStatusCode.UNSET);
    expect(ended('send celery').at(-1)!.attributes['celery.retries']).toBe(1);
  });

  it('a failure is recorded without its secrets', async () => {
    const app = await shop();
    await startWorker(app);
    await expect((await app.sendTask('shop.fails')).get(TIMEOUT)).rejects.toThrow();
    await run();
    const [ran] = ended('process celery');
    expect(ran!.status.code).toBe(SpanStatusCode.ERROR);
    expect(ran!.attributes).toMatchObject({ 'error.type': 'RangeError', 'celery.state': 'FAILURE' });
    expect(ran!.events[0]!.attributes!['exception.message']).toMatch(/no such order/);
    expect(JSON.stringify([ran!.events, ran!.status])).not.toContain('hunter2');
  });

  it('a run that is ended from outside is over, and failed, at that moment, whatever its body still does', async () => {
    const app = await shop();
    app.task('shop.endless', () => new Promise(() => {}));
    const worker = await startWorker(app);
    const limited = await app.sendTask('shop.endless', [], {}, { time_limit: 0.01 });
    await expect(limited.get(TIMEOUT)).rejects.toThrow('TimeLimitExceeded');
    const ended = await app.sendTask('shop.endless');
    await until(() => worker.state.active === 1, 'it to run');
    await ended.revoke({ terminate: true });
    await expect(ended.get(TIMEOUT)).rejects.toThrow('terminated');
    await run(2);
    const runs = spans.getFinishedSpans().filter((span) => span.name === 'process celery');
    expect(
      runs.map(({ attributes, status }) => [attributes['celery.state'], attributes['error.type'], status.code]),
    ).toEqual([
      ['FAILURE', 'TimeLimitExceeded', SpanStatusCode.ERROR],
      ['REVOKED', 'Terminated', SpanStatusCode.ERROR],
    ]);
  });

  it('what no broker takes is a failed span, and rejects as before', async () => {
    const app = makeApp();
    instrument(app, { tracerProvider });
    app.producer().publish = () => Promise.reject(new RangeError('away'));
    await expect(app.sendTask('shop.price', [1])).rejects.toThrow('away');
    expect(ended('send celery')[0]).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: 'away' } });
  });

  it('names spans as Python does where asked to', async () => {
    const app = makeApp({ settings: { task_always_eager: true } });
    instrument(app, { tracerProvider, spanNames: 'celery' });
    const outer = tracer.startSpan('request');
    const price = app.task('shop.price', (n: number) => n);
    await context.with(trace.setSpan(ROOT_CONTEXT, outer), () => price.delay(1));
    const [ran] = ended('run/shop.price');
    expect(ran!.parentSpanContext!.spanId).toBe(outer.spanContext().spanId);
    expect(() => instrument(app)).toThrow(/instrumented already/);
    expect(() => instrument(makeApp(), { spanNames: 'python' as never })).toThrow(/'messaging' or 'celery'/);
  });

  // opentelemetry-instrumentation-celery 0.60: headers as its `inject` leaves them, by the default propagators of Python.
  it.each([
    ['as Python writes it', { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }, true],
    [
      'with a vendor state',
      { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' },
      true,
    ],
    ['that is none', { traceparent: ['00-zz', 5] }, false],
    ['of another kind', { traceparent: { a: 1 } }, false],
  ])('goes on with the trace of a message %s', async (_, headers, same) => {
    const app = await shop();
    const elsewhere = makeApp({
      settings: { broker: app.conf.brokerUrls('read')[0]!, backend: app.conf.brokerUrls('read')[0]! },
    });
    await startWorker(app);
    const result = await elsewhere.sendTask('shop.seen', [], {}, { headers });
    const traceId = await result.get(TIMEOUT);
    await run();
    expect(traceId === '0af7651916cd43dd8448eb211c80319c').toBe(same);
    expect(ended('process celery')[0]!.parentSpanContext?.spanId).toBe(same ? 'b7ad6b7169203331' : undefined);
  });

  it('writes its context at the top level of the headers of protocol 2, and none into protocol 1', async () => {
    const seen: Record<string, unknown>[] = [];
    const listen = ({ headers }: { readonly headers: Record<string, unknown> }) => void seen.push(headers);
    signals.after_task_publish.connect(listen);
    try {
      await (await shop()).sendTask('shop.price', [1]);
      await (await shop({ task_protocol: 1 })).sendTask('shop.price', [1]);
    } finally {
      signals.after_task_publish.disconnect(listen);
    }
    const [sent] = ended('send celery');
    const { traceId, spanId } = sent!.spanContext();
    expect(seen[0]).toMatchObject({ traceparent: `00-${traceId}-${spanId}-01`, task: 'shop.price' });
    expect(seen[1]).not.toHaveProperty('traceparent');
  });

  it('measures by the conventions', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const meterProvider = new MeterProvider({ readers: [reader] });
    const app = makeApp();
    instrument(app, { meterProvider });
    app.task('shop.price', (n: number) => n);
    app.task('shop.fails', () => {
      throw new RangeError('no');
    });
    await startWorker(app);
    await (await app.sendTask('shop.price', [1])).get(TIMEOUT);
    await expect((await app.sendTask('shop.fails')).get(TIMEOUT)).rejects.toThrow('no');
    const read = async () => {
      exporter.reset();
      await reader.forceFlush();
      return exporter.getMetrics().flatMap((one) => one.scopeMetrics.flatMap((scope) => scope.metrics));
    };
    const points = async (name: string) => (await read()).find((one) => one.descriptor.name === name)?.dataPoints ?? [];
    await expect.poll(async () => (await points('messaging.process.duration')).length).toBe(2);
    expect((await points('messaging.process.duration')).map((point) => point.attributes)).toEqual([
      expect.objectContaining({ 'celery.task_name': 'shop.price', 'messaging.operation.name': 'process' }),
      expect.objectContaining({ 'celery.task_name': 'shop.fails', 'error.type': 'RangeError' }),
    ]);
    const all = await read();
    expect(all.map((one) => [one.descriptor.name, one.descriptor.unit]).sort()).toEqual([
      ['messaging.client.consumed.messages', '{message}'],
      ['messaging.client.operation.duration', 's'],
      ['messaging.client.sent.messages', '{message}'],
      ['messaging.process.duration', 's'],
    ]);
    for (const one of all) seenNames.add(one.descriptor.name);
    expect((await points('messaging.client.sent.messages'))[0]).toMatchObject({ value: 2 });
    await meterProvider.shutdown();
  });

  it('that is ended is as before', async () => {
    const app = makeApp();
    instrument(app, { tracerProvider })();
    await app.sendTask('shop.price', [1]);
    expect(spans.getFinishedSpans()).toEqual([]);
  });

  it('tells what its guide says', () => {
    expect(seenNames.size).toBeGreaterThan(15);
    expect([...seenNames].filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
  });
});
