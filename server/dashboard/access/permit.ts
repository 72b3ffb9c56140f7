// Whether an operation is within what somebody may: the role, then the actions, tasks and queues of their rule.
// Not here: the rules (rules.ts), what each operation needs (../operations/table.ts).
// Holds: all of it or nothing: of many tasks each must be within it; a task whose name or queue is not known is in no pattern but '*'.
import { fnmatchToRegExp } from '../../../shared/fnmatch.ts';
import type { OperationRequest } from '../../../shared/wire/operations.ts';
import { type Access, calledBy, type Grant, type Identity, may } from './identity.ts';

/** Whom it is about: names of tasks and queues, null where one is not known. */
export interface Touched {
  readonly tasks: readonly (string | null)[];
  readonly queues: readonly (string | null)[];
}

const fits = (patterns: readonly string[], name: string | null): boolean =>
  patterns.includes('*') || (name !== null && patterns.some((one) => fnmatchToRegExp(one).test(name)));

/** What a request names by itself. Tasks by their ids are looked up by the caller. */
export function namedIn(request: OperationRequest): Touched {
  return {
    tasks: 'task_name' in request ? [request.task_name] : [],
    queues: queuesIn(request),
  };
}

/** A call that is sent by its task's own route goes to a queue that is not known here. */
function queuesIn(request: OperationRequest): (string | null)[] {
  if (request.action === 'send_task') {
    const queue = request.options?.queue;
    return [typeof queue === 'string' ? queue : null];
  }
  if (request.action === 'move') return [request.queue, request.to];
  return 'queue' in request && request.queue !== undefined ? [request.queue] : [];
}

/** null: it may. A sentence: why not. @param needs the role of the operation */
export function refuseAct(
  identity: Pick<Identity, 'grant' | 'role' | 'name' | 'token'>,
  action: string,
  needs: Access,
  touched: Touched,
): string | null {
  const { grant } = identity;
  const { tasks, queues } = touched;
  const who = calledBy(identity);
  if (grant.within) {
    const maker = { ...identity, grant: grant.within, role: grant.within.role, token: null };
    const reason = refuseAct(maker, action, needs, touched);
    if (reason !== null) return reason;
  }
  if (grant.read_only && grant.rule === null) return 'This dashboard is read only: it changes nothing.';
  if (grant.read_only) return `${action} changes something; ${who} may only look.`;
  if (!may(identity, needs)) return `${action} takes the role ${needs}; ${who} may only what a ${identity.role} may.`;
  const by = grant.rule === null ? '' : ` (rule ${grant.rule})`;
  if (!allowsAction(grant, action)) return `${who} may not ${action}${by}.`;
  for (const [name, patterns, kind] of [
    ...tasks.map((name) => [name, grant.tasks, 'tasks'] as const),
    ...queues.map((name) => [name, grant.queues, 'queues'] as const),
  ])
    if (patterns !== null && !fits(patterns, name))
      return `${who} may ${action} ${kind} ${patterns.join(', ')} only, not ${name ?? 'one whose name is not known'}${by}.`;
  const isWithin = (grant.tasks !== null && tasks.length > 0) || (grant.queues !== null && queues.length > 0);
  if ((grant.tasks !== null || grant.queues !== null) && !isWithin && !grant.actions?.includes(action))
    return `${action} reaches more than the tasks and queues that ${who} may act on${by}. A rule has to name it in 'actions'.`;
  return null;
}

/** Whether it hangs on the names of tasks or queues. */
export const isNarrow = ({ tasks, queues, within }: Grant): boolean =>
  tasks !== null || queues !== null || (within !== undefined && isNarrow(within));

function allowsAction({ actions, except }: Pick<Grant, 'actions' | 'except'>, action: string): boolean {
  return (actions === null || fits(actions, action)) && !except.some((one) => fits([one], action));
}
