// The JSON a message travels in on Redis: written as kombu writes it, read whoever wrote it.
// Where it is put: keys.ts. What the body means: protocol/.
// Holds: `properties` come last, and in them the delivery tag: the script in scripts.ts relies on it to be fast, not to be right.
// Kombu 5.6: transport/virtual/base.py Channel.prepare_message, Message
import { randomInt, randomUUID } from 'node:crypto';
import { EncodeError, toError } from '../../errors.ts';
import { decodeJson, encodeJsonFast } from '../../serialization/json.ts';
import { DELIVERY_COUNT, deliveryCountOf, type OutgoingMessage, type Properties, plainNumber } from '../message.ts';

export interface Envelope {
  readonly message: OutgoingMessage;
  /** '' when the sender gave none. */
  readonly deliveryTag: string;
  readonly redelivered: boolean;
}

type Dict = Record<string, unknown>;

/**
 * UUIDs of this process, told apart by their last twelve digits. Measured: crypto.randomUUID joins twenty pieces, and costs 1.3 us with
 * the garbage they are; this costs 0.1.
 */
const TAGS = randomUUID().slice(0, 24);
let tags = randomInt(2 ** 40);
function newDeliveryTag(): string {
  return TAGS + (tags++).toString(16).padStart(12, '0');
}

export function writeEnvelope(m: OutgoingMessage): string {
  // Not spread: measured, that takes 3 us here, and this 0.2.
  const properties = Object.assign({}, m.properties, {
    delivery_info: { exchange: m.exchange, routing_key: m.routingKey },
    priority: m.properties.priority ?? 0,
    body_encoding: 'base64',
    delivery_tag: newDeliveryTag(),
  });
  const { buffer, byteOffset, byteLength } = m.body;
  const body = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  try {
    return (
      `{"body": "${body}", "content-encoding": ${JSON.stringify(m.contentEncoding)}, ` +
      `"content-type": ${JSON.stringify(m.contentType)}, "headers": ${encodeJsonFast(m.headers)}, ` +
      `"properties": ${encodeJsonFast(properties)}}`
    );
  } catch (error) {
    throw new EncodeError(`Headers and properties have to be JSON: ${toError(error).message}`, { cause: error });
  }
}

/** Never throws: what is no envelope is a message without content type, whose body is the text found. */
export function readEnvelope(raw: string, queue: string): Envelope {
  let found: unknown;
  try {
    found = decodeJson(raw);
  } catch {
    found = null;
  }
  if (!isDict(found)) return { message: bare(raw, queue), deliveryTag: '', redelivered: false };
  const properties = isDict(found.properties) ? found.properties : {};
  const info = isDict(properties.delivery_info) ? properties.delivery_info : {};
  return {
    message: {
      exchange: typeof info.exchange === 'string' ? info.exchange : '',
      routingKey: typeof info.routing_key === 'string' ? info.routing_key : queue,
      body: bodyOf(found.body, properties.body_encoding),
      contentType: typeof found['content-type'] === 'string' ? found['content-type'] : '',
      contentEncoding: typeof found['content-encoding'] === 'string' ? found['content-encoding'] : '',
      headers: isDict(found.headers) ? found.headers : {},
      properties: properties as Properties,
    },
    deliveryTag: typeof properties.delivery_tag === 'string' ? properties.delivery_tag : '',
    redelivered: info.redelivered === true,
  };
}

/**
 * The envelope of a message that is given back: both marks kombu sets. What is no envelope stays as it is.
 * @param lost who held it died: counted in a header that kombu does not know
 */
export function markRedelivered(raw: string, lost = false): string {
  try {
    const found = decodeJson(raw);
    if (!isDict(found)) return raw;
    const { properties } = found;
    const headers = isDict(found.headers) ? found.headers : {};
    const marked = {
      ...found,
      headers: { ...headers, redelivered: true, ...(lost ? { [DELIVERY_COUNT]: deliveryCountOf(headers) + 1 } : {}) },
    } as Dict;
    if (isDict(properties)) {
      const info = isDict(properties.delivery_info) ? properties.delivery_info : {};
      // Assigned again at the end: the tag stays last.
      const { delivery_tag, ...rest } = properties;
      marked.properties = {
        ...rest,
        delivery_info: { ...info, redelivered: true },
        ...(delivery_tag === undefined ? {} : { delivery_tag }),
      };
    }
    return encodeJsonFast(marked);
  } catch {
    return raw;
  }
}

/** The envelope as one that was sent to this queue; null: it is no envelope. */
export function sentTo(raw: string, queue: string): string | null {
  try {
    const found = decodeJson(raw);
    if (!isDict(found) || !isDict(found.properties)) return null;
    const { delivery_tag, ...rest } = found.properties;
    const info = isDict(rest.delivery_info) ? rest.delivery_info : {};
    const properties = {
      ...rest,
      delivery_info: { ...info, exchange: '', routing_key: queue },
      ...(delivery_tag === undefined ? {} : { delivery_tag }),
    };
    const { properties: _, ...others } = found;
    return encodeJsonFast({ ...others, properties });
  } catch {
    return null;
  }
}

/** `priority` of an envelope's properties, as kombu bounds it. */
export function priorityOf(properties: Readonly<Record<string, unknown>>): number {
  const given = Math.trunc(plainNumber(properties.priority));
  return Number.isNaN(given) ? 0 : Math.max(0, Math.min(9, given));
}

function bodyOf(body: unknown, encoding: unknown): Uint8Array {
  if (body === undefined || body === null) return new Uint8Array(0);
  const text = typeof body === 'string' ? body : encodeJsonFast(body);
  return Buffer.from(text, encoding === 'base64' && typeof body === 'string' ? 'base64' : 'utf8');
}

function bare(raw: string, queue: string): OutgoingMessage {
  return {
    exchange: '',
    routingKey: queue,
    body: Buffer.from(raw),
    contentType: '',
    contentEncoding: '',
    headers: {},
    properties: {},
  };
}

function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
