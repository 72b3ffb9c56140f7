// OpenTelemetry for an app: `instrument(app)` of 'umbel/otel'. Spans for sending and running, the context of a trace in the headers of
// messages, metrics; by the conventions for messaging 1.37, with Celery's own attributes as Python's instrumentation names them.
// Nothing else of this package loads @opentelemetry/api. Not here: an SDK, exporters, sampling: the application's.
// Holds: what Python writes is read here, and the other way round: at top level of the headers, as the propagator in use names them
// (`traceparent`, `tracestate`, `baggage`); a run is the child of its publication; what fails here does not fail the task.
// opentelemetry-instrumentation-celery 0.60: __init__.py CeleryInstrumentor, CeleryGetter
import {
  type Attributes,
  context,
  type Histogram,
  type MeterProvider,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { maskText } from '../../shared/masking.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { parseUrl, splitFailover } from '../transport/url.ts';
import type { AppHost } from './host.ts';
import { refuseUnknownOptions } from './option-names.ts';
import type { TaskOutcome } from './outcome.ts';
import type { PublishedTask, RunPlace, Telemetry } from './telemetry.ts';

export interface InstrumentOptions {
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider;
  /** Default: the global one. */
  readonly meterProvider?: MeterProvider;
  /**
   * 'messaging': 'send celery' and 'process celery', by the conventions; 'celery': 'apply_async/shop.charge' and 'run/shop.charge', as
   * Python's instrumentation names them. Default messaging
   */
  readonly spanNames?: 'messaging' | 'celery';
}

type InstrumentedApp = Pick<AppHost, 'conf' | 'log'> & { telemetry: Telemetry | null };

/** Trace and measure what this app sends and runs. @returns what ends it @throws ImproperlyConfigured */
export function instrument(app: InstrumentedApp, options: InstrumentOptions = {}): () => void {
  refuseUnknownOptions('instrument(app, options)', options, ['tracerProvider', 'meterProvider', 'spanNames']);
  if (options.spanNames !== undefined && !['messaging', 'celery'].includes(options.spanNames))
    throw new ImproperlyConfigured(`spanNames is 'messaging' or 'celery', not '${options.spanNames}'.`);
  if (app.telemetry)
    throw new ImproperlyConfigured(
      'The app is instrumented already: end that first, by what instrument(app) returned.',
    );
  const telemetry = new OpenTelemetry(app, options);
  app.telemetry = telemetry;
  return () => {
    if (app.telemetry === telemetry) app.telemetry = null;
  };
}

const NAME = 'umbel';
/** The conventions' advice for durations. @unit seconds */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

class OpenTelemetry implements Telemetry {
  readonly #tracers: TracerProvider;
  readonly #python: boolean;
  readonly #server: Attributes;
  readonly #sendDuration: Histogram;
  readonly #processDuration: Histogram;
  readonly #sent;
  readonly #consumed;

  constructor(app: InstrumentedApp, options: InstrumentOptions) {
    this.#tracers = options.tracerProvider ?? trace.getTracerProvider();
    this.#python = options.spanNames === 'celery';
    this.#server = serverOf(app.conf.brokerUrls('write'));
    const meter = (options.meterProvider ?? metrics.getMeterProvider()).getMeter(NAME);
    const duration = (name: string, description: string) =>
      meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: BOUNDARIES } });
    this.#sendDuration = duration(
      'messaging.client.operation.duration',
      'How long it took to hand a task to the broker.',
    );
    this.#processDuration = duration('messaging.process.duration', 'How long a task ran.');
    this.#sent = meter.createCounter('messaging.client.sent.messages', {
      unit: '{message}',
      description: 'Tasks sent.',
    });
    this.#consumed = meter.createCounter('messaging.client.consumed.messages', {
      unit: '{message}',
      description: 'Tasks that began to run.',
    });
  }

  async publish<T>(task: PublishedTask, send: () => Promise<T>): Promise<T> {
    const destination = task.queue ?? (task.routing_key || task.exchange);
    const measured = { ...this.#operation('send', destination), ...this.#server };
    const span = this.#tracers.getTracer(NAME).startSpan(
      this.#python ? `apply_async/${task.task}` : `send ${destination}`,
      {
        kind: SpanKind.PRODUCER,
        attributes: {
          ...measured,
          'messaging.operation.type': 'send',
          'messaging.message.id': task.id,
          'messaging.message.conversation_id': task.correlation_id,
          'messaging.message.body.size': task.bodySize,
          'celery.action': 'apply_async',
          'celery.task_name': task.task,
          'celery.exchange': task.exchange,
          'celery.routing_key': task.routing_key,
          ...(task.retries > 0 && { 'celery.retries': task.retries }),
        },
      },
      context.active(),
    );
    const active = trace.setSpan(context.active(), span);
    if (task.headers) propagation.inject(active, task.headers);
    const begunMs = performance.now();
    try {
      return await context.with(active, send);
    } catch (error) {
      failed(span, error);
      Object.assign(measured, { 'error.type': typeOf(error) });
      throw error;
    } finally {
      this.#sendDuration.record((performance.now() - begunMs) / 1000, measured);
      this.#sent.add(1, measured);
      span.end();
    }
  }

  async run(
    message: TaskMessage,
    { hostname, eager }: RunPlace,
    run: () => Promise<TaskOutcome>,
  ): Promise<TaskOutcome> {
    const { delivery_info: delivery, correlation_id } = message;
    const destination = delivery.routing_key || delivery.exchange || 'eager';
    // What happens to be around a worker when it takes a message is not what caused it.
    const around = propagation.extract(eager ? context.active() : ROOT_CONTEXT, message.headers, GETTER);
    const measured = { ...this.#operation('process', destination), 'celery.task_name': message.task, ...this.#server };
    const span = this.#tracers.getTracer(NAME).startSpan(
      this.#python ? `run/${message.task}` : `process ${destination}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: {
          ...measured,
          'messaging.operation.type': 'process',
          'messaging.message.id': message.id,
          ...(correlation_id !== null && { 'messaging.message.conversation_id': correlation_id }),
          'celery.action': 'run',
          'celery.hostname': hostname,
          ...(message.retries > 0 && { 'celery.retries': message.retries }),
        },
      },
      around,
    );
    this.#consumed.add(1, measured);
    const outcome = await context.with(trace.setSpan(around, span), run);
    this.#processDuration.record(outcome.runtimeMs / 1000, { ...measured, ...describeOutcome(span, outcome) });
    span.end();
    return outcome;
  }

  #operation(name: 'send' | 'process', destination: string): Attributes {
    return {
      'messaging.system': 'celery',
      'messaging.operation.name': name,
      'messaging.destination.name': destination,
    };
  }
}

/** Python's CeleryGetter: a header that is a text, or the texts of a list. */
const GETTER = {
  get: (headers: Record<string, unknown>, key: string): string | string[] | undefined => {
    const value = Object.hasOwn(headers, key) ? headers[key] : undefined;
    if (typeof value === 'string') return value;
    return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : undefined;
  },
  keys: (headers: Record<string, unknown>): string[] => Object.keys(headers),
};

/** The end of a run, on its span. @returns what the metric is told of it */
function describeOutcome(span: Span, outcome: TaskOutcome): Attributes {
  span.setAttribute('celery.state', outcome.state);
  switch (outcome.state) {
    case 'RETRY':
      span.setAttribute('celery.retry.reason', maskText(outcome.excRepr));
      return {};
    case 'FAILURE':
      if (outcome.expected) return {};
      failed(span, outcome.error);
      return { 'error.type': typeOf(outcome.error) };
    case 'REJECTED':
      span.setAttribute('celery.rejected.reason', maskText(outcome.reason));
      return {};
    default:
      return {};
  }
}

function failed(span: Span, error: unknown): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const description = maskText(message);
  span.recordException({ name: typeOf(error), message: description, ...(stack && { stack: maskText(stack) }) });
  span.setAttribute('error.type', typeOf(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: description });
}

function typeOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/** The broker's address, where it has one that others can reach. */
function serverOf(urls: readonly string[]): Attributes {
  const [first] = splitFailover(urls);
  if (first === undefined) return {};
  const { host, port } = parseUrl(first);
  if (!host) return {};
  return { 'server.address': host, ...(port !== null && { 'server.port': port }) };
}
