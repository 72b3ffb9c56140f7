// Pausing a queue: every worker that consumes it is told to stop, which is remembered and shown until it is resumed.
// Not here: what is remembered (../cluster/pauses.ts), moving messages and emptying a queue (on-queues.ts).
// Holds: a queue is paused once a worker says that it stopped; what workers have taken goes on; one that starts anew consumes it again,
// by its own settings, and pages say so.
import { plural } from '../../../shared/format/text.ts';
import type { OperationRecord, OperationRequest } from '../../../shared/wire/operations.ts';
import type { ClusterActions } from '../cluster/actions.ts';
import type { ClusterView } from '../cluster/view.ts';
import { type OperationDesk, operation, type Reach, Refused } from './contract.ts';
import { figures } from './figures.ts';
import { outcomeOf } from './outcome.ts';

export const PAUSE_OPERATIONS = [
  operation<'pause_queue'>({
    action: 'pause_queue',
    access: 'admin',
    subject: ({ queue }) => queue,
    reaches: ({ cluster }, { queue }) => consumersOf(cluster, queue),
    check({ cluster }, { queue }) {
      if (consumersOf(cluster, queue).length === 0)
        throw new Refused(`No worker that is online says that it consumes ${queue}: there is nothing to pause.`);
    },
    async run({ actions, masking }, { queue }, { control, expected }) {
      const result = outcomeOf(await actions.control.cancelConsumer(queue, control), expected, masking);
      const stopped = result.answers.filter((a) => a.ok).length;
      return stopped === 0
        ? result
        : {
            ...result,
            summary: `${stopped} of ${plural(expected.length, 'worker')} stopped consuming ${queue}; what they have taken goes on`,
          };
    },
    watch: async (desk, { queue }, reach) => consumes(desk, queue, reach, 'no'),
  }),
  operation<'resume_queue'>({
    action: 'resume_queue',
    access: 'admin',
    subject: ({ queue }) => queue,
    reaches({ cluster }, { queue }) {
      const online = new Set(cluster.onlineWorkers());
      return (cluster.pauses.of(queue)?.workers ?? []).filter((worker) => online.has(worker));
    },
    check({ cluster }, { queue }) {
      if (cluster.pauses.of(queue) === null) throw new Refused(`${queue} is not paused.`);
    },
    async run({ actions, masking }, { queue }, { control, expected }) {
      if (expected.length === 0)
        return {
          outcome: 'ok',
          summary: `No worker that consumed ${queue} is online; one that starts consumes it by its own settings`,
          answers: [],
        };
      // They know its exchange and routing key: to stop consuming a queue is not to forget it.
      return outcomeOf(await actions.control.addConsumer(queue, control), expected, masking);
    },
    watch: async (desk, { queue }, reach) => (reach.expected.length === 0 ? null : consumes(desk, queue, reach, 'yes')),
  }),
];

/** A pause begins, or ends, by what workers answered. */
export function notePause(actions: Pick<ClusterActions, 'pause'>, record: OperationRecord): void {
  if (record.outcome === 'failed' || record.outcome === 'no-answer') return;
  const request = record.request as OperationRequest;
  if (request.action === 'pause_queue') {
    const workers = record.answers.filter((a) => a.ok).map((a) => a.worker);
    actions.pause(request.queue, { at: record.at, who: record.who, operation: record.id, workers });
  } else if (request.action === 'resume_queue') actions.pause(request.queue, null);
}

function consumersOf(cluster: ClusterView, queue: string): string[] {
  return cluster
    .onlineWorkers()
    .filter((worker) => cluster.inspected.get(worker)?.active_queues.some(({ name }) => name === queue));
}

const consumes = (desk: OperationDesk, queue: string, reach: Reach, wanted: 'yes' | 'no') =>
  figures(desk, reach, {
    label: `Consumes ${queue}`,
    question: 'active_queues',
    read: (w) => (consumersOf(desk.cluster, queue).includes(w) ? 'yes' : 'no'),
    wanted: () => wanted,
  });
