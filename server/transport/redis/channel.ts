// One client's view of a Redis broker: consumers, prefetch, what it holds unsettled, settling.
// Taking messages: reader.ts, fanout.ts. The same manners on other brokers: memory/channel.ts, sqlite/channel.ts.
// Holds: never more than `qos` unsettled deliveries over all acknowledging consumers; close gives everything unsettled back; what is
// settled after the connection broke is settled when this process has connected again.
// Kombu: transport/virtual/base.py Channel, QoS; transport/redis.py QoS
import type {
  BrokerAbout,
  Channel,
  ConsumeOptions,
  ConsumerTag,
  DeclareOptions,
  FoundMessages,
  Notes,
  QueueStatus,
  WaitingConsumers,
} from '../contract.ts';
import type { Exchange, Queue } from '../entity.ts';
import type { Message, OutgoingMessage } from '../message.ts';
import {
  checkSize,
  consumerTagInUse,
  exchangeInUse,
  noExchangeBindings,
  noSuchExchange,
  noSuchQueue,
  queueInUse,
} from '../virtual/declaration.ts';
import { Delivery, type Settlement } from '../virtual/delivery.ts';
import { aboutServer } from './about.ts';
import type { Broker } from './broker.ts';
import type { DeferredRequeue, Holder } from './broker-state.ts';
import { markRedelivered, priorityOf, readEnvelope } from './envelope.ts';
import type { FanoutListener } from './fanout.ts';
import { findMessages } from './find.ts';
import { moveMessages } from './move.ts';
import { RedisNotes } from './notes.ts';
import { type ClaimedMessage, Reader, type ReaderHost } from './reader.ts';
import { waitingConsumers } from './waiting.ts';

interface RedisConsumer {
  readonly tag: ConsumerTag;
  readonly queue: string;
  readonly noAck: boolean;
  readonly onMessage: (m: Message) => void;
  /** It is read from lists, from pub/sub, or from both. */
  readonly reads: boolean;
  readonly fanoutListener: FanoutListener | null;
}

interface UnackedClaim {
  readonly raw: string;
  /** '' when the server has no record of it. */
  readonly tag: string;
  readonly list: string;
  /** ClaimedMessage by `get`: outside the prefetch count. */
  readonly got: boolean;
  /** Came by pub/sub: it can go back to nobody but the queue's consumers here. */
  readonly fanoutQueue: string | null;
}

export class RedisChannel implements Channel, ReaderHost, Holder {
  readonly #broker: Broker;
  /** The connection: the owner of exclusive queues. */
  readonly #owner: object;
  readonly #reader: Reader;
  readonly #consumers = new Map<ConsumerTag, RedisConsumer>();
  readonly #byQueue = new Map<string, RedisConsumer[]>();
  readonly #held = new Map<number, UnackedClaim>();
  /** Heard, but there was no room yet. */
  #waiting: { consumer: RedisConsumer; raw: string }[] = [];
  #prefetch = 0;
  #outstanding = 0;
  #tags = 0;
  #deliveries = 0;
  /** Deliveries at the last call of `heldSinceLastRenewal`. */
  #before = 0;
  #turn = 0;
  #open = true;
  #making = false;
  /** Requeues under way. */
  readonly #pendingRequeues = new Set<Promise<unknown>>();
  readonly #settle = (delivery: Delivery, how: Settlement) => this.#settled(delivery.deliveryTag, how);

  readonly notes: Notes;

  constructor(broker: Broker, owner: object) {
    this.#broker = broker;
    this.#owner = owner;
    this.notes = new RedisNotes(broker);
    this.#reader = new Reader(broker, this);
    broker.state.holders.add(this);
  }

  /** Redis knows no channels that it could close. */
  onClosed(): void {}

  async declareExchange(e: Exchange, options?: DeclareOptions): Promise<void> {
    this.#check();
    if (!options?.passive) this.#broker.declareExchange(e);
    else if (this.#broker.state.typeOf(e.name) === null) throw noSuchExchange(e.name);
  }

  async deleteExchange(name: string, options?: { ifUnused?: boolean }): Promise<void> {
    this.#check();
    const bindings = this.#broker.keys.bindings(name);
    if (options?.ifUnused && (await this.#broker.batch.command('SCARD', bindings)) !== 0) throw exchangeInUse(name);
    this.#broker.state.deleteExchange(name);
    await this.#broker.batch.command('DEL', bindings);
  }

  async declareQueue(q: Queue, options?: DeclareOptions): Promise<{ messageCount: number; consumerCount: number }> {
    this.#check();
    if (options?.passive) await this.#find(q.name);
    const messageCount = options?.passive
      ? ((await this.#broker.status(q.name))?.messages ?? 0)
      : await this.#broker.declareQueue(q, this.#owner);
    return { messageCount, consumerCount: this.#broker.state.queues.get(q.name)?.consumers ?? 0 };
  }

  async bindQueue(queue: string, exchange: string, routingKey: string): Promise<void> {
    await this.#find(queue);
    await this.#broker.bind(queue, exchange, routingKey);
  }

  async unbindQueue(queue: string, exchange: string, routingKey: string): Promise<void> {
    this.#check();
    await this.#broker.unbind(queue, exchange, routingKey);
  }

  async bindExchange(): Promise<void> {
    throw noExchangeBindings('redis');
  }

  async unbindExchange(): Promise<void> {
    throw noExchangeBindings('redis');
  }

  async deleteQueue(name: string, options?: { ifUnused?: boolean; ifEmpty?: boolean }): Promise<number> {
    this.#check();
    const known = this.#broker.state.queues.get(name);
    this.#broker.state.checkAccess(known, this.#owner);
    if (options?.ifUnused && known && known.consumers > 0) throw queueInUse(name, 'has consumers');
    if (options?.ifEmpty && ((await this.#broker.status(name))?.messages ?? 0) > 0)
      throw queueInUse(name, 'is not empty');
    return this.#broker.deleteQueue(name);
  }

  publish(m: OutgoingMessage): Promise<unknown> {
    try {
      this.#check();
      checkSize(m, this.#broker.options.sizeLimit);
      return this.#broker.publish(m);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async get(name: string, options?: { noAck?: boolean }): Promise<Message | null> {
    await this.#find(name);
    this.#broker.used(name, 0);
    const taken = await this.#reader.takeOne(name, options?.noAck ?? false);
    return taken ? this.#deliver(taken, options?.noAck ?? false, undefined, null) : null;
  }

  async consume(name: string, onMessage: (m: Message) => void, options: ConsumeOptions = {}): Promise<ConsumerTag> {
    await this.#find(name);
    const tag = options.consumerTag ?? `ctag.${++this.#tags}`;
    if (this.#consumers.has(tag)) throw consumerTagInUse(tag);
    const { state, restore, fanout } = this.#broker;
    const bindings = state.queues.get(name)?.bindings ?? [];
    const fanoutBindings = bindings.filter((one) => state.typeOf(one.exchange) === 'fanout');
    const listener: FanoutListener = (raw) => this.#onFanout(consumer, raw);
    const consumer: RedisConsumer = {
      tag,
      queue: name,
      noAck: options.noAck ?? false,
      onMessage,
      reads: fanoutBindings.length === 0 || fanoutBindings.length < bindings.length,
      fanoutListener: fanoutBindings.length > 0 ? listener : null,
    };
    this.#consumers.set(tag, consumer);
    this.#byQueue.set(name, [...(this.#byQueue.get(name) ?? []), consumer]);
    this.#broker.used(name, 1);
    await this.#broker.listen();
    if (consumer.fanoutListener) await fanout.add(name, fanoutBindings, consumer.fanoutListener);
    if (consumer.reads) {
      restore.start();
      await this.#reader.add(name, consumer.noAck);
    }
    return tag;
  }

  async cancel(tag: ConsumerTag): Promise<void> {
    const consumer = this.#consumers.get(tag);
    if (!consumer) return;
    this.#consumers.delete(tag);
    const rest = this.#byQueue.get(consumer.queue)?.filter((one) => one !== consumer) ?? [];
    if (rest.length > 0) this.#byQueue.set(consumer.queue, rest);
    else this.#byQueue.delete(consumer.queue);
    if (consumer.fanoutListener) await this.#broker.fanout.remove(consumer.queue, consumer.fanoutListener);
    if (consumer.reads) await this.#reader.remove(consumer.queue);
    await this.#requeuesDone();
    const known = this.#broker.used(consumer.queue, -1);
    if (known?.declaration.autoDelete && known.consumers <= 0 && this.#broker.link.alive) {
      await this.#broker.deleteQueue(consumer.queue);
    }
  }

  async qos(prefetchCount: number): Promise<void> {
    this.#check();
    this.#prefetch = Math.max(-1, prefetchCount);
    this.#more();
  }

  async purge(queue: string): Promise<number> {
    await this.#find(queue);
    return this.#broker.purge(queue);
  }

  async queueStatus(queue: string): Promise<QueueStatus | null> {
    this.#check();
    return this.#broker.status(queue);
  }

  async listQueues(): Promise<string[]> {
    this.#check();
    return this.#broker.listQueues();
  }

  async peek(queue: string, limit: number): Promise<Message[]> {
    await this.#find(queue);
    return (await this.#broker.peek(queue, limit)).map((raw) => looked(raw, queue));
  }

  async move(from: string, to: string, limit: number, wants: (m: Message) => boolean): Promise<Message[]> {
    await this.#find(from);
    await this.#find(to);
    return moveMessages(this.#broker, from, to, limit, (raw) => {
      const message = looked(raw, from);
      return wants(message) ? message : null;
    });
  }

  waitingConsumers(): Promise<WaitingConsumers | null> {
    this.#check();
    return waitingConsumers(this.#broker.link);
  }

  about(detailed = false): Promise<BrokerAbout> {
    this.#check();
    return aboutServer(this.#broker.link, this.#broker.options, detailed);
  }

  async findTask(id: string, queues: readonly string[], limit: number): Promise<FoundMessages> {
    this.#check();
    const { found, complete } = await findMessages(this.#broker, id, queues, limit);
    const messages = found.map(({ raw, queue, unacked, position }) => {
      const { message, redelivered } = readEnvelope(raw, queue);
      const place = { id: 0, queue, redelivered, deliveryTag: 0, consumerTag: undefined };
      return { message: new Delivery(message, place, null), unacked, position };
    });
    return { messages, complete };
  }

  async flush(): Promise<void> {
    await this.#broker.batch.flush();
    await this.#requeuesDone();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const { link, restore, batch } = this.#broker;
    await this.#reader.close();
    if (link.alive) {
      await this.flush().catch(() => {});
      const held = [...this.#held.values()].filter((one) => one.fanoutQueue === null).reverse();
      this.#held.clear();
      // Those of one list together, the oldest last: it is the next to be taken.
      await restore
        .requeue(
          held.map((one) => deferredRequeueOf(one, true)),
          'next',
        )
        .catch(() => {});
      await batch.flush();
    }
    for (const tag of [...this.#consumers.keys()]) await this.cancel(tag).catch(() => {});
    if (this.#held.size === 0) this.#broker.state.holders.delete(this);
  }

  // --- what is held

  *heldTags(): Iterable<string> {
    for (const { tag } of this.#held.values()) if (tag !== '') yield tag;
  }

  heldSinceLastRenewal(): string[] {
    const tags: string[] = [];
    for (const [delivery, { tag }] of this.#held) {
      if (delivery > this.#before) break;
      if (tag !== '') tags.push(tag);
    }
    this.#before = this.#deliveries;
    return tags;
  }

  // --- for the reader

  free(): number {
    return this.#prefetch === 0 ? Number.POSITIVE_INFINITY : Math.max(0, this.#prefetch - this.#outstanding);
  }

  receive(taken: readonly ClaimedMessage[]): void {
    const out: [RedisConsumer, Delivery, boolean][] = [];
    const back: UnackedClaim[] = [];
    for (const one of taken) {
      const consumers = this.#open ? this.#byQueue.get(one.queue) : undefined;
      const consumer = consumers?.[consumers.length > 1 ? this.#turn++ % consumers.length : 0];
      // Its consumer was cancelled, or the prefetch count lowered, while the server took it.
      if (!consumer || (!consumer.noAck && this.free() <= 0)) back.push(this.#hold(one, false, null));
      else out.push([consumer, this.#deliver(one, consumer.noAck, consumer.tag, null), consumer.noAck]);
    }
    if (back.length > 0) this.#requeueAll(back.reverse(), false, 'next');
    for (const [consumer, delivery, noAck] of out) {
      if (noAck || this.#held.has(delivery.deliveryTag)) consumer.onMessage(delivery);
    }
  }

  #onFanout(consumer: RedisConsumer, raw: string): void {
    if (!this.#open || !this.#consumers.has(consumer.tag)) return;
    if (!consumer.noAck && (this.free() <= 0 || this.#waiting.length > 0)) {
      this.#waiting.push({ consumer, raw });
      return;
    }
    const taken = { queue: consumer.queue, raw, tag: '' };
    consumer.onMessage(this.#deliver(taken, consumer.noAck, consumer.tag, consumer.queue));
  }

  /** Room became free. */
  #more(): void {
    while (this.#waiting.length > 0 && this.free() > 0) {
      const { consumer, raw } = this.#waiting.shift()!;
      const taken = { queue: consumer.queue, raw, tag: '' };
      if (this.#consumers.has(consumer.tag)) {
        consumer.onMessage(this.#deliver(taken, consumer.noAck, consumer.tag, consumer.queue));
      }
    }
    this.#reader.pump();
  }

  #deliver(taken: ClaimedMessage, noAck: boolean, tag: string | undefined, fanoutQueue: string | null): Delivery {
    const deliveryTag = ++this.#deliveries;
    const { message, redelivered } = readEnvelope(taken.raw, taken.queue);
    if (!noAck) {
      const got = tag === undefined;
      const list = this.#broker.keys.list(taken.queue, priorityOf(message.properties));
      this.#held.set(deliveryTag, { raw: taken.raw, tag: taken.tag, list, got, fanoutQueue });
      if (!got) this.#outstanding++;
    }
    const place = { id: deliveryTag, queue: taken.queue, redelivered, deliveryTag, consumerTag: tag };
    return new Delivery(message, place, this.#settle, noAck);
  }

  #hold(taken: ClaimedMessage, got: boolean, fanoutQueue: string | null): UnackedClaim {
    const { message } = readEnvelope(taken.raw, taken.queue);
    const list = this.#broker.keys.list(taken.queue, priorityOf(message.properties));
    return { raw: taken.raw, tag: taken.tag, list, got, fanoutQueue };
  }

  #settled(deliveryTag: number, how: Settlement): void {
    const held = this.#held.get(deliveryTag);
    if (!held) return; // given back already, by close
    this.#held.delete(deliveryTag);
    if (!this.#open && this.#held.size === 0) this.#broker.state.holders.delete(this);
    if (!held.got) this.#outstanding--;
    if (!held.got) this.#makeRoom();
    if (how === 'requeue') this.#requeue(held);
    else if (held.tag !== '') this.#ack(held.tag);
  }

  /**
   * Who settles many on one turn makes room for one large take, not for many small ones. Asked for before the acknowledgement, so that
   * the acknowledgements of the turn go in one write with the next take.
   */
  #makeRoom(): void {
    if (this.#making) return;
    this.#making = true;
    setImmediate(() => {
      this.#making = false;
      this.#more();
    });
  }

  #ack(tag: string): void {
    const { link, batch, state } = this.#broker;
    if (link.alive) batch.ack(tag);
    else state.deferredAcks.push(tag);
  }

  #requeue(held: UnackedClaim): void {
    if (held.fanoutQueue === null) {
      this.#requeueAll([held], true, 'next');
      return;
    }
    const consumer = this.#byQueue.get(held.fanoutQueue)?.[0];
    if (consumer) this.#waiting.push({ consumer, raw: markRedelivered(held.raw) });
  }

  #requeueAll(held: readonly UnackedClaim[], redelivered: boolean, place: 'next' | 'back'): void {
    const { link, restore } = this.#broker;
    const requeues = held.map((one) => deferredRequeueOf(one, redelivered));
    if (!link.alive) {
      this.#broker.state.deferredRequeues.push(...requeues);
      return;
    }
    const requeued: Promise<unknown> = restore
      .requeue(requeues, place)
      .catch(() => this.#broker.state.deferredRequeues.push(...requeues.filter((one) => one.tag !== '')))
      .finally(() => this.#pendingRequeues.delete(requeued));
    this.#pendingRequeues.add(requeued);
  }

  async #requeuesDone(): Promise<void> {
    while (this.#pendingRequeues.size > 0) await Promise.all(this.#pendingRequeues);
  }

  async #find(name: string): Promise<void> {
    this.#check();
    if (!(await this.#broker.exists(name))) throw noSuchQueue(name);
    this.#broker.state.checkAccess(this.#broker.state.queues.get(name), this.#owner);
  }

  #check(): void {
    this.#broker.link.check();
    if (!this.#open) throw this.#broker.link.failure(new Error('ERR the channel is closed'));
  }
}

/** A message that is only looked at. */
function looked(raw: string, queue: string): Message {
  const { message, redelivered } = readEnvelope(raw, queue);
  return new Delivery(message, { id: 0, queue, redelivered, deliveryTag: 0, consumerTag: undefined }, null);
}

function deferredRequeueOf(held: UnackedClaim, redelivered: boolean): DeferredRequeue {
  return { tag: held.tag, list: held.list, envelope: redelivered ? markRedelivered(held.raw) : held.raw };
}
