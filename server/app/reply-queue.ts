// The queue that results of what this app sends come to, where its result store answers to who sent a task and to nobody else (rpc).
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
