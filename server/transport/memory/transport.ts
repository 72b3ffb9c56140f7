// `memory://name`: a connection to the broker of that name in this process, for tests and one-process apps.
// The broker outlives its connections, and dies with the process. A durable one: sqlite/.
// Kombu: transport/memory.py
import { OperationalError } from '../../errors.ts';
import type { Channel, Transport, TransportContext, TransportFactory, TransportFlags } from '../contract.ts';
import { parseUrl } from '../url.ts';
import { messageSizeLimit } from '../virtual/declaration.ts';
import { type MemoryBroker, memoryBroker } from './broker.ts';
import { MemoryChannel, type MemoryChannelOptions } from './channel.ts';

const FLAGS: TransportFlags = {
  durable: false,
  crossProcess: false,
  priorities: 'higher-first',
  exchangeTypes: ['direct', 'topic', 'fanout', 'headers'],
  exchangeBindings: true,
  expiration: true,
  introspection: true,
};

export const memoryTransport: TransportFactory = (context) => new MemoryTransport(context);

class MemoryTransport implements Transport {
  readonly flags = FLAGS;
  readonly driver = 'memory';
  readonly #broker: MemoryBroker;
  readonly #options: MemoryChannelOptions;
  #open = true;

  constructor(context: TransportContext) {
    const { host, path } = parseUrl(context.url);
    this.#broker = memoryBroker(path ? `${host}/${path}` : host);
    this.#options = {
      limit: messageSizeLimit(context.options),
      closesOnError: context.options.close_channel_on_error === true,
    };
  }

  async connect(): Promise<void> {}

  async channel(): Promise<Channel> {
    if (!this.#open) throw new OperationalError('memory://', 'The connection to the memory broker is closed.');
    return new MemoryChannel(this.#broker, this, this.#options);
  }

  /** Memory does not break. */
  onLost(): void {}

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    for (const channel of [...this.#broker.channels]) if (channel.owner === this) await channel.close();
    for (const queue of [...this.#broker.queues.values()]) if (queue.owner === this) this.#broker.deleteQueue(queue);
  }
}
