// A message between this house's shape and amqplib's: properties by AMQP's names, headers as field tables.
// kombu 5.6: transport/pyamqp.py Message, Channel.prepare_message
import type { Message as AmqplibMessage, GetMessage, Options } from 'amqplib';
import type { OutgoingMessage, Properties } from '../message.ts';
import { fromTable, toTable } from './table.ts';

/** Beside content type, content encoding and headers: here, there. */
const NAMES = [
  ['correlation_id', 'correlationId'],
  ['reply_to', 'replyTo'],
  ['delivery_mode', 'deliveryMode'],
  ['priority', 'priority'],
  ['expiration', 'expiration'],
  ['message_id', 'messageId'],
  ['timestamp', 'timestamp'],
  ['app_id', 'appId'],
  ['type', 'type'],
  ['user_id', 'userId'],
] as const;

/** The longest that RabbitMQ lets a message live. @unit milliseconds */
const LONGEST_EXPIRATION = 2 ** 32 - 1;

/** @throws EncodeError */
export function toAmqp(m: OutgoingMessage): Options.Publish {
  // Kombu gives every message a priority.
  const options: Record<string, unknown> = { headers: toTable(m.headers), priority: 0 };
  if (m.contentType !== '') options.contentType = m.contentType;
  if (m.contentEncoding !== '') options.contentEncoding = m.contentEncoding;
  for (const [ours, theirs] of NAMES) {
    const value = m.properties[ours];
    if (value !== undefined && value !== null) options[theirs] = value;
  }
  // It would refuse the message. Its worker looks at the header `expires` all the same.
  if (Number(options.expiration) > LONGEST_EXPIRATION) delete options.expiration;
  return options;
}

/** @param queue it came from */
export function fromAmqp({ content, fields, properties }: AmqplibMessage | GetMessage, queue: string): OutgoingMessage {
  const given = properties as unknown as Record<string, unknown>;
  const found: Properties = {};
  for (const [ours, theirs] of NAMES) {
    const value = given[theirs];
    if (value !== undefined) (found as Record<string, unknown>)[ours] = value;
  }
  return {
    ...addressOf(fields, queue),
    body: content,
    contentType: textOf(given.contentType),
    contentEncoding: textOf(given.contentEncoding),
    headers: fromTable((given.headers ?? {}) as Record<string, unknown>),
    properties: found,
  };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

/**
 * What the broker has held back (messaging/delayed-delivery.ts) comes from one of its levels, with a key that is how long it waited: whoever sends
 * it again means the queue.
 */
function addressOf({ exchange, routingKey }: AmqplibMessage['fields'], queue: string) {
  return exchange.startsWith('celery_delayed_') ? { exchange: '', routingKey: queue } : { exchange, routingKey };
}
