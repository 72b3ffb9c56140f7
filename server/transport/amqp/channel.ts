// One channel of a connection to RabbitMQ, with the contract's verbs. Consumers and prefetch: consuming.ts; what is published:
// publishing.ts; acknowledgements: settling.ts; what can be asked without harm: asking.ts.
// Holds: RabbitMQ closes a channel on which it refuses something: the call that was refused rejects with a ChannelError, every other one
// with OperationalError. Settling what the channel no longer holds does nothing.
// Kombu 5.6: transport/pyamqp.py Channel; py-amqp: channel.py
import type { GetMessage, Channel as RawChannel, Message as RawMessage } from 'amqplib';
import { ChannelError, EncodeError, toError, UmbelError } from '../../errors.ts';
import type { Channel, ConsumeOptions, ConsumerTag, DeclareOptions, QueueStatus } from '../contract.ts';
import type { Arguments, Exchange, Queue } from '../entity.ts';
import type { Message, OutgoingMessage } from '../message.ts';
import { Delivery, type Settlement } from '../virtual/delivery.ts';
import { type Asking, echo } from './asking.ts';
import { type Client, hearCancelledOnce } from './client.ts';
import { Consuming } from './consuming.ts';
import { declareExchange, declareQueue } from './declaring.ts';
import { channelError, gone, unknownExchangeType } from './failure.ts';
import { takeAndGiveBack } from './looking.ts';
import { fromAmqp } from './message.ts';
import { Publishing } from './publishing.ts';
import type { QueueTypes } from './queue-types.ts';
import { Settling } from './settling.ts';
import { toTable } from './table.ts';

const BASIC = 60;
const PUBLISH = 40;

export class AmqpChannel implements Channel {
  readonly #raw: RawChannel;
  readonly #client: Client;
  readonly #asking: Asking;
  readonly #types: QueueTypes;
  readonly #settling: Settling;
  readonly #publishing: Publishing;
  readonly #consuming: Consuming;
  readonly #closedListeners: ((error: ChannelError) => void)[] = [];
  readonly #settle = (delivery: Delivery, how: Settlement) => {
    if (!this.#ended) this.#settling.settle(delivery.deliveryTag, how);
  };
  /** What RabbitMQ said when it closed it. */
  #refused: ChannelError | null = null;
  /** It was closed for what is done otherwise the next time: the connection is lost, and nothing was refused. */
  #learned = false;
  #ended = false;
  #closing: Promise<void> | null = null;

  constructor(raw: RawChannel, { client, asking, types }: { client: Client; asking: Asking; types: QueueTypes }) {
    this.#raw = raw;
    this.#client = client;
    this.#asking = asking;
    this.#types = types;
    this.#settling = new Settling({
      ack: (deliveryTag, multiple) => raw.ack(tagged(deliveryTag), multiple),
      reject: (deliveryTag, requeue) => raw.reject(tagged(deliveryTag), requeue),
      writeOut: () => client.writeOut(),
    });
    this.#publishing = new Publishing(raw, client);
    hearCancelledOnce(raw);
    this.#consuming = new Consuming(raw, (queue) => types.limitsEachConsumer(queue));
    let ofPublish = false;
    raw.on('error', (error: Error & { classId?: number; methodId?: number }) => {
      // Who consumed begins anew, as after a refusal that ends the connection, and does it right.
      this.#learned = types.learnFrom(error);
      if (this.#learned) client.cut(error);
      else this.#refused ??= channelError(error);
      ofPublish = error.classId === BASIC && error.methodId === PUBLISH;
    });
    raw.on('close', () => this.#end(ofPublish));
  }

  onClosed(listener: (error: ChannelError) => void): void {
    this.#closedListeners.push(listener);
  }

  async declareExchange(e: Exchange, options?: DeclareOptions): Promise<void> {
    await this.#use([e.name], async (raw) => {
      if (options?.passive) await raw.checkExchange(e.name);
      else await this.#declaring(declareExchange(raw, e));
    });
  }

  async deleteExchange(name: string, options: { ifUnused?: boolean } = {}): Promise<void> {
    await this.#use([name], (raw) => raw.deleteExchange(name, options));
  }

  async declareQueue(q: Queue, options?: DeclareOptions): Promise<{ messageCount: number; consumerCount: number }> {
    const names = [q.name, q.routingKey, q.exchange?.name ?? ''];
    const { messageCount, consumerCount } = await this.#use(names, (raw) =>
      options?.passive ? raw.checkQueue(q.name) : this.#declaring(declareQueue(raw, q)),
    );
    this.#types.learn(q);
    return { messageCount, consumerCount };
  }

  async bindQueue(queue: string, exchange: string, routingKey: string, args: Arguments = {}): Promise<void> {
    await this.#use([queue, exchange, routingKey], (raw) => raw.bindQueue(queue, exchange, routingKey, toTable(args)));
  }

  async unbindQueue(queue: string, exchange: string, routingKey: string, args: Arguments = {}): Promise<void> {
    await this.#use([queue, exchange, routingKey], (raw) =>
      raw.unbindQueue(queue, exchange, routingKey, toTable(args)),
    );
  }

  async bindExchange(destination: string, source: string, routingKey: string, args: Arguments = {}): Promise<void> {
    await this.#use([destination, source, routingKey], (raw) =>
      raw.bindExchange(destination, source, routingKey, toTable(args)),
    );
  }

  async unbindExchange(destination: string, source: string, routingKey: string, args: Arguments = {}): Promise<void> {
    await this.#use([destination, source, routingKey], (raw) =>
      raw.unbindExchange(destination, source, routingKey, toTable(args)),
    );
  }

  async deleteQueue(name: string, options: { ifUnused?: boolean; ifEmpty?: boolean } = {}): Promise<number> {
    const { messageCount } = await this.#use([name], (raw) => raw.deleteQueue(name, options));
    return messageCount;
  }

  publish(m: OutgoingMessage): Promise<void> {
    try {
      this.#check([m.exchange, m.routingKey]);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#publishing.publish(m);
  }

  async get(queue: string, { noAck = false }: { noAck?: boolean } = {}): Promise<Message | null> {
    const found = await this.#use([queue], (raw) => raw.get(queue, { noAck }));
    return found ? this.#deliver(found, queue, noAck, undefined) : null;
  }

  async consume(queue: string, onMessage: (m: Message) => void, options: ConsumeOptions = {}): Promise<ConsumerTag> {
    const noAck = options.noAck ?? false;
    return this.#use([queue, options.consumerTag ?? ''], () =>
      this.#consuming.consume(queue, (m, tag) => onMessage(this.#deliver(m, queue, noAck, tag)), options),
    );
  }

  async cancel(tag: ConsumerTag): Promise<void> {
    if (this.#ended) return;
    await this.#use([], () => this.#client.answered(this.#consuming.cancel(tag)));
  }

  async qos(prefetchCount: number): Promise<void> {
    await this.#use([], () => this.#consuming.qos(prefetchCount));
  }

  async purge(queue: string): Promise<number> {
    const { messageCount } = await this.#use([queue], (raw) => raw.purgeQueue(queue));
    return messageCount;
  }

  async queueStatus(name: string): Promise<QueueStatus | null> {
    this.#check([name]);
    try {
      const { messageCount, consumerCount } = await this.#asking.ask((raw) => raw.checkQueue(name));
      return {
        name,
        messages: messageCount,
        byPriority: {},
        unacked: null,
        consumers: consumerCount,
        oldestMs: null,
      };
    } catch (error) {
      const meaning = this.#meaning(error);
      if (meaning instanceof ChannelError && meaning.code === 404) return null;
      throw meaning;
    }
  }

  /** It tells nobody but its management plugin. */
  async listQueues(): Promise<null> {
    this.#check([]);
    return null;
  }

  /** To look is to take: `peekByTaking`. */
  async peek(): Promise<null> {
    this.#check([]);
    return null;
  }

  async peekByTaking(queue: string, limit: number): Promise<Message[]> {
    const taken = await this.#use([queue], async () =>
      takeAndGiveBack(await this.#client.model.createChannel(), queue, limit),
    );
    return taken.map((m) => {
      const { deliveryTag, redelivered } = m.fields;
      const place = { id: deliveryTag, queue, redelivered, deliveryTag, consumerTag: undefined };
      return new Delivery(fromAmqp(m, queue), place, null);
    });
  }

  async flush(): Promise<void> {
    if (this.#ended) return;
    this.#settling.send();
    if (this.#settling.takeSent()) await this.#use([], (raw) => this.#client.answered(echo(raw)));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#ended) return;
    // What is acknowledged makes room: for deliveries that nobody would look at, and that would come back as redelivered.
    this.#settling.hold();
    await this.#consuming.cancelAll().catch(() => {});
    if (!this.#ended) this.#settling.send();
    await this.#publishing.drained();
    if (this.#ended) return;
    // amqplib's answer never comes when the connection is cut meanwhile.
    const ended = new Promise<void>((resolve) => this.#raw.once('close', () => resolve()));
    await Promise.race([this.#raw.close().catch(() => {}), ended]);
  }

  #deliver(m: RawMessage | GetMessage, queue: string, noAck: boolean, tag: string | undefined): Message {
    const { deliveryTag, redelivered } = m.fields;
    if (!noAck) this.#settling.deliver(deliveryTag);
    const place = { id: deliveryTag, queue, redelivered, deliveryTag, consumerTag: tag };
    return new Delivery(fromAmqp(m, queue), place, this.#settle, noAck);
  }

  /** @param ofPublish the broker closed it for something that was published */
  #end(ofPublish: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#settling.forget();
    this.#publishing.end(this.#refused ?? this.#client.error, ofPublish ? this.#refused : null);
    const refused = this.#refused;
    if (!refused || this.#closing) return;
    // The refusal is heard before its consequence.
    queueMicrotask(() => {
      for (const listener of this.#closedListeners) listener(refused);
    });
  }

  /** Something that a broker may refuse. @param names what AMQP has 255 bytes for */
  async #use<T>(names: readonly string[], act: (raw: RawChannel) => Promise<T>): Promise<T> {
    this.#check(names);
    try {
      return await act(this.#raw);
    } catch (error) {
      throw this.#meaning(error);
    }
  }

  /** The connection ends when the type of an exchange is unknown: who asked for it hears why. */
  async #declaring<T>(declared: Promise<T>): Promise<T> {
    try {
      return await declared;
    } catch (error) {
      throw unknownExchangeType(this.#client.error, this.#client.options) ?? error;
    }
  }

  #check(names: readonly string[]): void {
    if (this.#ended || this.#closing) throw gone(this.#client.options, this.#refused ?? this.#client.error);
    for (const name of names) {
      if (name.length > 63 && Buffer.byteLength(name) > 255)
        throw new EncodeError(`A name or key has more than the 255 bytes that AMQP has for it: '${name}'.`);
    }
  }

  #meaning(thrown: unknown): Error {
    if (thrown instanceof UmbelError) return thrown;
    const error = toError(thrown);
    if (error.message.startsWith('Operation failed') && !this.#learned) {
      const refused = channelError(error);
      if (refused) return refused;
    }
    return gone(this.#client.options, this.#refused ?? this.#client.error ?? error);
  }
}

const tagged = (deliveryTag: number) => ({ fields: { deliveryTag } }) as RawMessage;
