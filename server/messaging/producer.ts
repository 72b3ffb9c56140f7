// Send messages: declare what they need once per channel, publish, and try again by the policy when the broker is away.
// What a message says: protocol/. Where it goes: app/routing. Connecting: connection.ts.
// Holds: messages of one producer reach the broker in the order of their publish calls while the connection lasts; only
// OperationalError is retried, what the broker refuses (size, redeclaration) is thrown at once. A channel that the broker closed is
// replaced with the next message, which declares again what it needs.
// Kombu: messaging.py Producer, connection.py ensure
import { OperationalError } from '../errors.ts';
import type { Channel, Notes } from '../transport/contract.ts';
import { declarationKey, type Exchange, type Queue } from '../transport/entity.ts';
import type { OutgoingMessage, Properties } from '../transport/message.ts';
import { backOff, type Connection } from './connection.ts';

/** Celery's `task_publish_retry_policy`. @unit seconds for the intervals */
export interface RetryPolicy {
  /** null: for ever. */
  readonly max_retries?: number | null;
  readonly interval_start?: number;
  readonly interval_step?: number;
  readonly interval_max?: number;
}

export interface PublishOptions {
  readonly exchange: Exchange;
  readonly routingKey: string;
  /** Declared before the first message on each channel, with their exchanges and bindings. */
  readonly declare?: readonly Queue[];
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Properties>;
  readonly body: Uint8Array;
  /** Default false. */
  readonly retry?: boolean;
  readonly retryPolicy?: RetryPolicy;
}

interface Opened {
  readonly channel: Channel;
  /** Objects seen, so that the usual case is one look-up; and what they declare, so that equal ones are declared once, also at the same time. */
  readonly seen: WeakSet<object>;
  readonly declared: Map<string, Promise<unknown>>;
}

export class Producer {
  readonly connection: Connection;
  /**
   * The queue that a message goes straight into is declared only when there is none: others made it, maybe with arguments that are not
   * known here (a quorum queue, priorities), and RabbitMQ refuses to declare it otherwise. Asks the broker once for a message.
   */
  usesQueuesAsTheyAre = false;
  #open: Opened | null = null;
  #opening: Promise<Opened> | null = null;
  #closed = false;
  readonly #unlisten: () => void;

  constructor(connection: Connection) {
    this.connection = connection;
    this.#unlisten = connection.onLost(() => {
      this.#open = null;
    });
  }

  /** Resolves when the broker has the message; with what the broker says of it. */
  publish(o: PublishOptions): Promise<unknown> {
    const open = this.#open;
    const sending = open && this.#ready(open, o) ? open.channel.publish(outgoing(o)) : this.#send(o);
    return o.retry ? sending.catch((error: unknown) => this.#again(o, error)) : sending;
  }

  /** Resolves when it is connected: for who knows that a message will be due at an instant. */
  async ready(): Promise<void> {
    await this.#channel();
  }

  /** What the broker keeps beside messages; undefined: nothing. */
  async notes(): Promise<Notes | undefined> {
    return (await this.#channel()).channel.notes;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unlisten();
    const open = this.#open;
    this.#open = null;
    open?.channel.close().catch(() => {});
  }

  #ready(open: Opened, o: PublishOptions): boolean {
    if (o.exchange.name !== '' && !open.seen.has(o.exchange)) return false;
    return o.declare === undefined || o.declare.every((queue) => queue.noDeclare || open.seen.has(queue));
  }

  async #send(o: PublishOptions): Promise<unknown> {
    const open = await this.#channel();
    if (o.exchange.name !== '' && !open.seen.has(o.exchange)) {
      const key = `exchange ${JSON.stringify(o.exchange)}`;
      if (!o.exchange.noDeclare) await this.#once(open, key, () => open.channel.declareExchange(o.exchange));
      open.seen.add(o.exchange);
    }
    for (const queue of o.declare ?? []) if (!(await this.#isThere(open, o, queue))) await this.#declare(open, queue);
    return open.channel.publish(outgoing(o));
  }

  async #isThere({ channel }: Opened, { exchange, routingKey }: PublishOptions, { name }: Queue): Promise<boolean> {
    if (!this.usesQueuesAsTheyAre || exchange.name !== '' || routingKey !== name) return false;
    return (await channel.queueStatus(name)) !== null;
  }

  async #declare(open: Opened, queue: Queue): Promise<void> {
    if (queue.noDeclare || open.seen.has(queue)) return;
    const { exchange, routingKey, bindings, bindingArguments } = queue;
    const key = JSON.stringify([
      declarationKey(queue),
      queue.arguments,
      exchange,
      routingKey,
      bindingArguments,
      bindings,
    ]);
    await this.#once(open, key, () => open.channel.declareQueue(queue));
    open.seen.add(queue);
  }

  /** Who comes while it is being declared waits for that; one that failed is tried again. */
  async #once(open: Opened, key: string, declare: () => Promise<unknown>): Promise<void> {
    let declared = open.declared.get(key);
    if (!declared) {
      declared = declare();
      open.declared.set(key, declared);
      declared.catch(() => open.declared.delete(key));
    }
    await declared;
  }

  #channel(): Promise<Opened> {
    if (this.#closed) {
      return Promise.reject(new OperationalError(this.connection.url, 'The producer is closed.'));
    }
    if (this.#open) return Promise.resolve(this.#open);
    if (!this.#opening) {
      this.#opening = this.#openChannel().finally(() => {
        this.#opening = null;
      });
    }
    return this.#opening;
  }

  async #openChannel(): Promise<Opened> {
    const transport = await this.connection.tryConnect();
    const channel = await transport.channel();
    const opened = { channel, seen: new WeakSet<object>(), declared: new Map<string, Promise<unknown>>() };
    channel.onClosed(() => {
      if (this.#open === opened) this.#open = null;
    });
    if (this.connection.connected && this.connection.transport === transport) this.#open = opened;
    return opened;
  }

  async #again(o: PublishOptions, thrown: unknown): Promise<unknown> {
    const policy = o.retryPolicy ?? {};
    // Celery 5.6, app/defaults.py task_publish_retry_policy
    const most = policy.max_retries === undefined ? 3 : policy.max_retries;
    const interval = {
      intervalStartMs: (policy.interval_start ?? 0) * 1000,
      intervalStepMs: (policy.interval_step ?? 0.2) * 1000,
      intervalMaxMs: (policy.interval_max ?? 1) * 1000,
    };
    let error = thrown;
    for (let tries = 0; most === null || tries < most; tries++) {
      if (!(error instanceof OperationalError) || this.#closed || this.connection.closed) throw error;
      await this.connection.pause(backOff(interval, tries));
      try {
        return await this.#send(o);
      } catch (next) {
        error = next;
      }
    }
    throw error;
  }
}

function outgoing(o: PublishOptions): OutgoingMessage {
  return {
    exchange: o.exchange.name,
    routingKey: o.routingKey,
    body: o.body,
    contentType: o.contentType,
    contentEncoding: o.contentEncoding,
    headers: o.headers,
    properties: o.properties,
  };
}
