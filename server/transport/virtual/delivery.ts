// One delivered message of a broker of ours: what the user reads, and ack / reject exactly once.
// What settling means is the channel's business (memory/channel.ts, sqlite/channel.ts, redis/channel.ts).
// Holds: the second settlement of one delivery throws; settling after the channel gave the message back does nothing.
// Kombu: message.py
import { MessageStateError } from '../../errors.ts';
import { DELIVERY_COUNT, type DeliveryInfo, type Message, type OutgoingMessage, type Properties } from '../message.ts';

export type Settlement = 'ack' | 'reject' | 'requeue';

export type Settle = (delivery: Delivery, how: Settlement) => void;

export class Delivery implements Message {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Properties>;
  readonly queue: string;
  readonly redelivered: boolean;
  readonly deliveryTag: number;
  /** The broker's own number of the message. */
  readonly id: number;
  acknowledged: boolean;
  readonly #exchange: string;
  readonly #routingKey: string;
  readonly #consumerTag: string | undefined;
  readonly #settle: Settle | null;
  readonly #noAck: boolean;
  #info: DeliveryInfo | undefined;

  /** @param settle null: a message only looked at. */
  constructor(
    m: OutgoingMessage,
    place: {
      id: number;
      queue: string;
      redelivered: boolean;
      deliveryTag: number;
      consumerTag: string | undefined;
      /** How many times it came back because who held it died, where the broker counts that. */
      lost?: number;
    },
    settle: Settle | null,
    noAck = false,
  ) {
    this.body = m.body;
    this.contentType = m.contentType;
    this.contentEncoding = m.contentEncoding;
    this.headers = (place.lost ?? 0) > 0 ? { ...m.headers, [DELIVERY_COUNT]: place.lost } : m.headers;
    this.properties = m.properties;
    this.queue = place.queue;
    this.redelivered = place.redelivered;
    this.deliveryTag = place.deliveryTag;
    this.id = place.id;
    this.acknowledged = noAck;
    this.#noAck = noAck;
    this.#exchange = m.exchange;
    this.#routingKey = m.routingKey;
    this.#consumerTag = place.consumerTag;
    this.#settle = settle;
  }

  get deliveryInfo(): DeliveryInfo {
    this.#info ??= {
      exchange: this.#exchange,
      routing_key: this.#routingKey,
      priority: this.properties.priority ?? null,
      redelivered: this.redelivered,
      ...(this.#consumerTag === undefined ? {} : { consumer_tag: this.#consumerTag }),
    };
    return this.#info;
  }

  ack(): void {
    this.#once('ack');
  }

  reject(options?: { requeue?: boolean }): void {
    this.#once(options?.requeue ? 'requeue' : 'reject');
  }

  #once(how: Settlement): void {
    // Kombu's Message.ack: settling what a no-ack consumer got is quietly nothing.
    if (this.#noAck) return;
    if (!this.#settle) throw new MessageStateError(`Cannot ${how} a message that was only looked at (peek).`);
    if (this.acknowledged) {
      throw new MessageStateError(
        `Cannot ${how} the message ${this.deliveryTag} of '${this.queue}': it is settled already.`,
      );
    }
    this.acknowledged = true;
    this.#settle(this, how);
  }
}
