// OpenTelemetry for an app: `instrument(app)` of 'umbel/otel'. Spans for sending and running, the context of a trace in the headers of
// messages, metrics; by the conventions for messaging 1.37, with Celery's own attributes as Python's instrumentation names them.
// Nothing else of this package loads @opentelemetry/api. Not here: an SDK, exporters, sampling: the application's.
// Holds: what Python writes is read here, and the other way round: at top level of the headers, as the propagator in use names them
// (`traceparent`, `tracestate`, `baggage`); a run is the child of its publication, and its span ends when it is over, also when that was
// decided from outside or its process was killed; what fails here does not fail the task.
// opentelemetry-instrumentation-celery 0.60: __init__.py CeleryInstrumentor, CeleryGetter
import { constants } from 'node:os';
import {
  type Attributes,
  type Context,
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
import { ImproperlyConfigured, SoftTimeLimitExceeded, Terminated } from '../errors.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { parseUrl, splitFailover } from '../transport/url.ts';
import type { AppHost } from './host.ts';
import { refuseUnknownOptions } from './option-names.ts';
import type { TaskOutcome } from './outcome.ts';
import type { LostRun, PublishedTask, RunPlace, Telemetry } from './telemetry.ts';

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
      Object.assign(measured, failed(span, error));
      throw error;
    } finally {
      this.#sendDuration.record((performance.now() - begunMs) / 1000, measured);
      this.#sent.add(1, measured);
      span.end();
    }
  }

  async run(message: TaskMessage, place: RunPlace, run: () => Promise<TaskOutcome>): Promise<TaskOutcome> {
    const { hostname, eager, stop } = place;
    // What happens to be around a worker when it takes a message is not what caused it.
    const around = propagation.extract(eager ? context.active() : ROOT_CONTEXT, message.headers, GETTER);
    const measured = this.#processed(message);
    const span = this.#startRun(message, hostname, measured, around);
    this.#consumed.add(1, measured);
    const begunMs = performance.now();
    const end = (runtimeMs: number, described: Attributes) => {
      stop.onNotify = null;
      this.#processDuration.record(runtimeMs / 1000, { ...measured, ...described });
      span.end();
    };
    stop.onNotify = (reason) => {
      if (reason instanceof SoftTimeLimitExceeded) return;
      span.setAttribute('celery.state', reason instanceof Terminated ? 'REVOKED' : 'FAILURE');
      end(performance.now() - begunMs, failed(span, reason));
    };
    const outcome = await context.with(trace.setSpan(around, span), run);
    if (stop.onNotify !== null) end(outcome.runtimeMs, describeOutcome(span, outcome));
    return outcome;
  }

  lost(message: TaskMessage, { hostname, startedMs }: LostRun, outcome: TaskOutcome): void {
    const measured = this.#processed(message);
    const around = propagation.extract(ROOT_CONTEXT, message.headers, GETTER);
    const span = this.#startRun(message, hostname, measured, around, startedMs);
    this.#processDuration.record(outcome.runtimeMs / 1000, { ...measured, ...describeOutcome(span, outcome) });
    span.end(startedMs + outcome.runtimeMs);
  }

  #processed({ delivery_info: delivery, task }: TaskMessage): Attributes {
    const destination = delivery.routing_key || delivery.exchange || 'eager';
    return { ...this.#operation('process', destination), 'celery.task_name': task, ...this.#server };
  }

  #startRun(
    { task, id, correlation_id, retries }: TaskMessage,
    hostname: string,
    measured: Attributes,
    around: Context,
    startTime?: number,
  ): Span {
    const name = this.#python ? `run/${task}` : `process ${measured['messaging.destination.name']}`;
    const attributes = {
      ...measured,
      'messaging.operation.type': 'process',
      'messaging.message.id': id,
      ...(correlation_id !== null && { 'messaging.message.conversation_id': correlation_id }),
      'celery.action': 'run',
      'celery.hostname': hostname,
      ...(retries > 0 && { 'celery.retries': retries }),
    };
    const when = startTime === undefined ? {} : { startTime };
    return this.#tracers.getTracer(NAME).startSpan(name, { kind: SpanKind.CONSUMER, attributes, ...when }, around);
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
      return failed(span, outcome.error);
    case 'REVOKED':
      return failed(span, new Terminated(signalOf(outcome.signum)));
    case 'REJECTED':
      span.setAttribute('celery.rejected.reason', maskText(outcome.reason));
      return {};
    default:
      return {};
  }
}

/** @returns what the metric is told of it */
function failed(span: Span, error: unknown): Attributes {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const description = maskText(message);
  span.recordException({ name: typeOf(error), message: description, ...(stack && { stack: maskText(stack) }) });
  span.setAttribute('error.type', typeOf(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: description });
  return { 'error.type': typeOf(error) };
}

/** As bodies are told it: 'SIGTERM'. */
function signalOf(signum: number | null): string {
  return Object.entries(constants.signals).find(([, n]) => n === signum)?.[0] ?? 'SIGTERM';
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
