// `amqp://`, `amqps://`, `pyamqp://`, `pyamqps://`: a connection to RabbitMQ, shared with Celery. Options: options.ts. The connection
// itself: client.ts.
// Kombu 5.6: transport/pyamqp.py Transport
import { OperationalError, toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Channel, Transport, TransportContext, TransportFactory, TransportFlags } from '../contract.ts';
import { Asking } from './asking.ts';
import { tellWhenBlocked } from './blocked.ts';
import { AmqpChannel } from './channel.ts';
import { Client } from './client.ts';
import { gone } from './failure.ts';
import { type AmqpOptions, readOptions } from './options.ts';
import { queueTypesOf } from './queue-types.ts';

const FLAGS: TransportFlags = {
  durable: true,
  crossProcess: true,
  priorities: 'higher-first',
  exchangeTypes: ['direct', 'topic', 'fanout', 'headers'],
  exchangeBindings: true,
  expiration: true,
  introspection: false,
  returnsAtLoss: true,
  peeksByTaking: true,
};

export const amqpTransport: TransportFactory = (context) => new AmqpTransport(context);

class AmqpTransport implements Transport {
  readonly flags = FLAGS;
  readonly driver = 'amqp';
  readonly #options: AmqpOptions;
  readonly #log: Logger | undefined;
  readonly #channels = new Set<AmqpChannel>();
  readonly #lost: ((error: Error) => void)[] = [];
  #client: Client | null = null;
  #asking: Asking | null = null;
  #closing: Promise<void> | null = null;

  constructor(context: TransportContext) {
    this.#options = readOptions(context);
    this.#log = context.log;
    if (this.#options.warning) context.log?.warning(this.#options.warning);
  }

  async connect(): Promise<void> {
    const client = await Client.open(this.#options);
    this.#client = client;
    if (this.#closing) return client.close();
    this.#asking = new Asking(() => client.model.createChannel());
    client.onLost((error) => {
      queueTypesOf(this.#options.identity).learnFrom(error);
      for (const listener of this.#lost.splice(0)) listener(error);
    });
    if (this.#log) tellWhenBlocked(client, this.#log);
  }

  async channel(): Promise<Channel> {
    const client = this.#client;
    const { safeUrl, confirms } = this.#options;
    if (!client || !this.#asking) throw new OperationalError(safeUrl, `Not connected to the broker at ${safeUrl}.`);
    if (!client.alive || this.#closing) throw gone(this.#options, client.error);
    try {
      const raw = await (confirms ? client.model.createConfirmChannel() : client.model.createChannel());
      const types = queueTypesOf(this.#options.identity);
      const channel = new AmqpChannel(raw, { client, asking: this.#asking, types });
      this.#channels.add(channel);
      raw.on('close', () => this.#channels.delete(channel));
      return channel;
    } catch (error) {
      throw gone(this.#options, client.error ?? toError(error));
    }
  }

  onLost(listener: (error: Error) => void): void {
    this.#lost.push(listener);
  }

  get blocked(): string | null {
    return this.#client?.blocked ?? null;
  }

  leaving(now = false): void {
    this.#client?.hurry(() => void this.#asking?.ping().catch(() => {}));
    if (now) this.#client?.leave();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const client = this.#client;
    if (!client?.alive) return;
    this.leaving(true);
    await Promise.all([...this.#channels].map((channel) => channel.close()));
    await client.close();
  }
}
