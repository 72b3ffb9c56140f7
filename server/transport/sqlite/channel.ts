// One client's view of a broker file: consumers, prefetch, what it holds unsettled, settling.
// Transactions: broker.ts, group-commit.ts. The same manners in memory: memory/channel.ts.
// Holds: never more than `qos` unsettled deliveries over all acknowledging consumers; close gives everything unsettled back.
// Kombu: transport/virtual/base.py Channel, QoS
import { EncodeError, OperationalError, toError } from '../../errors.ts';
import {
  type BrokerAbout,
  type Channel,
  type ConsumeOptions,
  type ConsumerTag,
  type DeclareOptions,
  type FoundMessages,
  MOVE_LOOKS_AT,
  type Notes,
  type QueueStatus,
} from '../contract.ts';
import type { Exchange, Queue } from '../entity.ts';
import type { Message, OutgoingMessage } from '../message.ts';
import {
  checkSize,
  consumerTagInUse,
  exchangeInUse,
  lockedQueue,
  noExchangeBindings,
  noSuchExchange,
  noSuchQueue,
  queueDeleted,
  queueInUse,
} from '../virtual/declaration.ts';
import { Delivery, type Settlement } from '../virtual/delivery.ts';
import type { SqliteBroker } from './broker.ts';
import type { ConsumingChannel, SqliteConsumer } from './dispatch.ts';
import type { HeldMessage } from './group-commit.ts';
import { type Claim, readEnvelope, type StoredMessage, writeEnvelope } from './messages.ts';
import type { StoredQueue } from './topology.ts';

/** Ready messages one transaction purges. */
const PURGE_STEP = 1000;

interface UnackedMessage extends HeldMessage {
  /** Taken by `get`: outside the prefetch count. */
  readonly got: boolean;
}

/** What a channel asks of the connection it belongs to. */
export interface ChannelHost {
  readonly broker: SqliteBroker;
  readonly url: string;
  /** @unit bytes */
  readonly sizeLimit: number;
  /** Which exclusive queues of this process belong to which connection. */
  owns(queueId: number): boolean;
  own(queueId: number): void;
}

export class SqliteChannel implements Channel, ConsumingChannel {
  readonly #host: ChannelHost;
  readonly #broker: SqliteBroker;
  readonly #consumers = new Map<ConsumerTag, SqliteConsumer>();
  readonly #held = new Map<number, UnackedMessage>();
  #prefetch = 0;
  #outstanding = 0;
  #tags = 0;
  #deliveries = 0;
  #open = true;
  readonly #settle = (delivery: Delivery, how: Settlement) => this.#settled(delivery.deliveryTag, how);

  constructor(host: ChannelHost) {
    this.#host = host;
    this.#broker = host.broker;
  }

  /** The file knows no channels that it could close. */
  onClosed(): void {}

  async declareExchange(e: Exchange, options?: DeclareOptions): Promise<void> {
    this.#check();
    if (!options?.passive) this.#broker.now(() => this.#broker.topology.declareExchange(e));
    else if (!this.#broker.read(() => this.#broker.topology.routing.has(e.name))) throw noSuchExchange(e.name);
  }

  async deleteExchange(name: string, options?: { ifUnused?: boolean }): Promise<void> {
    this.#check();
    this.#broker.now(() => {
      if (options?.ifUnused && this.#broker.topology.routing.isBound(name)) throw exchangeInUse(name);
      this.#broker.topology.deleteExchange(name);
    });
  }

  async declareQueue(q: Queue, options?: DeclareOptions): Promise<{ messageCount: number; consumerCount: number }> {
    this.#check();
    return this.#broker.now((nowMs) => {
      const known = this.#broker.topology.find(q.name);
      if (known) this.#checkOwner(known);
      else if (options?.passive) throw noSuchQueue(q.name);
      const queue = options?.passive ? known! : this.#broker.topology.declareQueue(q, nowMs);
      if (!known && q.exclusive) this.#host.own(queue.id);
      return { messageCount: this.#broker.messages.count(queue.id, nowMs), consumerCount: queue.consumers };
    });
  }

  async bindQueue(queue: string, exchange: string, routingKey: string): Promise<void> {
    this.#check();
    this.#broker.now(() => this.#broker.topology.bind(this.#find(queue), exchange, routingKey));
  }

  async unbindQueue(queue: string, exchange: string, routingKey: string): Promise<void> {
    this.#check();
    this.#broker.now(() => this.#broker.topology.unbind(queue, exchange, routingKey));
  }

  async bindExchange(): Promise<void> {
    throw noExchangeBindings('sqlite');
  }

  async unbindExchange(): Promise<void> {
    throw noExchangeBindings('sqlite');
  }

  async deleteQueue(name: string, options?: { ifUnused?: boolean; ifEmpty?: boolean }): Promise<number> {
    this.#check();
    if (this.#broker.read(() => this.#broker.topology.find(name)) === null) return 0;
    const count = options?.ifEmpty || options?.ifUnused ? 0 : await this.purge(name);
    return this.#broker.now((nowMs) => {
      const queue = this.#broker.topology.queues.get(name);
      if (!queue) return count;
      this.#checkOwner(queue);
      if (options?.ifUnused && queue.consumers > 0) throw queueInUse(name, 'has consumers');
      if (options?.ifEmpty && this.#broker.messages.count(queue.id, nowMs) > 0) throw queueInUse(name, 'is not empty');
      return count + this.#broker.deleteQueue(queue);
    });
  }

  publish(m: OutgoingMessage): Promise<void> {
    try {
      this.#check();
      checkSize(m, this.#host.sizeLimit);
      return this.#broker.commits.publish(m, envelopeOf(m));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async get(name: string, options?: { noAck?: boolean }): Promise<Message | null> {
    this.#check();
    const noAck = options?.noAck ?? false;
    const session = noAck ? null : this.#broker.session;
    const { queue, rows, claim } = this.#broker.now((nowMs) => {
      const queue = this.#find(name);
      if (queue.declaration.expiresMs !== undefined) this.#broker.topology.used(queue, nowMs);
      return { queue, ...this.#broker.messages.take(queue.id, 1, session, nowMs) };
    });
    const row = rows[0];
    return row ? this.#deliver(row, name, queue.id, claim, undefined) : null;
  }

  async consume(name: string, onMessage: (m: Message) => void, options: ConsumeOptions = {}): Promise<ConsumerTag> {
    this.#check();
    const queue = this.#broker.read(() => this.#find(name));
    const tag = options.consumerTag ?? `ctag.${++this.#tags}`;
    if (this.#consumers.has(tag)) throw consumerTagInUse(tag);
    const noAck = options.noAck ?? false;
    const { onCancelled } = options;
    const consumer: SqliteConsumer = {
      tag,
      queueId: queue.id,
      queue: name,
      noAck,
      onMessage,
      onCancelled,
      channel: this,
    };
    this.#consumers.set(tag, consumer);
    this.#broker.consume(consumer);
    return tag;
  }

  async cancel(tag: ConsumerTag): Promise<void> {
    const consumer = this.#consumers.get(tag);
    if (!consumer) return;
    this.#consumers.delete(tag);
    this.#broker.cancel(consumer);
  }

  async qos(prefetchCount: number): Promise<void> {
    this.#check();
    this.#prefetch = Math.max(-1, prefetchCount);
    this.#broker.commits.schedule();
  }

  async purge(name: string): Promise<number> {
    this.#check();
    let count = 0;
    for (;;) {
      const removed = this.#broker.now(() => this.#broker.messages.purge(this.#find(name).id, PURGE_STEP));
      count += removed;
      if (removed < PURGE_STEP) return count;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  async queueStatus(name: string): Promise<QueueStatus | null> {
    this.#check();
    return this.#broker.read((nowMs) => {
      const queue = this.#broker.topology.queues.get(name);
      return queue ? this.#broker.messages.status(queue, nowMs) : null;
    });
  }

  async listQueues(): Promise<string[]> {
    this.#check();
    return this.#broker.read(() => [...this.#broker.topology.queues.keys()].sort());
  }

  async peek(name: string, limit: number): Promise<Message[]> {
    this.#check();
    const rows = this.#broker.read((nowMs) => this.#broker.messages.peek(this.#find(name).id, limit, nowMs));
    return rows.map((row) => looked(row, name));
  }

  async move(from: string, to: string, limit: number, wants: (m: Message) => boolean): Promise<Message[]> {
    this.#check();
    return this.#broker.now((nowMs) => {
      const [source, target] = [this.#find(from), this.#find(to)];
      const rows: StoredMessage[] = [];
      const moved: Message[] = [];
      for (const row of this.#broker.messages.peek(source.id, MOVE_LOOKS_AT, nowMs)) {
        if (rows.length >= limit) break;
        const message = looked(row, from);
        if (!wants(message)) continue;
        rows.push(row);
        moved.push(message);
      }
      this.#broker.messages.move(rows, source, target);
      this.#broker.wakeConsumersOf(target.id);
      return moved;
    });
  }

  /** Each in a transaction of its own. */
  get notes(): Notes {
    const broker = this.#broker;
    return {
      claim: async (key, value, ttlMs) => broker.now((nowMs) => broker.notes.claim(key, value, ttlMs, nowMs)),
      extend: async (key, value, ttlMs) => broker.now((nowMs) => broker.notes.extend(key, value, ttlMs, nowMs)),
      release: async (key, value) => broker.now(() => broker.notes.release(key, value)),
      remember: async (set, members, _, limit) =>
        broker.now((nowMs) => broker.notes.remember(set, members, limit, nowMs)),
      remembered: async (set, ttlMs) => broker.now((nowMs) => broker.notes.remembered(set, ttlMs, nowMs)),
    };
  }

  async about(): Promise<BrokerAbout> {
    this.#check();
    return this.#broker.read(() => this.#broker.about());
  }

  async findTask(id: string, queues: readonly string[], limit: number): Promise<FoundMessages> {
    this.#check();
    const { topology, messages } = this.#broker;
    return this.#broker.read((nowMs) => {
      const known = queues.flatMap((name) => topology.queues.get(name)?.id ?? []);
      const { found, complete } = messages.find(id, known, limit, nowMs);
      return {
        complete,
        messages: found.map(({ row, queueId, unacked, position }) => {
          const queue = topology.byId.get(queueId)?.declaration.name ?? '';
          const { redelivered } = row;
          const place = { id: row.id, queue, redelivered: redelivered > 0, deliveryTag: 0, consumerTag: undefined };
          return { message: new Delivery(readEnvelope(row), place, null), unacked, position };
        }),
      };
    });
  }

  flush(): Promise<void> {
    return this.#broker.commits.flushed();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    if (!this.#broker.isOpen) {
      for (const tag of [...this.#consumers.keys()]) await this.cancel(tag);
      return;
    }
    // What it held goes back first: an auto-delete queue takes it along when its last consumer leaves.
    for (const consumer of this.#consumers.values()) this.#broker.dispatch.remove(consumer);
    for (const tag of [...this.#held.keys()]) this.#settled(tag, 'requeue');
    for (const tag of [...this.#consumers.keys()]) await this.cancel(tag);
    await this.flush();
  }

  /** Its queue was deleted. */
  cancelled(consumer: SqliteConsumer): void {
    if (this.#consumers.delete(consumer.tag)) consumer.onCancelled?.(queueDeleted(consumer.queue));
  }

  free(): number {
    return this.#prefetch === 0 ? Number.POSITIVE_INFINITY : Math.max(0, this.#prefetch - this.#outstanding);
  }

  receive(consumer: SqliteConsumer, row: StoredMessage, claim: Claim | null): Message {
    return this.#deliver(row, consumer.queue, consumer.queueId, claim, consumer.tag);
  }

  holds(message: Message): boolean {
    return this.#held.has(message.deliveryTag as number);
  }

  #deliver(row: StoredMessage, queue: string, queueId: number, claim: Claim | null, tag: string | undefined): Delivery {
    const deliveryTag = ++this.#deliveries;
    const got = tag === undefined;
    if (claim) {
      this.#held.set(deliveryTag, { id: row.id, queueId, claim, got });
      if (!got) this.#outstanding++;
    }
    const place = {
      id: row.id,
      queue,
      redelivered: row.redelivered > 0,
      lost: row.redelivered - 1,
      deliveryTag,
      consumerTag: tag,
    };
    return new Delivery(readEnvelope(row), place, this.#settle, claim === null);
  }

  #settled(deliveryTag: number, how: Settlement): void {
    const held = this.#held.get(deliveryTag);
    if (!held) return; // given back already, by close
    this.#held.delete(deliveryTag);
    if (!held.got) this.#outstanding--;
    this.#broker.commits.settle(held, how);
  }

  #find(name: string): StoredQueue {
    const queue = this.#broker.topology.find(name);
    if (!queue) throw noSuchQueue(name);
    this.#checkOwner(queue);
    return queue;
  }

  /** Between connections of one process; between processes topology.ts does. */
  #checkOwner(queue: StoredQueue): void {
    if (queue.owner === this.#broker.session && !this.#host.owns(queue.id)) throw lockedQueue(queue.declaration.name);
  }

  #check(): void {
    if (!this.#open) throw new OperationalError(this.#host.url, 'The channel is closed.');
    this.#broker.check();
  }
}

/** A message that is only looked at. */
function looked(row: StoredMessage, queue: string): Delivery {
  const place = {
    id: row.id,
    queue,
    redelivered: row.redelivered > 0,
    lost: row.redelivered - 1,
    deliveryTag: 0,
    consumerTag: undefined,
  };
  return new Delivery(readEnvelope(row), place, null);
}

function envelopeOf(m: OutgoingMessage): string {
  try {
    return writeEnvelope(m);
  } catch (error) {
    throw new EncodeError(`Headers and properties have to be JSON: ${toError(error).message}`, { cause: error });
  }
}
