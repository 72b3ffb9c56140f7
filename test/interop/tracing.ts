// OpenTelemetry's SDK for one test: spans kept in memory, W3C's header. Ended by the test: the propagator is the process's.
import { propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { InstrumentOptions } from '../../server/app/otel.ts';

export function tracing(): { spans: () => ReadableSpan[]; options: InstrumentOptions; end: () => void } {
  const exporter = new InMemorySpanExporter();
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return {
    spans: () => exporter.getFinishedSpans(),
    options: { tracerProvider: new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }) },
    end: () => propagation.disable(),
  };
}
