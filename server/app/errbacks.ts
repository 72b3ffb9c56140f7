// The errbacks of a failed task: which there are, and calling them.
// Not here: when a task has failed (store-failure.ts, chord-part.ts).
// Holds: one that cannot be called does not keep the others from being called.
// Celery 5.6: backends/base.py _call_task_errbacks
import { jsonText } from '../../shared/json-text.ts';
import type { SignatureLike } from '../canvas/call-options.ts';
import { listOf } from '../canvas/signature.ts';
import { toError } from '../errors.ts';
import type { TaskMessage, WireSignature } from '../protocol/task-message.ts';
import { TaskRequest } from './context.ts';
import type { AppHost, RegisteredTask } from './host.ts';
import { Stop } from './stop.ts';

/**
 * Those to be called when a signature fails before it could run: its own, and those of what would have run first and failed. Of a chain
 * its first step's; of a chord those of its header and its body; a group with something after it is a header. Equal ones once, and none
 * that is called elsewhere.
 */
export function errbacksOf(signature: SignatureLike, elsewhere: readonly WireSignature[] = []): WireSignature[] {
  const seen = new Set(elsewhere.map((one) => jsonText(one)));
  return (all(signature) as WireSignature[]).filter((one) => {
    const text = jsonText(one);
    return !seen.has(text) && seen.add(text);
  });
}

function all({ subtask_type, kwargs, options }: SignatureLike): SignatureLike[] {
  const found = [...listOf(options.link_error)];
  const add = (part: unknown): void => {
    for (const one of listOf(part)) found.push(...all(one));
  };
  if (subtask_type === 'group') add(kwargs.tasks);
  if (subtask_type === 'chord') {
    add(kwargs.header);
    add(kwargs.body);
  }
  if (subtask_type === 'chain') {
    const steps = listOf(kwargs.tasks);
    const first = steps.findIndex((step) => step.subtask_type !== 'group');
    add(steps.slice(0, first < 0 ? steps.length : first + 1));
  }
  return found;
}

/**
 * Errbacks known here that take (request, error, traceback) are called on the spot, in front of their own arguments as for any
 * signature: an immutable one gets its own alone. All others are sent with the failed task's id.
 */
export async function callErrbacks(
  app: AppHost,
  message: TaskMessage,
  error: Error,
  traceback: string | null,
): Promise<void> {
  for (const like of message.embed.errbacks ?? []) {
    const errback = app.canvas.revive(like);
    const task = app.tasks.get(errback.task);
    try {
      if (task && takesFailure(task)) {
        const request = new TaskRequest(message, { hostname: null, stop: new Stop() });
        const { args, kwargs } = errback.merge([request, error, traceback]);
        await task.callWithoutRequest(task.bind(args, kwargs));
        continue;
      }
      const lineage = { parent_id: message.id, root_id: message.root_id ?? message.id };
      await errback.applyAsync([message.id], {}, lineage);
    } catch (failed) {
      app.log.error(
        `The errback ${errback.task} of task ${message.id} could not be called: ${toError(failed).message}`,
      );
    }
  }
}

function takesFailure(task: RegisteredTask): boolean {
  return task.options.bind !== true && task.parameterCount > 1;
}
