// Several memcached as one store of keys: each command goes to the server its key is on.
// Holds: a key that memcached does not take is refused by name; a value that is too large is an error, never dropped; a server that is
// away is said by its name, and holds up nothing that is on another one.
import { BackendError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { Outage } from '../outage.ts';
import { MemcachedConnection, type MemcachedValue } from './connection.ts';
import { type MemcachedClient, shardOf } from './sharding.ts';

/** Of pylibmc and python-memcached: a text. */
const TEXT = 16;
/** ... and an integer. */
const INTEGER = 2;
const MAX_KEY = 250;
/** More would be taken for a point in time. @unit seconds */
const LONGEST = 30 * 86_400;

export type Stored = 'stored' | 'other';

interface Server {
  readonly connection: MemcachedConnection;
  readonly outage: Outage;
}

export interface MemcachedOptions {
  readonly servers: readonly string[];
  readonly client: MemcachedClient;
  /** Seconds until what is stored goes; 0: never. */
  readonly ttl: number;
  readonly now: () => number;
  readonly log: Logger | undefined;
}

export class Memcached {
  readonly #servers: readonly Server[];
  readonly #shard: (key: string) => number;
  readonly #exptime: () => number;

  constructor({ servers, client, ttl, now, log }: MemcachedOptions) {
    this.#servers = servers.map((server) => {
      const connection = new MemcachedConnection(server);
      return { connection, outage: new Outage(connection.place, log) };
    });
    this.#shard = shardOf(client, servers);
    this.#exptime = () => (ttl > LONGEST ? Math.floor(now() / 1000) + ttl : ttl);
  }

  /** On which of them a key is, by its place in the list. */
  serverOf(key: string): number {
    return this.#shard(key);
  }

  async get(key: string): Promise<Buffer | null> {
    return (await this.getMany([key])).get(key)?.body ?? null;
  }

  /** @param verb `gets` also tells what `swap` needs */
  async getMany(keys: readonly string[], verb: 'get' | 'gets' = 'get'): Promise<Map<string, MemcachedValue>> {
    const byServer = new Map<number, string[]>();
    for (const key of keys) {
      checkKey(key);
      const server = this.#shard(key);
      const group = byServer.get(server);
      if (group) group.push(key);
      else byServer.set(server, [key]);
    }
    const all = await Promise.all(
      [...byServer].map(([server, group]) =>
        this.#use(this.#servers[server]!, (connection) => connection.get(verb, group)),
      ),
    );
    return new Map(all.flatMap((values) => [...values]));
  }

  async set(key: string, body: Uint8Array): Promise<void> {
    await this.#store('set', key, body, TEXT);
  }

  /** Unless it is there. */
  add(key: string, body: Uint8Array): Promise<Stored> {
    return this.#store('add', key, body, TEXT);
  }

  addNumber(key: string, value: number): Promise<Stored> {
    return this.#store('add', key, Buffer.from(String(value)), INTEGER);
  }

  /** Behind what is there; 'other': nothing is. */
  append(key: string, body: Uint8Array): Promise<Stored> {
    return this.#store('append', key, body, TEXT);
  }

  /** Unless it was changed or deleted since it was read. */
  swap(key: string, body: Uint8Array, unique: string): Promise<Stored> {
    return this.#store('cas', key, body, TEXT, ` ${unique}`);
  }

  /** null: there is no such number. */
  async increment(key: string): Promise<number | null> {
    const line = await this.#line(key, `incr ${key} 1`);
    return line === 'NOT_FOUND' ? null : Number(line);
  }

  async delete(...keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#line(key, `delete ${key}`)));
  }

  /** Read, change, write, until nobody came between. @param change null: leave it */
  async update<T>(key: string, change: (before: Buffer | null) => { body: Uint8Array | null; value: T }): Promise<T> {
    for (;;) {
      const before = (await this.getMany([key], 'gets')).get(key);
      const { body, value } = change(before?.body ?? null);
      if (body === null) return value;
      const written = await (before ? this.swap(key, body, before.unique!) : this.add(key, body));
      if (written === 'stored') return value;
    }
  }

  close(): void {
    for (const { connection, outage } of this.#servers) {
      outage.close();
      connection.close();
    }
  }

  async #store(verb: string, key: string, body: Uint8Array, flags: number, more = ''): Promise<Stored> {
    try {
      const line = await this.#line(key, `${verb} ${key} ${flags} ${this.#exptime()} ${body.length}${more}`, body);
      return line === 'STORED' ? 'stored' : 'other';
    } catch (error) {
      if (!(error instanceof BackendError) || !/too large/.test(error.message)) throw error;
      throw new BackendError(
        `${body.length} bytes are too large for the memcached ${this.#servers[this.#shard(key)]!.connection.place}: it takes 1 MB by default. ` +
          'Start it with a larger -I, or return less and keep the rest elsewhere',
        { cause: error },
      );
    }
  }

  async #line(key: string, command: string, data?: Uint8Array): Promise<string> {
    checkKey(key);
    return this.#use(this.#servers[this.#shard(key)]!, (connection) => connection.line(command, data));
  }

  async #use<T>(server: Server, work: (connection: MemcachedConnection) => Promise<T>): Promise<T> {
    try {
      const value = await work(server.connection);
      server.outage.ended();
      return value;
    } catch (error) {
      if (error instanceof BackendError && error.temporary) server.outage.began(error);
      throw error;
    }
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what memcached does not take
const NO_KEY = /[\x00-\x20\x7f]|\p{Surrogate}/u;

/** Does memcached take it? */
export function isKey(key: string): boolean {
  return !NO_KEY.test(key) && Buffer.byteLength(key) <= MAX_KEY;
}

function checkKey(key: string): void {
  if (isKey(key)) return;
  if (NO_KEY.test(key)) {
    throw new BackendError(
      `A key of memcached has no blanks, no control characters and no half of a surrogate pair: ${JSON.stringify(key.slice(0, 60))}`,
    );
  }
  throw new BackendError(
    `A key of ${Buffer.byteLength(key)} bytes is too long for memcached, which takes ${MAX_KEY}: ${key.slice(0, 60)}...`,
  );
}
