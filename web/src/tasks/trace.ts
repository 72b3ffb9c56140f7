// The trace a task is in, as its message carried it (W3C's `traceparent`), and where it is looked at (the option trace_url).
// Not here: who writes it into the message (server/app/otel.ts, and Python's instrumentation).

/** From the headers that workers of ours tell with task-received, or from our clients' task-sent; null: not known, or no trace. */
export function traceIdOf(extra: Readonly<Record<string, unknown>> | null | undefined): string | null {
  const headers = extra?.headers as Readonly<Record<string, unknown>> | null | undefined;
  const given = headers?.traceparent ?? extra?.traceparent;
  const id =
    typeof given === 'string' ? /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/.exec(given)?.[1] : undefined;
  return id === undefined || /^0+$/.test(id) ? null : id;
}

export function traceLink(template: string | null, id: string): string | null {
  return template === null ? null : template.replaceAll('{trace_id}', id);
}
