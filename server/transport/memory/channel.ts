// One client's view of a memory broker: consumers, prefetch, what it holds unsettled, settling.
// The queues and the pump: broker.ts, queue.ts.
// With `close_channel_on_error` what is refused closes the channel, as RabbitMQ does it.
// Holds: never more than `qos` unsettled deliveries over all acknowledging consumers; close gives everything unsettled back.
// Kombu: transport/virtual/base.py Channel, QoS
import { jsonText } from '../../../shared/json-text.ts';
import { ChannelError, OperationalError } from '../../errors.ts';
import {
  type Channel,
  type ConsumeOptions,
  type ConsumerTag,
  type DeclareOptions,
  type FoundMessage,
  type FoundMessages,
  MOVE_LOOKS_AT,
  type Notes,
  type QueueStatus,
} from '../contract.ts';
import type { Arguments, Exchange, Queue } from '../entity.ts';
import type { Message, OutgoingMessage } from '../message.ts';
import {
  checkSize,
  consumerTagInUse,
  exchangeInUse,
  noSuchExchange,
  noSuchQueue,
  queueInUse,
} from '../virtual/declaration.ts';
import { Delivery, type Settlement } from '../virtual/delivery.ts';
import type { MemoryBroker } from './broker.ts';
import type { Entry, MemoryQueue, QueueConsumer } from './queue.ts';

interface UnackedEntry {
  readonly entry: Entry;
  readonly queue: MemoryQueue;
  /** Taken by `get`: outside the prefetch count. */
  readonly got: boolean;
}

const DONE = Promise.resolve();

export interface MemoryChannelOptions {
  /** `max_message_size`. @unit bytes */
  readonly limit: number;
  /** `close_channel_on_error` */
  readonly closesOnError: boolean;
}

export class MemoryChannel implements Channel {
  readonly #broker: MemoryBroker;
  /** The transport: the owner of exclusive queues. */
  readonly owner: object;
  readonly #limit: number;
  readonly #consumers = new Map<ConsumerTag, { queue: MemoryQueue; consumer: QueueConsumer }>();
  readonly #held = new Map<number, UnackedEntry>();
  #prefetch = 0;
  #outstanding = 0;
  #tags = 0;
  #deliveries = 0;
  #open = true;
  readonly #closesOnError: boolean;
  readonly #closedListeners: ((error: ChannelError) => void)[] = [];
  readonly #settle = (delivery: Delivery, how: Settlement) => this.#settled(delivery.deliveryTag, how);

  get notes(): Notes {
    return this.#broker.notes;
  }

  constructor(broker: MemoryBroker, owner: object, { limit, closesOnError }: MemoryChannelOptions) {
    this.#broker = broker;
    this.#closesOnError = closesOnError;
    broker.channels.add(this);
    this.owner = owner;
    this.#limit = limit;
  }

  onClosed(listener: (error: ChannelError) => void): void {
    this.#closedListeners.push(listener);
  }

  async declareExchange(e: Exchange, options?: DeclareOptions): Promise<void> {
    this.#use(() => {
      if (!options?.passive) this.#broker.declareExchange(e);
      else if (!this.#broker.routing.has(e.name)) throw noSuchExchange(e.name);
    });
  }

  async deleteExchange(name: string, options?: { ifUnused?: boolean }): Promise<void> {
    this.#check();
    if (options?.ifUnused && this.#broker.routing.isBound(name)) throw exchangeInUse(name);
    this.#broker.routing.delete(name);
  }

  async declareQueue(q: Queue, options?: DeclareOptions): Promise<{ messageCount: number; consumerCount: number }> {
    return this.#use(() => {
      const queue = options?.passive ? this.#find(q.name) : this.#broker.declareQueue(q, this.owner);
      queue.dropExpired(this.#broker.timer.monotonic());
      return { messageCount: queue.size, consumerCount: queue.consumers.length };
    });
  }

  async bindQueue(queue: string, exchange: string, routingKey: string, args?: Arguments): Promise<void> {
    this.#use(() => {
      this.#find(queue);
      this.#broker.routing.bind(queue, exchange, routingKey, args);
    });
  }

  async unbindQueue(queue: string, exchange: string, routingKey: string, args?: Arguments): Promise<void> {
    this.#use(() => this.#broker.routing.unbind(queue, exchange, routingKey, args));
  }

  async bindExchange(destination: string, source: string, routingKey: string, args?: Arguments): Promise<void> {
    this.#use(() => this.#broker.routing.bindExchange(destination, source, routingKey, args));
  }

  async unbindExchange(destination: string, source: string, routingKey: string, args?: Arguments): Promise<void> {
    this.#use(() => this.#broker.routing.unbindExchange(destination, source, routingKey, args));
  }

  async deleteQueue(name: string, options?: { ifUnused?: boolean; ifEmpty?: boolean }): Promise<number> {
    return this.#use(() => {
      const queue = this.#broker.queues.get(name);
      if (!queue) return 0;
      this.#broker.checkAccess(queue, this.owner);
      if (options?.ifUnused && queue.consumers.length > 0) throw queueInUse(name, 'has consumers');
      if (options?.ifEmpty && queue.size > 0) throw queueInUse(name, 'is not empty');
      return this.#broker.deleteQueue(queue);
    });
  }

  publish(m: OutgoingMessage): Promise<void> {
    try {
      this.#check();
      checkSize(m, this.#limit);
      this.#broker.publish(m);
      return DONE;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async get(name: string, options?: { noAck?: boolean }): Promise<Message | null> {
    const queue = this.#use(() => this.#find(name));
    const nowMs = this.#broker.timer.monotonic();
    queue.lastUsedMs = nowMs;
    const entry = queue.shift(nowMs);
    return entry ? this.#deliver(entry, queue, options?.noAck ?? false, undefined, true) : null;
  }

  async consume(name: string, onMessage: (m: Message) => void, options: ConsumeOptions = {}): Promise<ConsumerTag> {
    const queue = this.#use(() => this.#find(name));
    const tag = options.consumerTag ?? `ctag.${++this.#tags}`;
    if (this.#consumers.has(tag)) throw consumerTagInUse(tag);
    const noAck = options.noAck ?? false;
    const consumer: QueueConsumer = {
      noAck,
      canTake: () => noAck || this.#prefetch === 0 || this.#outstanding < this.#prefetch,
      take: (entry, from) => onMessage(this.#deliver(entry, from, noAck, tag, false)),
      cancelled: (reason) => {
        if (this.#consumers.delete(tag)) options.onCancelled?.(reason);
      },
    };
    this.#consumers.set(tag, { queue, consumer });
    queue.consumers.push(consumer);
    this.#broker.wake(queue);
    return tag;
  }

  async cancel(tag: ConsumerTag): Promise<void> {
    this.#cancel(tag);
  }

  #cancel(tag: ConsumerTag): void {
    const known = this.#consumers.get(tag);
    if (!known) return;
    this.#consumers.delete(tag);
    const { queue, consumer } = known;
    const at = queue.consumers.indexOf(consumer);
    if (at < 0) return;
    queue.consumers.splice(at, 1);
    if (queue.consumers.length === 0) this.#broker.unused(queue);
  }

  async qos(prefetchCount: number): Promise<void> {
    this.#check();
    this.#prefetch = Math.max(-1, prefetchCount);
    this.#wakeAll();
  }

  async purge(name: string): Promise<number> {
    return this.#use(() => this.#find(name)).purge();
  }

  async queueStatus(name: string): Promise<QueueStatus | null> {
    this.#check();
    const queue = this.#broker.queues.get(name);
    if (!queue) return null;
    queue.dropExpired(this.#broker.timer.monotonic());
    return {
      name,
      messages: queue.size,
      byPriority: queue.byPriority(),
      unacked: queue.unacked,
      consumers: queue.consumers.length,
      oldestMs: queue.oldestMs(),
    };
  }

  async listQueues(): Promise<string[]> {
    this.#check();
    return [...this.#broker.queues.keys()].sort();
  }

  async peek(name: string, limit: number): Promise<Message[]> {
    const queue = this.#find(name);
    queue.dropExpired(this.#broker.timer.monotonic());
    const seen: Message[] = [];
    for (const { seq, message, redelivered } of queue.ready()) {
      if (seen.length >= limit) break;
      const place = { id: seq, queue: name, redelivered, deliveryTag: 0, consumerTag: undefined };
      seen.push(new Delivery(message, place, null));
    }
    return seen;
  }

  async move(from: string, to: string, limit: number, wants: (m: Message) => boolean): Promise<Message[]> {
    const [source, target] = [this.#find(from), this.#find(to)];
    source.dropExpired(this.#broker.timer.monotonic());
    const entries: Entry[] = [];
    const moved: Message[] = [];
    let looked = 0;
    for (const entry of source.ready()) {
      if (entries.length >= limit || looked++ >= MOVE_LOOKS_AT) break;
      const place = {
        id: entry.seq,
        queue: from,
        redelivered: entry.redelivered,
        deliveryTag: 0,
        consumerTag: undefined,
      };
      const message = new Delivery(entry.message, place, null);
      if (!wants(message)) continue;
      entries.push(entry);
      moved.push(message);
    }
    this.#broker.move(entries, source, target);
    return moved;
  }

  async findTask(id: string, queues: readonly string[], limit: number): Promise<FoundMessages> {
    this.#check();
    const messages: FoundMessage[] = [];
    let complete = true;
    const visit = ({ seq, message, redelivered }: Entry, queue: string, position: number | null): void => {
      if (!namesTask(message, id)) return;
      const place = { id: seq, queue, redelivered, deliveryTag: 0, consumerTag: undefined };
      messages.push({ message: new Delivery(message, place, null), unacked: position === null, position });
    };
    for (const name of queues) {
      const queue = this.#broker.queues.get(name);
      queue?.dropExpired(this.#broker.timer.monotonic());
      let position = 0;
      for (const entry of queue?.ready() ?? []) {
        if (position >= limit) {
          complete = false;
          break;
        }
        visit(entry, name, ++position);
      }
    }
    for (const channel of this.#broker.channels)
      for (const { entry, queue } of channel.#held.values()) visit(entry, queue.declaration.name, null);
    return { messages, complete };
  }

  flush(): Promise<void> {
    return DONE;
  }

  /** The broker closes it. */
  die(error: ChannelError): void {
    if (!this.#open) return;
    this.#end();
    for (const listener of this.#closedListeners) listener(error);
  }

  async close(): Promise<void> {
    if (this.#open) this.#end();
  }

  #end(): void {
    this.#open = false;
    this.#broker.channels.delete(this);
    // What it held goes back first: an auto-delete queue takes it along when its last consumer leaves.
    for (const tag of [...this.#held.keys()].reverse()) this.#settled(tag, 'requeue');
    for (const tag of [...this.#consumers.keys()]) this.#cancel(tag);
  }

  #deliver(entry: Entry, queue: MemoryQueue, noAck: boolean, tag: string | undefined, got: boolean): Delivery {
    const deliveryTag = ++this.#deliveries;
    const place = {
      id: entry.seq,
      queue: queue.declaration.name,
      redelivered: entry.redelivered,
      deliveryTag,
      consumerTag: tag,
    };
    if (!noAck) {
      this.#held.set(deliveryTag, { entry, queue, got });
      queue.unacked++;
      if (!got) this.#outstanding++;
    }
    return new Delivery(entry.message, place, this.#settle, noAck);
  }

  #settled(deliveryTag: number, how: Settlement): void {
    const held = this.#held.get(deliveryTag);
    if (!held) return; // given back already, by close
    this.#held.delete(deliveryTag);
    const { entry, queue } = held;
    queue.unacked--;
    if (how === 'requeue' && this.#broker.queues.get(queue.declaration.name) === queue) {
      entry.redelivered = true;
      queue.requeue(entry);
      this.#broker.wake(queue);
    }
    if (held.got) return;
    this.#outstanding--;
    if (this.#prefetch !== 0 && this.#outstanding < this.#prefetch) this.#wakeAll();
  }

  #wakeAll(): void {
    for (const { queue } of this.#consumers.values()) this.#broker.wake(queue);
  }

  #find(name: string): MemoryQueue {
    this.#check();
    const queue = this.#broker.queues.get(name);
    if (!queue) throw noSuchQueue(name);
    this.#broker.checkAccess(queue, this.owner);
    return queue;
  }

  /** Something that a broker may refuse. */
  #use<T>(act: () => T): T {
    this.#check();
    try {
      return act();
    } catch (error) {
      // The refusal is heard before its consequence.
      if (error instanceof ChannelError && this.#closesOnError) queueMicrotask(() => this.die(error));
      throw error;
    }
  }

  #check(): void {
    if (!this.#open) throw new OperationalError('memory://', 'The channel is closed.');
  }
}

/** Whose it is the reader of the message sees by its headers. */
function namesTask({ headers, body }: OutgoingMessage, id: string): boolean {
  const word = JSON.stringify(id);
  return jsonText(headers).includes(word) || Buffer.from(body.buffer, body.byteOffset, body.length).includes(word);
}
