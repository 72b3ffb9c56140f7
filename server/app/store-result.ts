// One record into the result store: what a task's state, result and children look like there, and whether they are stored at all.
// Not here: what follows a failure (store-failure.ts), parts of chords (chord-part.ts), the record's shape (protocol/result-meta.ts).
// Celery 5.6: backends/base.py store_result
import type { Backend } from '../backends/contract.ts';
import { buildResultMeta } from '../protocol/result-meta.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import type { AppHost, RegisteredTask } from './host.ts';

export interface Stored {
  readonly state: string;
  readonly result: unknown;
  readonly traceback?: string | null;
  readonly children?: readonly unknown[] | null;
  readonly hostname?: string | null;
}

/** Write one record. May throw what the store throws. */
export function storeResult(app: AppHost, message: TaskMessage, stored: Stored): Promise<void> {
  const backend = app.openBackend;
  return backend
    ? write(backend, app, message, stored)
    : app.backend().then((opened) => write(opened, app, message, stored));
}

function write(backend: Backend, app: AppHost, message: TaskMessage, stored: Stored): Promise<void> {
  if (!backend.enabled) return DONE;
  return backend.store(
    buildResultMeta({
      task_id: message.id,
      status: stored.state,
      result: stored.result,
      traceback: stored.traceback ?? null,
      children: stored.children ?? null,
      nowMs: app.timer.now(),
      group_id: message.group,
      parent_id: message.parent_id,
      ...(app.conf.result_extended ? { extended: extended(message, stored.hostname ?? null) } : {}),
    }),
    { replyTo: message.reply_to, correlationId: message.correlation_id },
  );
}

const DONE = Promise.resolve();

function extended(message: TaskMessage, worker: string | null) {
  return {
    name: message.task,
    args: message.args,
    kwargs: message.kwargs,
    worker,
    retries: message.retries,
    queue: message.delivery_info.routing_key,
    stamped_headers: message.stamped_headers,
    stamps: message.stamps,
  };
}

export function ignoresResult(app: AppHost, task: RegisteredTask | undefined): boolean {
  return task?.options.ignore_result ?? app.conf.task_ignore_result;
}

export function storesErrors(app: AppHost, task: RegisteredTask | undefined): boolean {
  if (!ignoresResult(app, task)) return true;
  return task?.options.store_errors_even_if_ignored ?? app.conf.task_store_errors_even_if_ignored;
}
