// The message that a task run here and now would have come from: what its body sees as `request`.
// Not here: the run (task.ts apply). Celery 5.6: app/task.py Task.apply
import { argsRepr, kwargsRepr } from '../../shared/python-repr.ts';
import type { ApplyOptions } from '../canvas/call-options.ts';
import type { Kwargs } from '../canvas/host.ts';
import { listOf, toPlain } from '../canvas/signature.ts';
import { stampsOf } from '../canvas/stamping.ts';
import { newTaskId } from '../protocol/task-id.ts';
import type { TaskMessage, WireSignature } from '../protocol/task-message.ts';

function eagerStamps(options: ApplyOptions): Pick<TaskMessage, 'stamped_headers' | 'stamps'> {
  const { stamped_headers, stamps } = stampsOf(options);
  return { stamped_headers: stamped_headers && [...stamped_headers], stamps: { ...stamps } };
}

/** The message an eager run would have come from. */
export function eagerMessage(
  name: string,
  call: { readonly args: readonly unknown[]; readonly kwargs: Kwargs },
  options: ApplyOptions,
): TaskMessage {
  const id = options.task_id ?? newTaskId();
  const wire = (value: unknown) => listOf(value).map(toPlain) as WireSignature[];
  return {
    id,
    task: name,
    args: [...call.args],
    kwargs: { ...call.kwargs },
    embed: {
      callbacks: options.link ? wire(options.link) : null,
      errbacks: options.link_error ? wire(options.link_error) : null,
      chain: options.chain ? wire(options.chain) : null,
      chord: null,
    },
    lang: 'py',
    shadow: options.shadow ?? null,
    eta: null,
    expires: null,
    group: options.group_id ?? null,
    group_index: options.group_index ?? null,
    retries: options.retries ?? 0,
    timelimit: [options.time_limit ?? null, options.soft_time_limit ?? null],
    root_id: options.root_id ?? id,
    parent_id: options.parent_id ?? null,
    argsrepr: argsRepr(call.args),
    kwargsrepr: kwargsRepr(call.kwargs),
    origin: null,
    ignore_result: options.ignore_result ?? false,
    replaced_task_nesting: 0,
    ...eagerStamps(options),
    headers: { ...options.headers },
    utc: true,
    protocol: 2,
    reply_to: null,
    correlation_id: id,
    delivery_info: {
      exchange: '',
      routing_key: typeof options.queue === 'string' ? options.queue : '',
      priority: options.priority ?? null,
      redelivered: null,
    },
    properties: {},
  };
}
