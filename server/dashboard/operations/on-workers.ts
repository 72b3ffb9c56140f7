// Operations on workers: pool size and restart, consumers, task events, heartbeat, shutdown. Their effect: what the workers now say.
import { plural } from '../../../shared/format/text.ts';
import type { EffectLine } from '../../../shared/wire/effect.ts';
import { slotsOf } from '../cluster/room.ts';
import { type OperationDesk, operation, type Reach, Refused, type Seen, type Watch } from './contract.ts';
import { figures, WATCHED } from './figures.ts';
import { outcomeOf } from './outcome.ts';

const whom = (destination: readonly string[] | undefined): string => destination?.join(', ') ?? 'every worker';

export const WORKER_OPERATIONS = [
  operation<'pool_grow'>({
    action: 'pool_grow',
    subject: ({ n, destination }) => `${n} on ${whom(destination)}`,
    run: async ({ actions, masking }, { n }, { control, expected }) =>
      outcomeOf(await actions.control.poolGrow(n, control), expected, masking),
    watch: async (desk, { n }, reach) => slots(desk, reach, (before) => (before === null ? null : before + n)),
  }),
  operation<'pool_shrink'>({
    action: 'pool_shrink',
    subject: ({ n, destination }) => `${n} on ${whom(destination)}`,
    check({ cluster }, { n, destination }) {
      for (const hostname of destination ?? cluster.onlineWorkers()) {
        const slots = slotsOf(cluster.inspected.get(hostname));
        if (slots !== null && n >= slots)
          throw new Refused(
            `${hostname} has ${plural(slots, 'slot')} and keeps one at least: it can give up ${slots - 1}, not ${n}.`,
          );
      }
    },
    run: async ({ actions, masking }, { n }, { control, expected }) =>
      outcomeOf(await actions.control.poolShrink(n, control), expected, masking),
    watch: async (desk, { n }, reach) =>
      slots(desk, reach, (before) => (before === null ? null : Math.max(0, before - n))),
  }),
  operation<'autoscale'>({
    action: 'autoscale',
    subject: ({ min, max, destination }) => `${min} to ${max} on ${whom(destination)}`,
    check(_, { min, max }) {
      if (min > max) throw new Refused(`The least (${min}) must not be more than the most (${max}).`);
    },
    run: async ({ actions, masking }, { min, max }, { control, expected }) =>
      outcomeOf(await actions.control.autoscale(max, min, control), expected, masking),
    watch: async (desk, { min, max }, reach) =>
      figures(desk, reach, {
        label: 'Autoscale',
        question: 'stats',
        read: (w) => {
          const scaler = (desk.cluster.inspected.get(w)?.stats as { autoscaler?: unknown } | null | undefined)
            ?.autoscaler as { max?: unknown; min?: unknown } | undefined;
          const [from, to] = [scaler?.min, scaler?.max];
          return typeof from === 'number' && typeof to === 'number' ? `${from} to ${to}` : null;
        },
        wanted: () => `${min} to ${max}`,
      }),
  }),
  operation<'pool_restart'>({
    action: 'pool_restart',
    subject: ({ destination }) => whom(destination),
    run: async ({ actions, masking }, _, { control, expected }) =>
      outcomeOf(await actions.control.poolRestart({}, control), expected, masking),
  }),
  operation<'add_consumer'>({
    action: 'add_consumer',
    subject: ({ queue, exchange, routing_key, destination }) =>
      `${queue}${exchange ? ` of exchange ${exchange}` : ''}${routing_key ? ` by ${routing_key}` : ''} on ${whom(destination)}`,
    check(_, request) {
      named('queue', request.queue);
      for (const name of ['exchange', 'exchange_type', 'routing_key'] as const)
        if (request[name] !== undefined) named(name, request[name]);
      if (
        request.exchange_type !== undefined &&
        !['direct', 'topic', 'fanout', 'headers'].includes(request.exchange_type)
      )
        throw new Refused(
          `An exchange is direct, topic, fanout or headers, not ${JSON.stringify(request.exchange_type)}.`,
        );
    },
    async run({ actions, masking }, { queue, exchange, exchange_type, routing_key }, { control, expected }) {
      const how = {
        ...(exchange === undefined ? {} : { exchange }),
        ...(exchange_type === undefined ? {} : { exchangeType: exchange_type }),
        ...(routing_key === undefined ? {} : { routingKey: routing_key }),
      };
      return outcomeOf(await actions.control.addConsumer(queue, { ...control, ...how }), expected, masking);
    },
    watch: async (desk, { queue, exchange, routing_key }, reach) =>
      figures(desk, reach, {
        label: `Consumes ${queue}`,
        question: 'active_queues',
        read: (w) => {
          const found = desk.cluster.inspected.get(w)?.active_queues.find((q) => q.name === queue);
          if (!found) return 'no';
          const from =
            typeof found.exchange === 'string' ? found.exchange : (found.exchange as { name?: string } | null)?.name;
          return exchange === undefined && routing_key === undefined
            ? 'yes'
            : `${from ?? ''} by ${found.routing_key ?? ''}`;
        },
        wanted: () =>
          exchange === undefined && routing_key === undefined
            ? 'yes'
            : `${exchange ?? queue} by ${routing_key ?? queue}`,
      }),
  }),
  operation<'cancel_consumer'>({
    action: 'cancel_consumer',
    subject: ({ queue, destination }) => `${queue} on ${whom(destination)}`,
    check: (_, { queue }) => named('queue', queue),
    run: async ({ actions, masking }, { queue }, { control, expected }) =>
      outcomeOf(await actions.control.cancelConsumer(queue, control), expected, masking),
    watch: async (desk, { queue }, reach) =>
      figures(desk, reach, {
        label: `Consumes ${queue}`,
        question: 'active_queues',
        read: (w) => (desk.cluster.inspected.get(w)?.active_queues.some((q) => q.name === queue) ? 'yes' : 'no'),
        wanted: () => 'no',
      }),
  }),
  operation<'enable_events'>({
    action: 'enable_events',
    subject: ({ destination }) => whom(destination),
    async run({ actions, masking }, _, { control, expected }) {
      const replies = await actions.control.enableEvents(control);
      actions.noteTaskEvents(replies, true);
      return outcomeOf(replies, expected, masking);
    },
    heardLate: ({ actions }, _, replies) => actions.noteTaskEvents(replies, true),
  }),
  operation<'disable_events'>({
    action: 'disable_events',
    subject: ({ destination }) => whom(destination),
    async run({ actions, masking }, _, { control, expected }) {
      const replies = await actions.control.disableEvents(control);
      actions.noteTaskEvents(replies, false);
      return outcomeOf(replies, expected, masking);
    },
    heardLate: ({ actions }, _, replies) => actions.noteTaskEvents(replies, false),
  }),
  operation<'heartbeat'>({
    action: 'heartbeat',
    subject: ({ destination }) => whom(destination),
    async run({ actions }, _, { destination, expected }) {
      await actions.control.broadcast('heartbeat', { destination });
      return {
        outcome: 'ok',
        summary: `Asked ${expected.length === 0 ? 'all workers' : plural(expected.length, 'worker')} to announce themselves`,
        answers: [],
      };
    },
  }),
  operation<'shutdown'>({
    action: 'shutdown',
    subject: ({ destination }) => whom(destination),
    async run({ actions }, { destination }) {
      await actions.control.broadcast('shutdown', { destination });
      return {
        outcome: 'ok',
        summary: `Told ${destination.join(', ')} to shut down; workers do not answer this`,
        answers: [],
      };
    },
    watch: async ({ cluster }, { destination }) => {
      const status = (w: string) => {
        const record = cluster.workers.get(w);
        return record ? cluster.statusOf(record) : 'offline';
      };
      const before = new Map(destination.map((w) => [w, status(w)]));
      return {
        lasting: 2 * WATCHED,
        async see(): Promise<Seen> {
          const lines = destination.map((w): EffectLine => {
            const after = status(w);
            return {
              label: 'Status',
              subject: w,
              before: before.get(w)!,
              wanted: 'offline',
              after,
              is: 'exact',
              at: cluster.now,
              holds: after === 'offline' ? true : null,
            };
          });
          const gone = lines.filter((line) => line.holds).length;
          return {
            sentence: `${gone} of ${destination.length} ${destination.length === 1 ? 'worker has' : 'workers have'} said goodbye or fallen silent.`,
            lines,
            tasks: null,
          };
        },
      };
    },
  }),
];

function named(what: string, value: string): void {
  if (value.trim() === '') throw new Refused(`'${what}' must have a name.`);
}

function slots(desk: OperationDesk, reach: Reach, wanted: (before: number | null) => number | null): Watch {
  return figures(desk, reach, {
    label: 'Slots',
    question: 'stats',
    read: (w) => slotsOf(desk.cluster.inspected.get(w)),
    wanted,
  });
}
