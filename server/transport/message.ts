// A message as it goes to a broker and as it comes from one. Settling (ack, reject) happens once, by the delivered message.
// What its body means: protocol/. How bytes become values: serialization/.
// Kombu: message.py

/** What travels beside headers and body. Names are AMQP's; `undefined` means not given. */
export interface Properties {
  correlation_id?: string;
  reply_to?: string;
  /** 1 transient, 2 persistent. */
  delivery_mode?: 1 | 2;
  priority?: number;
  /** Milliseconds as a decimal string: the broker may drop the message after so long. */
  expiration?: string;
  message_id?: string;
  timestamp?: number;
  app_id?: string;
  type?: string;
  user_id?: string;
  cluster_id?: string;
  [other: string]: unknown;
}

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Properties>;
}

/** The header that tells how many times a message came back because who held it died: RabbitMQ's, on every broker that counts. */
export const DELIVERY_COUNT = 'x-delivery-count';

/** How often its holder died. What is no such number is none: anybody who reaches the broker may have written it. */
export function deliveryCountOf(headers: Readonly<Record<string, unknown>>): number {
  const count = plainNumber(headers[DELIVERY_COUNT]);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** A number, or a text that is one; else NaN. `Number` throws at an object whose `toString` is none. */
export function plainNumber(value: unknown): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
}

export interface DeliveryInfo {
  readonly exchange: string;
  readonly routing_key: string;
  readonly priority?: number | null;
  readonly redelivered?: boolean | null;
  readonly consumer_tag?: string;
}

/** One delivery. `ack`, `reject` settle it; the second call of either throws (MessageStateError). */
export interface Message {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Properties>;
  readonly deliveryInfo: DeliveryInfo;
  /** The queue it was taken from. */
  readonly queue: string;
  readonly redelivered: boolean;
  readonly deliveryTag: string | number;
  /** Settled already? */
  readonly acknowledged: boolean;
  /** Handed to the broker without waiting; a failure shows as the loss of the connection, and the message is delivered again. */
  ack(): void;
  reject(options?: { requeue?: boolean }): void;
}
