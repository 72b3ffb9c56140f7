// Emptying a queue, and moving its messages to another: what was removed or moved, as far as it is known, is marked so; and how many wait
// there afterwards. Looking into one where that is to take and to give back. Pausing a queue: on-pauses.ts.
// Holds: nothing is called removed that a worker has taken; ids that could not be seen are said to be unknown in number.

import type { CeleryEvent } from '../../../shared/events/event.ts';
import { plural } from '../../../shared/format/text.ts';
import { argsRepr, kwargsRepr } from '../../../shared/python-repr.ts';
import type { Message } from '../../transport/message.ts';
import { idOf } from '../cluster/moving.ts';
import { peekedMessages } from '../views/peeked-message.ts';
import { type OperationDesk, operation, Refused, type Seen } from './contract.ts';
import { readMessage } from './known-call.ts';
import { inWords, statesOf } from './on-tasks.ts';

/** Messages whose ids are read before they are removed. */
const SEEN_BEFORE = 1000;
/** Of a longer queue it is not known how many workers took between the look and the removal: of its first ones nothing is said. */
const MAYBE_TAKEN = 100;
/** Messages that one look takes. */
const LOOKED_AT = 20;
/** @unit seconds */
const WATCHED = 10;
/** States in which a task still has its message in the queue. */
const WAITING: ReadonlySet<string> = new Set(['PENDING', 'RETRY', 'REJECTED']);

const removed = new WeakMap<object, { ids: string[]; depth: number | null }>();

export const QUEUE_OPERATIONS = [
  operation<'move'>({
    action: 'move',
    access: 'operator',
    subject: ({ queue, to, task_ids }) =>
      `${task_ids === undefined ? '' : `${task_ids.length === 1 ? task_ids[0] : `${task_ids.length} tasks`} from `}${queue} to ${to}`,
    check({ cluster }, { queue, to }) {
      if (queue === to) throw new Refused(`${queue} is where they are: name another queue to move them to.`);
      // One that nobody knows would take them and give them to nobody.
      if (!cluster.queues.has(to) && !cluster.consumedQueues().has(to))
        throw new Refused(`No queue named ${to} is known: the broker does not list it and no worker consumes it.`);
    },
    async run(desk, { queue, to, task_ids }, _, who) {
      const { actions } = desk;
      const ids = task_ids === undefined ? null : new Set(task_ids);
      const { messages, once, waited } = await actions.move(queue, to, ids);
      for (const message of messages) {
        const event = await movedEvent(desk, message, to, who);
        if (event !== null) actions.apply(event);
      }
      const left = (ids?.size ?? waited) - messages.length;
      const why = ids ? 'no longer there, or too far behind' : 'more than one move takes, or taken meanwhile';
      return {
        outcome: left > 0 ? (messages.length > 0 ? 'partial' : 'failed') : 'ok',
        summary: [
          `${plural(messages.length, 'message')} moved from ${queue} to ${to}${once ? '' : ', each at least once'}`,
          ...(left > 0 ? [`${left} not moved: ${why}`] : []),
        ].join('; '),
        answers: [],
      };
    },
    async watch({ actions, cluster }, { queue, to }) {
      const waiting = (name: string): number | null => cluster.queues.get(name)?.status?.messages ?? null;
      const before = new Map([queue, to].map((name) => [name, waiting(name)]));
      return {
        lasting: WATCHED,
        async see(): Promise<Seen> {
          await actions.probeAnew();
          const lines = [queue, to].map((name) => {
            // An empty list is no key on Redis: the queue is gone until something is sent to it.
            const after = waiting(name) ?? (cluster.broker.failure === null ? 0 : null);
            return {
              label: `Waiting in ${name}`,
              subject: name,
              before: before.get(name)!,
              wanted: null,
              after,
              is: 'exact' as const,
              at: after === null ? null : cluster.now,
              holds: after === null ? null : true,
            };
          });
          const words = lines.map(({ subject, after }) => `${after ?? 'an unknown number of'} wait in ${subject} now`);
          return { sentence: `${words.join(', ')}.`, lines, tasks: null };
        },
      };
    },
  }),
  operation<'peek'>({
    action: 'peek',
    access: 'operator',
    subject: ({ queue }) => queue,
    check({ cluster }, { queue, accept_redelivery }) {
      if (!cluster.peeksByTaking)
        throw new Refused(`This broker shows what waits in ${queue} without taking it, or not at all.`);
      if (accept_redelivery !== true)
        throw new Refused(
          `To look into ${queue} is to take its first messages and to give them back: they are marked as redelivered, and may ` +
            "come in another order. Say 'accept_redelivery': true to do it.",
        );
    },
    async run({ actions, masking }, { queue }) {
      const messages = await peekedMessages(await actions.peekByTaking(queue, LOOKED_AT), masking);
      const summary = `${plural(messages.length, 'message')} of ${queue} taken, looked at and given back`;
      return { outcome: 'ok', summary, answers: [], messages };
    },
  }),
  operation<'purge'>({
    action: 'purge',
    access: 'operator',
    subject: ({ queue }) => queue,
    check(_, { queue, confirm }) {
      if (confirm !== queue)
        throw new Refused(`To purge ${queue}, 'confirm' must be its name. It was ${JSON.stringify(confirm)}.`);
    },
    async run(desk, request, _, who) {
      const { actions, cluster } = desk;
      const { queue } = request;
      const messages = (await cluster.peek(queue, SEEN_BEFORE).catch(() => null)) ?? [];
      const n = await actions.purge(queue);
      const ids: string[] = [];
      for (const message of surelyRemoved(messages, n)) {
        const event = await purgedEvent(desk, message, who);
        if (event !== null && actions.apply(event)) ids.push(String(event.uuid));
      }
      removed.set(request, { ids, depth: n });
      const known = ids.length < n ? `; of ${n - ids.length} it is not known which` : '';
      return {
        outcome: 'ok',
        summary: `${n} ${n === 1 ? 'message was' : 'messages were'} removed from ${queue}${known}`,
        answers: [],
      };
    },
    async watch(desk, request) {
      const { actions, cluster } = desk;
      const before = cluster.queues.get(request.queue)?.status?.messages ?? null;
      return {
        lasting: WATCHED,
        async see(): Promise<Seen> {
          const { ids, depth } = removed.get(request) ?? { ids: [], depth: null };
          await actions.probeAnew();
          const probed = cluster.queues.get(request.queue);
          // An empty list is no key on Redis: the queue is gone until something is sent to it.
          const after = probed?.status?.messages ?? (cluster.broker.failure === null ? 0 : null);
          const states = statesOf(desk, ids);
          const of = depth === null ? '' : `${plural(depth, 'message')} removed`;
          return {
            sentence: `${of}; ${after === null ? 'how many wait there now is unknown' : `${after} wait there now`}${ids.length > 0 ? ` (${inWords(states)})` : ''}.`,
            lines: [
              {
                label: `Waiting in ${request.queue}`,
                subject: request.queue,
                // What was removed was there; what was counted before may be of some seconds ago.
                before: depth ?? before,
                wanted: null,
                after,
                is: 'exact',
                at: after === null ? null : cluster.now,
                holds: after === null ? null : true,
              },
            ],
            tasks: { ids, total: { n: depth ?? ids.length, is: 'exact' }, states },
          };
        },
      };
    },
  }),
];

/** @param seen from the head of the queue, before  @param removed how many were; others were taken by workers meanwhile, from the head */
export function surelyRemoved<T>(seen: readonly T[], removed: number): readonly T[] {
  const taken = seen.length < SEEN_BEFORE ? Math.max(0, seen.length - removed) : MAYBE_TAKEN;
  return seen.slice(taken, taken + removed);
}

/** null: a message without an id. */
async function movedEvent(
  { cluster }: OperationDesk,
  message: Message,
  to: string,
  who: string,
): Promise<CeleryEvent | null> {
  const uuid = idOf(message);
  if (uuid === null) return null;
  const known = cluster.tasks.get(uuid);
  return {
    type: 'task-moved',
    uuid,
    timestamp: cluster.now,
    local_received: cluster.now,
    clock: known?.clock ?? 0,
    queue: to,
    moved_by: who,
    ...(known?.name ? {} : await callOf(message)),
  };
}

async function callOf(message: Message): Promise<{ name?: string; args?: string; kwargs?: string }> {
  const task = await readMessage(message);
  return task ? { name: task.task, args: argsRepr(task.args), kwargs: kwargsRepr(task.kwargs) } : {};
}

/** null: a message without an id, or of a task that a worker has taken meanwhile. */
async function purgedEvent({ cluster }: OperationDesk, message: Message, who: string): Promise<CeleryEvent | null> {
  const task = await readMessage(message);
  const uuid = task?.id ?? (typeof message.headers.id === 'string' ? message.headers.id : null);
  if (uuid === null) return null;
  const known = cluster.tasks.get(uuid);
  if (known && !WAITING.has(known.state)) return null;
  return {
    type: 'task-purged',
    uuid,
    timestamp: cluster.now,
    local_received: cluster.now,
    clock: known?.clock ?? 0,
    queue: message.queue,
    purged_by: who,
    ...(known?.name ? {} : task ? { name: task.task, args: argsRepr(task.args), kwargs: kwargsRepr(task.kwargs) } : {}),
  };
}
