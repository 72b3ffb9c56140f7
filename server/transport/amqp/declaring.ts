// Exchanges and queues as they are declared on RabbitMQ: Celery's own arguments as x-arguments, in its types.
// kombu 5.6: entity.py Queue.queue_declare, transport/pyamqp.py Channel.prepare_queue_arguments
import type { Channel, Replies } from 'amqplib';
import type { Arguments, Exchange, Queue } from '../entity.ts';
import { toTable } from './table.ts';

export async function declareExchange(raw: Channel, e: Exchange): Promise<void> {
  // The default exchange is there, and nobody may declare it.
  if (e.noDeclare || e.name === '') return;
  const { durable, autoDelete } = e;
  await raw.assertExchange(e.name, e.type, { durable, autoDelete, arguments: toTable(e.arguments ?? {}) });
}

/** The exchange, the queue, and what binds them. */
export async function declareQueue(raw: Channel, q: Queue): Promise<Replies.AssertQueue> {
  if (q.exchange) await declareExchange(raw, q.exchange);
  for (const { exchange } of q.bindings ?? []) await declareExchange(raw, exchange);
  const { durable, exclusive, autoDelete } = q;
  const counts = await raw.assertQueue(q.name, { durable, exclusive, autoDelete, arguments: toTable(argumentsOf(q)) });
  if (q.exchange) await bindQueue(raw, q.name, q.exchange.name, q.routingKey, q.bindingArguments);
  for (const { exchange, routingKey, arguments: args } of q.bindings ?? []) {
    await bindQueue(raw, q.name, exchange.name, routingKey, args);
  }
  return counts;
}

async function bindQueue(raw: Channel, queue: string, exchange: string, key: string, args?: Arguments): Promise<void> {
  // Every queue is bound to the default exchange, by its name.
  if (exchange !== '') await raw.bindQueue(queue, exchange, key, toTable(args ?? {}));
}

export function argumentsOf(q: Queue): Arguments {
  return {
    ...q.arguments,
    ...(q.expiresMs === undefined ? {} : { 'x-expires': Math.round(q.expiresMs) }),
    ...(q.messageTtlMs === undefined ? {} : { 'x-message-ttl': Math.round(q.messageTtlMs) }),
    ...(q.maxPriority === undefined ? {} : { 'x-max-priority': q.maxPriority }),
  };
}

/** Its type has no limit over all consumers of a channel, only one for each. */
export function limitsEachConsumer(q: Queue): boolean {
  const type = q.arguments?.['x-queue-type'];
  return type === 'quorum' || type === 'stream';
}
