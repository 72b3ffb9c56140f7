// Operations on tasks: revoke, terminate, send again. What became of the tasks is their effect.
// Not here: how a call is known and sent (retry.ts).

import { constants } from 'node:os';
import { plural } from '../../../shared/format/text.ts';
import { ENDED_STATES } from '../../../shared/states.ts';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import { heldIds } from '../cluster/room.ts';
import { NothingToDo, type OperationDesk, operation, Refused, type Seen, type Watch } from './contract.ts';
import { outcomeOf } from './outcome.ts';
import { retryTasks } from './retry.ts';

const tasksOf = ({ task_ids }: { task_ids: string[] }): string =>
  task_ids.length === 1 ? task_ids[0]! : `${task_ids.length} tasks`;

/** @unit seconds */
const ENDS_WITHIN = 60;

export const TASK_OPERATIONS = [
  operation<'revoke'>({
    action: 'revoke',
    subject: tasksOf,
    readsBack: false,
    check: (desk, { task_ids }) => refuseEnded(desk, task_ids),
    run: async ({ actions, masking }, request, { control, expected }) =>
      outcomeOf(await actions.control.revoke(request.task_ids, control), expected, masking),
    watch: async (desk, { task_ids }) => ended(desk, task_ids, 'revoked'),
  }),
  operation<'terminate'>({
    action: 'terminate',
    subject: tasksOf,
    readsBack: false,
    check(desk, { task_ids, signal = 'SIGTERM' }) {
      if (signalName(signal) === null)
        throw new Refused(
          `There is no signal ${JSON.stringify(signal)}. Write SIGTERM, SIGKILL, SIGINT or another by its name.`,
        );
      refuseEnded(desk, task_ids);
    },
    run: async ({ actions, masking }, { task_ids, signal = 'SIGTERM' }, { control, expected }) =>
      outcomeOf(
        await actions.control.revoke(task_ids, { ...control, terminate: true, signal: signalName(signal) }),
        expected,
        masking,
      ),
    watch: async (desk, { task_ids }) => ended(desk, task_ids, 'terminated'),
  }),
  operation<'retry'>({
    action: 'retry',
    access: 'operator',
    subject: tasksOf,
    readsBack: false,
    check(_, { queue }) {
      if (queue !== undefined && queue.trim() === '') throw new Refused('The queue to send to must have a name.');
    },
    run: (desk, { task_ids, queue, accept_double }) =>
      retryTasks(desk, task_ids, { queue, acceptDouble: accept_double === true }),
    watch: async (desk) => ({
      lasting: ENDS_WITHIN,
      async see(record: OperationRecord): Promise<Seen> {
        const ids = Object.values(record.new_ids ?? {});
        const states = statesOf(desk, ids);
        const over = Object.entries(states).reduce((sum, [state, n]) => sum + (ENDED_STATES.has(state) ? n : 0), 0);
        return {
          sentence: `${over} of ${plural(ids.length, 'new task')} ended so far: ${inWords(states)}.`,
          lines: [
            {
              label: 'Ended',
              subject: null,
              before: 0,
              wanted: ids.length,
              after: over,
              is: 'exact',
              at: desk.cluster.now,
              holds: over === ids.length ? true : null,
            },
          ],
          tasks: { ids, total: { n: ids.length, is: 'exact' }, states },
        };
      },
    }),
  }),
];

/** Whatever a page has judged: what has certainly ended is ended by nobody. @throws NothingToDo */
function refuseEnded({ cluster }: OperationDesk, ids: readonly string[]): void {
  const held = new Set([...cluster.inspected.values()].flatMap(heldIds));
  // Delivered twice, it may run once more though its first run has ended.
  if (!ids.every((id) => ENDED_STATES.has(cluster.tasks.get(id)?.state ?? '') && !held.has(id))) return;
  throw new NothingToDo(ids.length === 1 ? 'It has already finished.' : `All ${ids.length} have already finished.`);
}

/** As every worker takes it: Python's take no number and no small letters. null: there is none. */
function signalName(given: string): string | null {
  const { signals } = constants;
  if (/^\d+$/.test(given)) return Object.entries(signals).find(([, n]) => n === Number(given))?.[0] ?? null;
  const name = given.toUpperCase().replace(/^(?:SIG)?/, 'SIG');
  return Object.hasOwn(signals, name) ? name : null;
}

/** Revoked tasks end when a worker comes to them; those that wait for an ETA not before it. */
function ended(desk: OperationDesk, ids: readonly string[], how: string): Watch {
  return {
    lasting: ENDS_WITHIN,
    async see(): Promise<Seen> {
      const states = statesOf(desk, ids);
      const over = ids.filter((id) => ENDED_STATES.has(desk.cluster.tasks.get(id)?.state ?? '')).length;
      const pending = ids.filter((id) => !ENDED_STATES.has(desk.cluster.tasks.get(id)?.state ?? ''));
      const listed = pending.filter((id) => isListedRevoked(desk, id)).length;
      const rest = pending.length - listed;
      const parts = [`${over} of ${plural(ids.length, 'task')} ended (${inWords(states)})`];
      if (listed > 0)
        parts.push(
          `${listed} ${listed === 1 ? 'is' : 'are'} dropped when a worker comes to ${listed === 1 ? 'it' : 'them'}`,
        );
      if (rest > 0) parts.push(`of ${rest} nothing is seen yet`);
      return {
        sentence: `${parts.join('; ')}.`,
        lines: [
          {
            label: how === 'terminated' ? 'Ended' : 'Revoked, or ended',
            subject: null,
            before: 0,
            wanted: ids.length,
            after: how === 'terminated' ? over : over + listed,
            is: 'exact',
            at: desk.cluster.now,
            holds: (how === 'terminated' ? pending.length : rest) === 0 ? true : null,
          },
        ],
        tasks: { ids: [...ids], total: { n: ids.length, is: 'exact' }, states },
      };
    },
  };
}

function isListedRevoked({ cluster }: OperationDesk, id: string): boolean {
  const worker = cluster.tasks.get(id)?.worker ?? null;
  if (worker !== null) return cluster.inspected.get(worker)?.revoked.includes(id) ?? false;
  const online = cluster.onlineWorkers();
  return online.length > 0 && online.every((w) => cluster.inspected.get(w)?.revoked.includes(id));
}

export function statesOf({ cluster }: OperationDesk, ids: readonly string[]): Record<string, number> {
  const states: Record<string, number> = {};
  for (const id of ids) {
    const state = cluster.tasks.get(id)?.state ?? 'unknown';
    states[state] = (states[state] ?? 0) + 1;
  }
  return states;
}

export function inWords(states: Record<string, number>): string {
  return Object.entries(states)
    .sort((a, b) => b[1] - a[1])
    .map(([state, n]) => `${n} ${state}`)
    .join(', ');
}
