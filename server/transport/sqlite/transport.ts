// `sqlite:///file`: a connection to a durable broker in one SQLite file, shared by every process of the machine.
// Transport options: max_message_size (bytes), synchronous ('NORMAL' survives the death of any process, 'FULL' also the loss of
// power), busy_timeout (seconds to wait for another process's write).
// Celery has none like it; kombu/transport/sqlalchemy is the nearest.
import { resolve } from 'node:path';
import { ImproperlyConfigured, OperationalError } from '../../errors.ts';
import type { Channel, Transport, TransportContext, TransportFactory, TransportFlags } from '../contract.ts';
import { parseUrl, safeUrl } from '../url.ts';
import { messageSizeLimit } from '../virtual/declaration.ts';
import { enterBroker, type SqliteBroker } from './broker.ts';
import { SqliteChannel } from './channel.ts';
import type { BrokerFileOptions } from './schema.ts';
import { EXCHANGE_TYPES } from './topology.ts';

const FLAGS: TransportFlags = {
  durable: true,
  crossProcess: true,
  priorities: 'higher-first',
  exchangeTypes: EXCHANGE_TYPES,
  expiration: true,
  introspection: true,
};

export const sqliteTransport: TransportFactory = (context) => new SqliteTransport(context);

/** The file a URL names. */
function brokerPath(url: string): string {
  const { host, path } = parseUrl(url);
  if (host !== '' || path === '') {
    throw new ImproperlyConfigured(
      `The broker URL ${safeUrl(url)} names no file: write sqlite:///relative.db or sqlite:////absolute/path.db.`,
    );
  }
  return resolve(path);
}

class SqliteTransport implements Transport {
  readonly flags = FLAGS;
  readonly driver = 'sqlite';
  readonly #url: string;
  readonly #path: string;
  readonly #options: BrokerFileOptions;
  readonly #limit: number;
  readonly #channels = new Set<SqliteChannel>();
  /** Exclusive queues of this connection. */
  readonly #owned = new Set<number>();
  #broker: SqliteBroker | null = null;
  #closed = false;
  #unlisten: () => void = () => {};
  #onLost: (error: Error) => void = () => {};

  constructor(context: TransportContext) {
    this.#url = safeUrl(context.url);
    this.#path = brokerPath(context.url);
    this.#limit = messageSizeLimit(context.options);
    this.#options = fileOptions(context.options);
  }

  async connect(): Promise<void> {
    const broker = await enterBroker(this.#path, this.#url, this.#options);
    if (this.#closed) {
      broker.leave();
      return;
    }
    this.#broker = broker;
    this.#unlisten = broker.onLost((error) => this.#onLost(error));
  }

  async channel(): Promise<Channel> {
    const broker = this.#broker;
    if (!broker?.isOpen) throw new OperationalError(this.#url, `Not connected to the broker at ${this.#url}.`);
    const channel = new SqliteChannel({
      broker,
      url: this.#url,
      sizeLimit: this.#limit,
      owns: (queueId) => this.#owned.has(queueId),
      own: (queueId) => this.#owned.add(queueId),
    });
    this.#channels.add(channel);
    return channel;
  }

  onLost(listener: (error: Error) => void): void {
    this.#onLost = listener;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unlisten();
    const broker = this.#broker;
    if (!broker) return;
    try {
      for (const channel of this.#channels) await channel.close();
      if (broker.isOpen && this.#owned.size > 0) broker.now(() => this.#deleteOwned(broker));
    } finally {
      broker.leave();
    }
  }

  #deleteOwned(broker: SqliteBroker): void {
    for (const id of this.#owned) {
      const queue = broker.topology.byId.get(id);
      if (queue) broker.deleteQueue(queue);
    }
  }
}

function fileOptions(options: Readonly<Record<string, unknown>>): BrokerFileOptions {
  const { busy_timeout: busy = 5, synchronous = 'NORMAL', polling_interval: polling = null } = options;
  if (typeof busy !== 'number' || !(busy >= 0)) {
    throw new ImproperlyConfigured(`The transport option busy_timeout is a number of seconds, not ${String(busy)}.`);
  }
  if (synchronous !== 'OFF' && synchronous !== 'NORMAL' && synchronous !== 'FULL') {
    throw new ImproperlyConfigured(
      `The transport option synchronous is OFF, NORMAL or FULL, not ${String(synchronous)}.`,
    );
  }
  if (polling !== null && (typeof polling !== 'number' || !(polling > 0))) {
    throw new ImproperlyConfigured(
      `The transport option polling_interval is a number of seconds above 0, not ${String(polling)}.`,
    );
  }
  return { busyTimeoutMs: busy * 1000, synchronous, pollingMs: polling === null ? null : polling * 1000 };
}
