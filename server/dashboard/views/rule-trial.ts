// What the rules say of somebody who asks for something, as the gate would: whether they may, why not, and which rule says so.
// Not here: the gate's own questions (../access/), who it is that asks (../routes/rules.ts).
// Holds: pure; of what an action names and nobody has given the name is not known, as where a task cannot be found.
import { OperationRequest } from '../../../shared/wire/operations.ts';
import type { RuleTrial, RuleTrialQuery } from '../../../shared/wire/rules.ts';
import { calledBy, type Identity } from '../access/identity.ts';
import { refuseAct, type Touched } from '../access/permit.ts';
import { operationOf } from '../operations/table.ts';

type Asked = Pick<RuleTrialQuery, 'action' | 'task' | 'queue'>;

const BY_ACTION = new Map(
  OperationRequest.anyOf.map(({ properties }) => [properties.action.const as string, properties] as const),
);

export function tryRule(identity: Identity, asked: Asked): RuleTrial {
  const { grant, role } = identity;
  const reason = asked.action === undefined ? unseen(identity, asked) : unpermitted(identity, asked.action, asked);
  return { allowed: reason === null, reason, role, rule: grant.rule ?? grant.within?.rule ?? null };
}

function unseen(identity: Identity, { task, queue }: Asked): string | null {
  const { sight } = identity.grant;
  if (task !== undefined && !sight.task(task)) return `${calledBy(identity)} does not see ${task}.`;
  return queue === undefined || sight.queue(queue) ? null : `${calledBy(identity)} does not see ${queue}.`;
}

function unpermitted(identity: Identity, action: string, asked: Asked): string | null {
  const fields = BY_ACTION.get(action);
  // What is done to entries of beat is no operation: its routes say what it takes.
  const needs = fields ? operationOf(fields.action.const).access : 'operator';
  return refuseAct(identity, action, needs, touchedBy(Object.keys(fields ?? { task_name: 0, queue: 0 }), asked));
}

/** @param fields of its request */
function touchedBy(fields: readonly string[], { task, queue }: Asked): Touched {
  const byIds = fields.includes('task_ids');
  const ofQueue = [queue ?? null];
  // Of a queue's messages all may be moved: no task is named then.
  if (byIds && fields.includes('to')) return { tasks: task === undefined ? [] : [task], queues: ofQueue };
  return {
    tasks: byIds || fields.includes('task_name') ? [task ?? null] : [],
    // Tasks named by their ids are of queues, and a call is sent to one.
    queues: byIds || fields.includes('queue') || fields.includes('options') ? ofQueue : [],
  };
}
