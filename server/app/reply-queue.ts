// The queue that results of what this app sends come to, where its result store answers to who sent a task and to nobody else (rpc);
// and what an answer says of the message that it answers: the broker had it.
// Celery 5.6: backends/rpc.py on_task_call
import { backendFlags } from '../backends/registry.ts';
import type { Queue } from '../transport/entity.ts';
import type { AppHost } from './host.ts';

/** What was looked up last. */
let known = { url: '', callerOnly: false };

/** null: its store is asked by anybody. */
export function replyQueue(app: AppHost): Promise<Queue | null> | null {
  const url = app.conf.resultBackendUrl();
  if (url !== known.url) known = { url, callerOnly: backendFlags(url)?.callerOnly ?? false };
  return known.callerOnly ? app.backend().then((backend) => backend.onTaskCall?.() ?? null) : null;
}

/**
 * Resolves when the broker has the message of task `id`: by its confirmation, or by a first result, whichever is here before. RabbitMQ
 * confirms a message that waits for its disk after a quick task has answered: a third of a round trip.
 * @param id of this message alone: an answer to an older one would prove nothing
 */
export function confirmedOrAnswered(app: AppHost, id: string, publishing: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = publishing.then(() => resolve(), reject);
    const leave = app.openBackend?.subscribe(id, () => resolve());
    if (leave) void ended.then(leave);
  });
}
