// `redis://`, `rediss://`, `redis+socket://`, `sentinel://`: a connection to a broker of Celery's own kind, shared with Python.
// Options: options.ts. What the server holds and under which names: keys.ts, envelope.ts.
// Kombu 5.6: transport/redis.py Transport, SentinelTransport
import { OperationalError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Channel, Transport, TransportContext, TransportFactory, TransportFlags } from '../contract.ts';
import { Broker } from './broker.ts';
import { EXCHANGE_TYPES } from './broker-state.ts';
import { RedisChannel } from './channel.ts';
import { evictionWarning } from './eviction.ts';
import { readOptions } from './options.ts';

const FLAGS: TransportFlags = {
  durable: true,
  crossProcess: true,
  priorities: 'lower-first',
  exchangeTypes: EXCHANGE_TYPES,
  expiration: false,
  introspection: false,
  implicitQueues: true,
  fanoutByKey: true,
};

export const redisTransport: TransportFactory = (context) => new RedisTransport(context);

/** Every reconnect makes a transport. */
const warned = new WeakMap<Logger, Set<string>>();

function warnOnce(warning: string | null, log: Logger | undefined): void {
  if (warning === null || !log) return;
  const before = warned.get(log) ?? new Set();
  if (!before.has(warning)) log.warning(warning);
  warned.set(log, before.add(warning));
}

class RedisTransport implements Transport {
  readonly flags = FLAGS;
  readonly driver = 'redis';
  readonly #broker: Broker;
  readonly #log: Logger | undefined;
  readonly #channels = new Set<RedisChannel>();
  #connected = false;
  #closed = false;

  constructor(context: TransportContext) {
    const options = readOptions(context);
    this.#log = context.log;
    warnOnce(options.warning, context.log);
    this.#broker = new Broker(options);
  }

  async connect(): Promise<void> {
    await this.#broker.connect();
    // Lost at its last word, of which an error is no matter otherwise: nobody would ever be told.
    this.#broker.link.check();
    this.#connected = true;
    void this.#warnOfEviction();
  }

  /** Not every account may ask, and nobody waits for the answer. */
  async #warnOfEviction(): Promise<void> {
    const { link, options } = this.#broker;
    const info = await link.command('INFO', 'memory').catch(() => '');
    if (!this.#closed) warnOnce(evictionWarning(String(info), options.safeUrl), this.#log);
  }

  async channel(): Promise<Channel> {
    if (!this.#connected) {
      const { safeUrl } = this.#broker.options;
      throw new OperationalError(safeUrl, `Not connected to the broker at ${safeUrl}.`);
    }
    this.#broker.link.check();
    const channel = new RedisChannel(this.#broker, this);
    this.#channels.add(channel);
    return channel;
  }

  onLost(listener: (error: Error) => void): void {
    this.#broker.link.onLost((error) => {
      if (this.#connected) listener(error);
    });
  }

  leaving(): void {
    if (this.#broker.link.alive) this.#broker.link.hurry();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { state, link, batch } = this.#broker;
    try {
      for (const channel of this.#channels) await channel.close();
      const own = [...state.queues.values()].filter((one) => one.declaration.exclusive && one.owner === this);
      for (const { declaration } of own) {
        if (link.alive) await this.#broker.deleteQueue(declaration.name);
        else state.queues.delete(declaration.name);
      }
      if (link.alive) await batch.flush();
    } finally {
      this.#broker.leave();
    }
  }
}
