// What a broker must be able to do, AMQP's meaning on every broker. Implementations: memory/, sqlite/, redis/, amqp/.
// What a broker lacks it says in `flags`; test/contract/transport.ts is the promise list and reads the flags.
// Holds: a message is gone only after ack, reject without requeue, expiry, purge or delete; the unsettled messages of a dead
// consumer are delivered again with `redelivered` true. What a broker refuses is a ChannelError with AMQP's code; whether the channel
// lives on is the broker's: RabbitMQ closes it, ours do not. To ask (`queueStatus`, `listQueues`, `peek`, `findTask`) never closes the
// channel it is asked on (nor `peekByTaking`): an implementation whose broker would close it asks on one of its own. `publish` resolves when the broker has the message as safely as it promises.
// Kombu: transport/base.py, transport/virtual/base.py
import type { ChannelError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Arguments, Exchange, ExchangeType, Queue } from './entity.ts';
import type { Message, OutgoingMessage } from './message.ts';

export interface TransportFlags {
  /** Persistent messages survive the end of every process. */
  readonly durable: boolean;
  /** Other processes can share it. */
  readonly crossProcess: boolean;
  /** 'higher-first': 9 before 0 (RabbitMQ and ours); 'lower-first': 0 before 9 (Redis). */
  readonly priorities: 'higher-first' | 'lower-first' | 'none';
  /** The broker itself drops messages past their `expiration` / `messageTtlMs`. */
  readonly expiration: boolean;
  /** `queueStatus` can tell the oldest message's age and unacked count; `peek` can look without taking. */
  readonly introspection: boolean;
  /** A message to the default exchange makes its queue when there is none. Not given: it is dropped. */
  readonly implicitQueues?: boolean;
  /** Exchange types it knows. Others are refused with NotImplementedError. */
  readonly exchangeTypes: readonly ExchangeType[];
  /** `bindExchange` works. Not given: it is refused with NotImplementedError. */
  readonly exchangeBindings?: boolean;
  /** What a connection held unacknowledged is delivered again as soon as the broker finds it lost. Not given: later, or never. */
  readonly returnsAtLoss?: boolean;
  /** It shows messages only to who takes them: `peekByTaking` works. Not given: `peek` does, or nothing. */
  readonly peeksByTaking?: boolean;
  /** A fanout exchange is pub/sub: it heeds keys and patterns, and keeps nothing for a queue nobody consumes. */
  readonly fanoutByKey?: boolean;
}

/** One connection to a broker. Opened by messaging/connection.ts, which alone reconnects. */
export interface Transport {
  readonly flags: TransportFlags;
  /** 'memory', 'sqlite', 'redis', 'amqp': the driver name, as Celery's `stats` shows it. */
  readonly driver: string;
  /** Connect, or throw OperationalError. Called once. */
  connect(): Promise<void>;
  channel(): Promise<Channel>;
  /** Called at most once, when the connection breaks without `close`. All its channels are dead then, and say nothing of it. */
  onLost(listener: (error: Error) => void): void;
  /** Why the broker takes no messages for now ('low on memory'); null or undefined: it takes them, as far as it has said. */
  readonly blocked?: string | null;
  /**
   * Its user is about to close it: a broker that accepts and answers nothing is to be found lost within seconds, not minutes.
   * @param now only last words are left to say: one that takes no messages for now is not waited for either. Default false
   */
  leaving?(now?: boolean): void;
  /** Flush what is pending, give unsettled messages back, release everything. Idempotent. */
  close(): Promise<void>;
}

export type ConsumerTag = string;

export interface ConsumeOptions {
  /** Messages count as settled when delivered (events, replies). They do not count for prefetch. Default false. */
  readonly noAck?: boolean;
  readonly consumerTag?: ConsumerTag;
  /** x-arguments of the consumer (`x-priority`, `x-stream-offset`), passed to brokers that know them. */
  readonly arguments?: Arguments;
  /**
   * Called at most once, when the broker ends this consumer and the channel lives on: its queue was deleted, or moved to another node.
   * What was delivered stays with the channel. Kombu: basic.cancel from the server (`consumer_cancel_notify`).
   */
  readonly onCancelled?: (reason: ChannelError) => void;
}

export interface DeclareOptions {
  /** Only look whether it is there: ChannelError 404 when not, and nothing is made. Default false. */
  readonly passive?: boolean;
}

export interface QueueStatus {
  readonly name: string;
  /** Ready messages, not the unacked ones. */
  readonly messages: number;
  /** Ready messages per priority; only priorities that occur. */
  readonly byPriority: Readonly<Record<string, number>>;
  readonly unacked: number | null;
  readonly consumers: number | null;
  /** When the oldest ready message was published. @unit milliseconds since the epoch */
  readonly oldestMs: number | null;
}

/** `queue` of its delivery info is the one it was found in, or for a taken one its routing key. */
export interface FoundMessage {
  readonly message: Message;
  /** Some consumer has it. */
  readonly unacked: boolean;
  /** Which it is in its queue, 1 the next to be delivered; null: it is unacked. */
  readonly position: number | null;
}

export interface FoundMessages {
  readonly messages: FoundMessage[];
  /** Every list was looked at to its end: what is not in `messages` is nowhere. */
  readonly complete: boolean;
}

/** Who waits for messages, by what the broker itself sees. */
export interface WaitingConsumers {
  /**
   * Clients of Celery's (kombu's) kind that at this moment wait for the next message of some queue of this broker. It does not say which
   * worker a client belongs to, and those who wait for replies are among them.
   */
  readonly kombu: number;
}

/** How many ready messages `move` looks at. */
export const MOVE_LOOKS_AT = 1000;

/** What a broker says of itself. Every figure is null where it does not say, or this account may not ask. */
/**
 * data: keys with their values, or what is in queues. tables: what finds them. clients: their buffers. replicas: theirs, and what is kept
 * for them. log: what is to be written to it. server: itself, and what it says nothing of.
 */
export interface MemoryPart {
  readonly part: 'data' | 'tables' | 'clients' | 'replicas' | 'log' | 'server';
  readonly bytes: number;
}

export interface NamedClients {
  /** So many were looked at. */
  readonly of: number;
  /** By the name they give and the library they use, most first; null: it says none. */
  readonly groups: readonly {
    readonly name: string | null;
    readonly software: string | null;
    readonly count: number;
    /** Waiting for messages in a command that blocks. */
    readonly blocked: number;
  }[];
}

export interface BrokerAbout {
  /** 'Redis', 'SQLite', 'RabbitMQ' */
  readonly product: string;
  readonly version: string | null;
  /** @unit seconds */
  readonly uptime: number | null;
  readonly memory: {
    /** @unit bytes */
    readonly used: number | null;
    /** null: not known; 0: no limit. @unit bytes */
    readonly most: number | null;
  };
  readonly clients: { readonly connected: number | null; readonly most: number | null };
  /** What it keeps messages in, where that is a file and no memory of its own. @unit bytes */
  readonly fileBytes?: number;
  /** A second, as it measures them. */
  readonly traffic?: { readonly of: 'commands' | 'messages'; readonly perSecond: number };
  /** What its memory is taken by. @unit bytes */
  readonly memoryParts?: readonly MemoryPart[];
  /** Only where details were asked for. */
  readonly named?: NamedClients;
  /** In the broker's own words, such as Redis' `maxmemory-policy`; none is a secret. */
  readonly facts: Readonly<Record<string, string | number | null>>;
}

/** Small facts that a broker keeps for a time, beside its messages. Whoever connects to it sees them. */
export interface Notes {
  /** null: nothing was kept under the key, and now this is. Else what is kept there, and stays. Of several at once one is first. */
  claim(key: string, value: string, ttlMs: number): Promise<string | null>;
  /** Keeps it so long from now on, where it is still this value. */
  extend(key: string, value: string, ttlMs: number): Promise<void>;
  /** Forgets it, where it is still this value. */
  release(key: string, value: string): Promise<void>;
  /** Members of a set, each dated now. Beyond the limit the oldest are forgotten; after the time without a new one the whole set may be. */
  remember(set: string, members: readonly string[], ttlMs: number, limit: number): Promise<void>;
  /** Members not older than this, with their dates. @unit milliseconds since the epoch */
  remembered(set: string, ttlMs: number): Promise<ReadonlyMap<string, number>>;
}

export interface Channel {
  /**
   * Called at most once, when the broker closes this channel alone and the connection lives on: after a use it refuses, or a delivery
   * held for longer than it allows (RabbitMQ's `consumer_timeout`). Its consumers are gone, what it held unsettled is delivered again,
   * settling it does nothing, and every other call rejects with OperationalError.
   */
  onClosed(listener: (error: ChannelError) => void): void;
  declareExchange(e: Exchange, options?: DeclareOptions): Promise<void>;
  /** With its bindings; with `ifUnused` only when there are none from it. */
  deleteExchange(name: string, options?: { ifUnused?: boolean }): Promise<void>;
  /** Declares the queue, its exchange and its bindings; with `passive` the queue alone. */
  declareQueue(q: Queue, options?: DeclareOptions): Promise<{ messageCount: number; consumerCount: number }>;
  /** @param args what a headers exchange compares (`x-match`: all, the default, or any) */
  bindQueue(queue: string, exchange: string, routingKey: string, args?: Arguments): Promise<void>;
  unbindQueue(queue: string, exchange: string, routingKey: string, args?: Arguments): Promise<void>;
  /** What `source` takes with such a key goes to `destination`, too. */
  bindExchange(destination: string, source: string, routingKey: string, args?: Arguments): Promise<void>;
  unbindExchange(destination: string, source: string, routingKey: string, args?: Arguments): Promise<void>;
  deleteQueue(name: string, options?: { ifUnused?: boolean; ifEmpty?: boolean }): Promise<number>;
  /**
   * Resolves when the broker has it; with how many consumers heard it when that is a number (a fanout exchange on Redis).
   * Messages to an exchange without a matching binding are dropped silently, as on RabbitMQ; the default exchange needs the queue to exist.
   */
  publish(m: OutgoingMessage): Promise<unknown>;
  /** Take one message now, or null. */
  get(queue: string, options?: { noAck?: boolean }): Promise<Message | null>;
  /** `onMessage` must not throw. Several queues of one channel are served in turn. */
  consume(queue: string, onMessage: (m: Message) => void, options?: ConsumeOptions): Promise<ConsumerTag>;
  /** No message is delivered after this resolves. Those delivered stay with the channel. */
  cancel(tag: ConsumerTag): Promise<void>;
  /**
   * At most so many unsettled messages over all consumers of this channel; 0 = no limit; -1 = none at all for now, which AMQP cannot
   * say: there it is 1. May be changed at any time.
   */
  qos(prefetchCount: number): Promise<void>;
  /** Removes the ready messages; how many. */
  purge(queue: string): Promise<number>;
  /** null: no such queue. Never creates one. On RabbitMQ it counts as a use of a queue that expires unused. */
  queueStatus(queue: string): Promise<QueueStatus | null>;
  /** Every queue the broker knows. null: this broker cannot tell. */
  listQueues(): Promise<string[] | null>;
  /** The next messages in delivery order, without taking them. null: this broker cannot. Their ack and reject throw. */
  peek(queue: string, limit: number): Promise<Message[] | null>;
  /**
   * Moves ready messages to the end of another queue: at most `limit` of those that are wanted, the next to be delivered first, among the
   * first 1,000. Each is in one of the two queues at every moment, keeps its order, its priority and its time, and belongs to the new
   * queue from then on, also when it is given back. What a consumer has taken stays. @returns what was moved; their ack and reject throw.
   * Not given: this broker cannot (to take and to publish anew can leave a message in both).
   */
  move?(from: string, to: string, limit: number, wants: (m: Message) => boolean): Promise<Message[]>;
  /**
   * Where `peek` cannot: the next messages are taken, and given back at once. They are marked as redelivered then, count as delivered
   * where deliveries are counted, and may come in another order where somebody consumes the queue. Their ack and reject throw.
   */
  peekByTaking?(queue: string, limit: number): Promise<Message[]>;
  /**
   * Messages that name this task, ready in one of the queues or taken and not yet acknowledged; of each list at most `limit` are
   * looked at. Others whose headers or body hold that id may be among them. Their ack and reject throw. Not given: this broker cannot find
   * them (`peek` shows the ready ones).
   */
  findTask?(id: string, queues: readonly string[], limit: number): Promise<FoundMessages>;
  /**
   * Not given, or null: this broker cannot tell (or may not: an account without the right to ask). What a worker says that it consumes is
   * its own word; this is the broker's.
   */
  waitingConsumers?(): Promise<WaitingConsumers | null>;
  /**
   * Not given: this broker says nothing of itself to its clients. Changes nothing, and is answered at once.
   * @param detailed who its clients are, too, which costs more the more there are
   */
  about?(detailed?: boolean): Promise<BrokerAbout>;
  /** Not given: this broker keeps nothing but messages (RabbitMQ). */
  readonly notes?: Notes;
  /** Resolves when every ack and reject handed over so far has reached the broker. */
  flush(): Promise<void>;
  /** Flush, stop consumers, give unsettled messages back. */
  close(): Promise<void>;
}

export interface TransportContext {
  /** Parsed broker URL; see url.ts. */
  readonly url: string;
  /** `broker_transport_options` */
  readonly options: Readonly<Record<string, unknown>>;
  /** `broker_use_ssl` */
  readonly ssl?: boolean | Readonly<Record<string, unknown>>;
  /** `broker_connection_timeout`. @unit milliseconds */
  readonly connectTimeoutMs: number;
  /** `broker_heartbeat`: how often both sides show that they live, where the protocol has it (AMQP). 0 = never. Default 0. @unit milliseconds */
  readonly heartbeatMs?: number;
  /** `broker_login_method`: AMQP's SASL mechanism. Default: the broker's. */
  readonly loginMethod?: string;
  /** For what its owner should know. Default: nobody is told. */
  readonly log?: Logger;
}

export type TransportFactory = (context: TransportContext) => Transport;
