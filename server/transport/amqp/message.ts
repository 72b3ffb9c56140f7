// A message between this house's shape and amqplib's: properties by AMQP's names, headers as field tables.
// Field by field, since it is done for each message: names in a table, or a spread, cost a tenth of what a whole task costs here.
// kombu 5.6: transport/pyamqp.py Message, Channel.prepare_message
import type { Message as AmqplibMessage, GetMessage, Options } from 'amqplib';
import { EncodeError } from '../../errors.ts';
import type { OutgoingMessage, Properties } from '../message.ts';
import { fromTable, sizeOfTable, toTable } from './table.ts';

/** The longest that RabbitMQ lets a message live. @unit milliseconds */
const LONGEST_EXPIRATION = 2 ** 32 - 1;

/** @throws EncodeError */
export function toAmqp({ contentType, contentEncoding, headers, properties: given }: OutgoingMessage): Options.Publish {
  return {
    contentType: contentType || undefined,
    contentEncoding: contentEncoding || undefined,
    headers: toTable(headers),
    correlationId: given.correlation_id ?? undefined,
    replyTo: given.reply_to ?? undefined,
    deliveryMode: given.delivery_mode ?? undefined,
    // Kombu gives every message a priority.
    priority: given.priority ?? 0,
    // It would refuse the message. Its worker looks at the header `expires` all the same.
    expiration: Number(given.expiration) > LONGEST_EXPIRATION ? undefined : (given.expiration ?? undefined),
    messageId: given.message_id ?? undefined,
    timestamp: given.timestamp ?? undefined,
    appId: given.app_id ?? undefined,
    type: given.type ?? undefined,
    userId: given.user_id ?? undefined,
  };
}

/** Of a content header, with all properties but the headers. @unit bytes */
const MOST_BESIDE_HEADERS = 4096;
/** ... without any text. */
const LEAST_BESIDE_HEADERS = 24;

/**
 * A body goes in as many frames as it takes, its headers in one. The broker would end the connection, with all that is on its way there.
 * @param frameMax as client and broker agreed @unit bytes
 * @throws EncodeError for headers that no frame holds
 */
export function checkFrame({ headers, ...beside }: Options.Publish, frameMax: number): void {
  if (sizeOfTable(headers, (text) => 3 * text.length) + MOST_BESIDE_HEADERS <= frameMax) return;
  let size = LEAST_BESIDE_HEADERS + sizeOfTable(headers, Buffer.byteLength);
  for (const value of Object.values(beside)) if (typeof value === 'string') size += 1 + Buffer.byteLength(value);
  if (size > frameMax)
    throw new EncodeError(
      `The headers of a message take ${size} bytes, and a frame on this connection holds ${frameMax} (frame_max): send less in them, or more in the body`,
    );
}

/** @param queue it came from */
export function fromAmqp(
  { content, fields, properties: given }: AmqplibMessage | GetMessage,
  queue: string,
): OutgoingMessage {
  const properties: Properties = {};
  if (given.correlationId !== undefined) properties.correlation_id = given.correlationId;
  if (given.replyTo !== undefined) properties.reply_to = given.replyTo;
  if (given.deliveryMode !== undefined) properties.delivery_mode = given.deliveryMode;
  if (given.priority !== undefined) properties.priority = given.priority;
  if (given.expiration !== undefined) properties.expiration = given.expiration;
  if (given.messageId !== undefined) properties.message_id = given.messageId;
  if (given.timestamp !== undefined) properties.timestamp = given.timestamp;
  if (given.appId !== undefined) properties.app_id = given.appId;
  if (given.type !== undefined) properties.type = given.type;
  if (given.userId !== undefined) properties.user_id = given.userId;
  const delayed = wasHeldBack(fields.exchange);
  return {
    exchange: delayed ? '' : fields.exchange,
    routingKey: delayed ? queue : fields.routingKey,
    body: content,
    contentType: textOf(given.contentType),
    contentEncoding: textOf(given.contentEncoding),
    headers: fromTable((given.headers ?? {}) as Record<string, unknown>),
    properties,
  };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

/**
 * What the broker has held back (messaging/delayed-delivery.ts) comes from one of its levels, with a key that is how long it waited: whoever sends
 * it again means the queue.
 */
function wasHeldBack(exchange: string): boolean {
  return exchange.startsWith('celery_delayed_');
}
