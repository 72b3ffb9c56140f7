// Commands and scripts of the result store on its one connection: sent, tried once more where the driver gave up too soon, refused in
// our words. Which commands: redis.ts. The connection: redis-client.ts.
// Holds: after `close` was called nothing is tried again, and what fails says that the store was closed.
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { toError } from '../errors.ts';
import { createTimer } from '../timer.ts';
import { redisError } from './redis-client.ts';
import { CHORD_PART, OPEN_CHORDS, PLAN_CHORD, STORE } from './redis-scripts.ts';
import { storeClosed } from './store-errors.ts';

type ScriptArgument = string | Buffer | number;

const SHAS = new Map(
  [STORE, CHORD_PART, PLAN_CHORD, OPEN_CHORDS].map((lua) => [lua, createHash('sha1').update(lua).digest('hex')]),
);

/** For a server to take what was sent without waiting for its answer. @unit milliseconds */
const GOODBYE_MS = 1000;

export class RedisCommands {
  readonly #client: Redis;
  readonly #url: string;
  /** Why the connection is away; null while it is there. */
  #away: Error | null = null;
  #open = true;

  constructor(client: Redis, url: string) {
    this.#client = client;
    this.#url = url;
    client.on('error', (error: Error) => {
      this.#away = error;
    });
    client.on('ready', () => {
      this.#away = null;
    });
  }

  async run<T>(work: (redis: Redis) => Promise<T>, late = this.#away !== null): Promise<T> {
    try {
      return await work(this.#client);
    } catch (error) {
      // The driver counts its tries to connect, not those of a command: who came in the middle has not had his own.
      if (late && this.#open && toError(error).name === 'MaxRetriesPerRequestError') return this.run(work, false);
      throw this.#open ? redisError(this.#url, error, this.#away) : storeClosed();
    }
  }

  script(lua: string, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args];
    return this.run(async (redis) => {
      try {
        return await redis.callBuffer('EVALSHA', SHAS.get(lua)!, ...rest);
      } catch (error) {
        if (!toError(error).message.startsWith('NOSCRIPT')) throw error;
        return redis.callBuffer('EVAL', lua, ...rest);
      }
    });
  }

  /** @param sent what shall still arrive, unless there is nobody to take it */
  async close(sent: Iterable<Promise<unknown>>): Promise<void> {
    this.#open = false;
    if (this.#away) this.#client.disconnect();
    else this.#client.on('error', () => this.#client.disconnect());
    await Promise.allSettled([...sent]);
    if (this.#client.status === 'ready') {
      // What was sent has been answered; a server that says nothing would be found out half a minute later.
      const waited = createTimer().after(GOODBYE_MS, () => this.#client.disconnect());
      await this.#client.quit().catch(() => {});
      waited.cancel();
    }
    this.#client.disconnect();
  }
}
