// The trace a message is in, as its headers carry it: W3C's `traceparent`. Who writes it: server/app/otel.ts, and Python's instrumentation.

/** null: no trace, or none that could be looked up. */
export function traceIdOf(traceparent: unknown): string | null {
  if (typeof traceparent !== 'string') return null;
  const id = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/.exec(traceparent)?.[1];
  return id === undefined || /^0+$/.test(id) ? null : id;
}
