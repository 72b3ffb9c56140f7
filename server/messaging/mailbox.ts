// Remote control's post: broadcast a command to nodes, collect their replies until a limit or a deadline; and the node's side.
// What the commands are: control/commands.ts; what they do: worker/panel.
// Holds: a node answers each request addressed to it once, also when its handler throws ({error: repr}); replies with a ticket
// nobody waits for are dropped. Every message sent or received moves the logical clock.
// Kombu: pidbox.py Mailbox, Node

import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { fnmatchSource } from '../../shared/fnmatch.ts';
import { compileRegex } from '../../shared/query/regex.ts';
import { EncodeError, toError, UmbelError } from '../errors.ts';
import { exceptionRepr } from '../protocol/failure.ts';
import { type BodyCodec, PLAIN_CODEC } from '../serialization/codec.ts';
import type { Timer, TimerHandle } from '../timer.ts';
import type { Channel } from '../transport/contract.ts';
import { type Exchange, exchange, type Queue } from '../transport/entity.ts';
import { type Message, plainNumber } from '../transport/message.ts';
import type { Connection } from './connection.ts';
import type { Consumer } from './consumer.ts';
import type { LamportClock } from './lamport-clock.ts';
import { Producer } from './producer.ts';
import { consumeTransient } from './transient.ts';

export interface MailboxOptions {
  /** `control_exchange`, 'celery'. */
  readonly namespace: string;
  readonly connection: Connection;
  readonly clock: LamportClock;
  readonly timer: Timer;
  /** Where replies to this process go. Default: a new id. */
  readonly oid?: string;
  /** Default 'json'. */
  readonly serializer?: string;
  /** Accepted content, by name. Default json. */
  readonly accept?: readonly string[];
  /** The app's. Default: JSON, text and bytes. */
  readonly codec?: BodyCodec;
  /** `control_queue_ttl`. Default 300000. @unit milliseconds */
  readonly queueTtlMs?: number;
  /** `control_queue_expires`. Default 10000. @unit milliseconds */
  readonly queueExpiresMs?: number;
  /** `control_queue_durable`: exchanges and queues survive a restart of the broker. Default false. */
  readonly durable?: boolean;
  /** `control_queue_exclusive`: queues belong to this connection. Default false. */
  readonly exclusive?: boolean;
}

/** The part of these options that settings say. */
export function controlQueues(conf: {
  readonly control_queue_ttl: number;
  readonly control_queue_expires: number;
  readonly control_queue_durable: boolean;
  readonly control_queue_exclusive: boolean;
  readonly task_serializer: string;
  readonly accept_content: readonly string[];
}): Pick<MailboxOptions, 'queueTtlMs' | 'queueExpiresMs' | 'durable' | 'exclusive' | 'serializer' | 'accept'> {
  return {
    serializer: conf.task_serializer,
    accept: conf.accept_content,
    queueTtlMs: conf.control_queue_ttl * 1000,
    queueExpiresMs: conf.control_queue_expires * 1000,
    durable: conf.control_queue_durable,
    exclusive: conf.control_queue_exclusive,
  };
}

export interface BroadcastRequest {
  readonly arguments?: Record<string, unknown>;
  /** Node names; null or none = everyone. */
  readonly destination?: readonly string[] | null;
  readonly pattern?: string | null;
  readonly matcher?: 'glob' | 'pcre' | null;
  readonly reply?: boolean;
  /** Default 1000. @unit milliseconds */
  readonly timeoutMs?: number;
  /** Stop after so many replies. Default: as many as there are destinations, or as heard the question where the broker says so. */
  readonly limit?: number;
  readonly onReply?: (reply: Record<string, unknown>) => void;
  /** Hears the replies that come within a minute after the time was up. Default: they are dropped. */
  readonly onLate?: (reply: Record<string, unknown>) => void;
}

/** Takes a method and its arguments, gives the answer or throws; what it throws goes back as {error: repr}. */
export type NodeHandler = (method: string, args: Record<string, unknown>) => unknown;

/** A reply queue nobody waits at is given up after so long. */
const IDLE_MS = 5000;
/** For how long late replies are heard, by who wants them. */
const LATE_MS = 60_000;

interface Collector {
  add(reply: Record<string, unknown>): void;
}

export class Mailbox {
  readonly namespace: string;
  readonly oid: string;
  readonly exchange: Exchange;
  readonly replyExchange: Exchange;
  readonly options: MailboxOptions;
  readonly accept: ReadonlySet<string>;
  readonly codec: BodyCodec;
  readonly #serializer: string;
  readonly #producer: Producer;
  readonly #waiting = new Map<string, Collector>();
  #replies: Promise<Channel> | null = null;
  /** Until the reply queue given up last is gone: a new one of its name must not come before. */
  #leaving: Promise<void> = Promise.resolve();
  #idle: TimerHandle | null = null;
  /** Broadcasts that want replies and have not ended, with those that want late ones. */
  #awaited = 0;
  readonly #late = new Set<TimerHandle>();

  constructor(options: MailboxOptions) {
    this.options = options;
    this.namespace = options.namespace;
    this.oid = options.oid ?? randomUUID();
    this.exchange = pidboxExchange(`${this.namespace}.pidbox`, 'fanout', options.durable);
    this.replyExchange = pidboxExchange(`reply.${this.namespace}.pidbox`, 'direct', options.durable);
    this.codec = options.codec ?? PLAIN_CODEC;
    this.accept = this.codec.acceptSet(options.accept ?? ['json']);
    this.#serializer = options.serializer ?? 'json';
    this.#producer = new Producer(options.connection);
    options.connection.onLost(() => {
      this.#replies = null;
    });
  }

  /** The queue a node of that name reads. */
  nodeQueue(hostname: string): Queue {
    return this.#queue(`${hostname}.${this.exchange.name}`, this.exchange, '');
  }

  get replyQueue(): Queue {
    return this.#queue(`${this.oid}.${this.replyExchange.name}`, this.replyExchange, this.oid);
  }

  /** The replies, each `{nodename: answer}`; none when none were asked for. */
  async broadcast(command: string, options: BroadcastRequest = {}): Promise<Record<string, unknown>[]> {
    const { destination = null, pattern = null, matcher = null, reply = false, timeoutMs = 1000 } = options;
    const ticket = reply ? randomUUID() : null;
    // Nobody is not everybody. (Kombu takes an empty list for none.)
    if (destination !== null && !Array.isArray(destination))
      throw new TypeError(
        `destination is a list of worker names, such as ['celery@host'], not ${inspect(destination, { depth: 0 })}.`,
      );
    if (destination?.length === 0) return [];
    const limit = options.limit ?? destination?.length;
    // Kombu 5.6, pidbox.py Mailbox._publish: this order of keys
    const request: Record<string, unknown> = {
      method: command,
      arguments: options.arguments ?? {},
      destination,
      pattern,
      matcher,
    };
    if (ticket === null) {
      await this.#request(request, timeoutMs);
      return [];
    }
    this.#awaited++;
    try {
      await this.#listen();
      request.ticket = ticket;
      request.reply_to = { exchange: this.replyExchange.name, routing_key: this.oid };
      const collected = this.#collect(ticket, limit ?? Number.POSITIVE_INFINITY, timeoutMs, options);
      try {
        const heard = await this.#request(request, timeoutMs);
        // Nobody else can answer: no need to wait for them. Kombu waits until the time is up.
        if (typeof heard === 'number') collected.atMost(heard);
      } catch (error) {
        collected.stop();
        throw error;
      }
      return await collected.replies;
    } finally {
      this.#ended();
    }
  }

  #ended(): void {
    this.#awaited--;
    if (this.#awaited === 0 && this.#replies) {
      this.#idle = this.options.timer.after(IDLE_MS, () => void this.unlisten());
    }
  }

  /** The receiving side, not yet started. @param onLost the broker closed its channel */
  node(hostname: string, connection: Connection, handle: NodeHandler, onLost?: (error: Error) => void): MailboxNode {
    return new MailboxNode(this, hostname, connection, handle, onLost);
  }

  /** Used by the nodes. */
  async sendReply(to: { exchange: string; routing_key: string }, ticket: unknown, value: unknown): Promise<void> {
    const { body, contentType, contentEncoding } = this.codec.encode(value, this.#serializer);
    await this.#producer.publish({
      exchange: to.exchange === this.replyExchange.name ? this.replyExchange : pidboxExchange(to.exchange, 'direct'),
      routingKey: to.routing_key,
      contentType,
      contentEncoding,
      headers: { ticket: ticket ?? null, clock: this.options.clock.forward() },
      properties: { delivery_mode: 1, priority: 0 },
      body,
      retry: true,
    });
  }

  async close(): Promise<void> {
    for (const handle of this.#late) handle.cancel();
    this.#late.clear();
    this.#producer.close();
    await this.unlisten();
  }

  /** Give the reply queue up, which goes with its consumer; the next question that wants replies has it again. */
  unlisten(): Promise<void> {
    this.#idle?.cancel();
    const replies = this.#replies;
    this.#replies = null;
    if (replies) this.#leaving = replies.then((channel) => channel.close()).catch(() => {});
    return this.#leaving;
  }

  #request(request: Record<string, unknown>, timeoutMs: number): Promise<unknown> {
    const { clock, timer } = this.options;
    const { body, contentType, contentEncoding } = this.codec.encode(request, this.#serializer);
    return this.#producer.publish({
      exchange: this.exchange,
      routingKey: '',
      contentType,
      contentEncoding,
      headers: { clock: clock.forward(), expires: timeoutMs > 0 ? (timer.now() + timeoutMs) / 1000 : 0 },
      properties: { delivery_mode: 2, priority: 0 },
      body,
      retry: true,
    });
  }

  /** One consumer of replies for this mailbox, however many broadcasts wait. */
  #listen(): Promise<Channel> {
    this.#idle?.cancel();
    if (!this.#replies) {
      const opening = this.#leaving.then(async () => {
        const onMessage = (m: Message) => this.#onReply(m);
        const onLost = () => this.#replaceReplies(opening);
        const options = { queues: [this.replyQueue], onMessage, noAck: true, onLost };
        return (await consumeTransient(this.options.connection, options)).channel;
      });
      this.#replies = opening;
      opening.catch(() => {
        if (this.#replies === opening) this.#replies = null;
      });
    }
    return this.#replies;
  }

  /** The broker closed the channel of the replies: who waits for some goes on at a new one. */
  #replaceReplies(closed: Promise<Channel>): void {
    if (this.#replies !== closed) return;
    this.#replies = null;
    if (this.#awaited > 0) this.#listen().catch(() => {});
  }

  #onReply(message: Message): void {
    const { clock, expires, ticket } = message.headers;
    this.options.clock.adjust(plainNumber(clock));
    if (typeof expires === 'number' && expires > 0 && this.options.timer.now() / 1000 > expires) return;
    const collector = typeof ticket === 'string' ? this.#waiting.get(ticket) : undefined;
    if (!collector) return;
    try {
      const reply = this.codec.decode(message.body, message.contentType, message.contentEncoding, this.accept);
      if (isRecord(reply)) collector.add(reply);
    } catch {
      // An answer that cannot be read is no answer; the others still count.
    }
  }

  #collect(
    ticket: string,
    most: number,
    timeoutMs: number,
    { onReply, onLate }: Pick<BroadcastRequest, 'onReply' | 'onLate'>,
  ) {
    let limit = most;
    const found: Record<string, unknown>[] = [];
    let finish: (replies: Record<string, unknown>[]) => void = () => {};
    const replies = new Promise<Record<string, unknown>[]>((resolve) => {
      finish = resolve;
    });
    const stop = () => {
      handle.cancel();
      this.#waiting.delete(ticket);
      finish(found);
    };
    const handle = this.options.timer.after(timeoutMs, () => {
      stop();
      if (onLate) this.#hearLate(ticket, onLate);
    });
    this.#waiting.set(ticket, {
      add(reply) {
        found.push(reply);
        onReply?.(reply);
        if (found.length >= limit) stop();
      },
    });
    const atMost = (count: number) => {
      limit = Math.min(limit, count);
      if (found.length >= limit) stop();
    };
    return { replies, stop, atMost };
  }

  #hearLate(ticket: string, onLate: (reply: Record<string, unknown>) => void): void {
    this.#awaited++;
    this.#waiting.set(ticket, { add: onLate });
    const handle = this.options.timer.after(LATE_MS, () => {
      this.#late.delete(handle);
      this.#waiting.delete(ticket);
      this.#ended();
    });
    this.#late.add(handle);
  }

  #queue(name: string, from: Exchange, routingKey: string): Queue {
    const { durable = false, exclusive = false } = this.options;
    return {
      name,
      exchange: from,
      routingKey,
      durable,
      exclusive,
      autoDelete: !durable,
      expiresMs: this.options.queueExpiresMs ?? 10_000,
      messageTtlMs: this.options.queueTtlMs ?? 300_000,
    };
  }
}

/** One node's side: hears requests, runs the handler, answers. */
export class MailboxNode {
  readonly hostname: string;
  readonly #mailbox: Mailbox;
  readonly #connection: Connection;
  readonly #handle: NodeHandler;
  readonly #onLost: ((error: Error) => void) | undefined;
  #consumer: Consumer | null = null;

  constructor(
    mailbox: Mailbox,
    hostname: string,
    connection: Connection,
    handle: NodeHandler,
    onLost: ((error: Error) => void) | undefined,
  ) {
    this.#mailbox = mailbox;
    this.hostname = hostname;
    this.#connection = connection;
    this.#handle = handle;
    this.#onLost = onLost;
  }

  async start(): Promise<void> {
    this.#consumer = await consumeTransient(this.#connection, {
      queues: [this.#mailbox.nodeQueue(this.hostname)],
      onMessage: (m) => this.#onMessage(m),
      noAck: true,
      onLost: this.#onLost,
    });
  }

  /** @param lost the connection is gone: nothing can be said to the broker */
  async stop(lost = false): Promise<void> {
    const consumer = this.#consumer;
    this.#consumer = null;
    if (!lost) await consumer?.cancel().catch(() => {});
    await consumer?.channel.close().catch(() => {});
  }

  #onMessage(message: Message): void {
    const { options, accept, codec } = this.#mailbox;
    options.clock.adjust(plainNumber(message.headers.clock));
    let request: unknown;
    try {
      request = codec.decode(message.body, message.contentType, message.contentEncoding, accept);
      if (!isRecord(request)) throw new UmbelError('the body is no object');
      if (typeof request.method !== 'string') throw new UmbelError('it names no method');
    } catch (error) {
      options.connection.options.log.error(`Cannot decode a remote control message: ${toError(error).message}`);
      return;
    }
    if (isFor(this.hostname, request)) void this.#dispatch(request.method as string, request);
  }

  async #dispatch(method: string, request: Record<string, unknown>): Promise<void> {
    const { log } = this.#mailbox.options.connection.options;
    let answer: unknown;
    try {
      answer = await this.#handle(method, isRecord(request.arguments) ? request.arguments : {});
    } catch (thrown) {
      const repr = exceptionRepr(toError(thrown));
      log.error(`pidbox command error: ${repr}`);
      answer = { error: repr };
    }
    const to = request.reply_to;
    if (!isRecord(to) || typeof to.exchange !== 'string' || typeof to.routing_key !== 'string') return;
    const address = { exchange: to.exchange, routing_key: to.routing_key };
    const send = (value: unknown) => this.#mailbox.sendReply(address, request.ticket, { [this.hostname]: value });
    try {
      await send(answer ?? null);
    } catch (error) {
      log.error(`Cannot send the reply to '${method}': ${toError(error).message}`);
      // One task with odd arguments is no silence.
      if (error instanceof EncodeError) await send({ error: exceptionRepr(error) }).catch(() => {});
    }
  }
}

/** For one pattern on one hostname. */
const MAX_STEPS = 1_000_000;

/** Kombu 5.6, pidbox.py Node.handle_message: destination first, then pattern with matcher, else everyone. */
function isFor(hostname: string, request: Record<string, unknown>): boolean {
  const { destination, pattern, matcher } = request;
  if (Array.isArray(destination)) return destination.includes(hostname);
  // An address that cannot be read is not everybody's.
  if (destination !== null && destination !== undefined) return false;
  if (typeof pattern !== 'string' || pattern === '' || typeof matcher !== 'string') return true;
  try {
    // In steps that are counted: anybody who reaches the broker may send a pattern.
    const matches = compileRegex(matcher === 'pcre' ? `^(?:${pattern})` : fnmatchSource(pattern), {
      ignoreCase: false,
    });
    return matches(hostname, { left: MAX_STEPS });
  } catch {
    return false;
  }
}

function pidboxExchange(name: string, type: 'fanout' | 'direct', durable = false): Exchange {
  return exchange(name, type, { durable, deliveryMode: 1 });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
