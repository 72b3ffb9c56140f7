// A task as Flower's API tells of it: its fields and their order.
// Flower: utils/tasks.py as_dict; Celery 5.6: events/state.py Task
import type { WholeTask } from '../../views/task-window.ts';

/** @param task as it is known whole */
export function taskObject({ task, children }: WholeTask): Record<string, unknown> {
  return {
    uuid: task.uuid,
    name: task.name,
    state: task.state,
    received: task.received,
    sent: task.sent,
    started: task.started,
    rejected: task.rejected,
    succeeded: task.succeeded,
    failed: task.failed,
    retried: task.retried,
    revoked: task.revoked,
    args: task.args,
    kwargs: task.kwargs,
    eta: task.eta,
    expires: task.expires,
    retries: task.retries,
    worker: task.worker,
    result: task.result,
    exception: task.exception,
    timestamp: task.timestamp,
    runtime: task.runtime,
    traceback: task.traceback,
    exchange: task.exchange,
    routing_key: task.routing_key,
    clock: task.clock,
    client: task.client,
    root: task.root_id,
    root_id: task.root_id,
    parent: task.parent_id,
    parent_id: task.parent_id,
    children,
  };
}

/** In lists a worker that is not known is left out. */
export function listedTask(whole: WholeTask): Record<string, unknown> {
  const object = taskObject(whole);
  if (object.worker === null) delete object.worker;
  return object;
}
