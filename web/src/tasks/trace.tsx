// The trace a task is in, and where it is looked at (the option trace_url). Not here: how a message carries it (shared/trace-id.ts).
import { traceIdOf } from '../../../shared/trace-id.ts';
import { PAGE_OPTIONS } from '../api/page-options.ts';

/** From the headers that workers of ours tell with task-received, or from our clients' task-sent; null: not known, or no trace. */
export function traceOfTask(extra: Readonly<Record<string, unknown>> | null | undefined): string | null {
  const headers = extra?.headers as Readonly<Record<string, unknown>> | null | undefined;
  return traceIdOf(headers?.traceparent ?? extra?.traceparent);
}

/** @param label what is shown. Default: the id */
export function TraceLink({ id, label = id }: { id: string; label?: string }) {
  const url = PAGE_OPTIONS.trace_url;
  const shown = label === id ? <code>{id}</code> : label;
  if (url === null) return <span title={id}>{shown}</span>;
  return (
    <a className="link" href={url.replaceAll('{trace_id}', id)} target="_blank" rel="noreferrer" title={id}>
      {shown}
    </a>
  );
}
