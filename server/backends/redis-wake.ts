// Being told of results as they are stored: one connection subscribed to the keys somebody waits for.
// Holds: subscriptions of one turn are one command; `settled` resolves when the server has confirmed all that was wanted by then;
// after a lost connection everything is subscribed again and `onBack` is called, since what was told meanwhile is gone.
import type { Redis } from 'ioredis';

export class RedisWake {
  readonly #connect: () => Redis;
  readonly #onMessage: (key: string, body: Buffer) => void;
  readonly #onBack: () => void;
  readonly #wanted = new Set<string>();
  readonly #subscribed = new Set<string>();
  #client: Redis | null = null;
  #confirmed: Promise<unknown> = Promise.resolve();
  #scheduled = false;
  #closed = false;

  constructor(connect: () => Redis, onMessage: (key: string, body: Buffer) => void, onBack: () => void) {
    this.#connect = connect;
    this.#onMessage = onMessage;
    this.#onBack = onBack;
  }

  add(key: string): void {
    this.#wanted.add(key);
    this.#schedule();
  }

  remove(key: string): void {
    this.#wanted.delete(key);
    this.#schedule();
  }

  /** From here on nothing stored under a wanted key is missed. */
  async settled(): Promise<void> {
    this.#flush();
    await this.#confirmed;
  }

  close(): void {
    this.#closed = true;
    this.#client?.disconnect();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#closed) return;
    const added = [...this.#wanted].filter((key) => !this.#subscribed.has(key));
    const removed = [...this.#subscribed].filter((key) => !this.#wanted.has(key));
    if (added.length === 0 && removed.length === 0) return;
    const client = this.#opened();
    for (const key of added) this.#subscribed.add(key);
    for (const key of removed) this.#subscribed.delete(key);
    // An unsubscribe that fails leaves messages that nobody listens to.
    for (const keys of slices(removed)) client.unsubscribe(...keys).catch(() => {});
    const asked = slices(added).map((keys) =>
      client.subscribe(...keys).catch((error) => {
        for (const key of keys) this.#subscribed.delete(key);
        throw error;
      }),
    );
    if (asked.length === 0) return;
    this.#confirmed = Promise.all(asked);
    this.#confirmed.catch(() => {});
  }

  #opened(): Redis {
    if (this.#client) return this.#client;
    const client = this.#connect();
    this.#client = client;
    client.on('messageBuffer', (channel: Buffer, body: Buffer) => this.#onMessage(channel.toString(), body));
    let first = true;
    client.on('ready', () => {
      if (!first) this.#again(client);
      first = false;
    });
    return client;
  }

  #again(client: Redis): void {
    const keys = [...this.#wanted];
    this.#subscribed.clear();
    for (const key of keys) this.#subscribed.add(key);
    const asked = slices(keys).map((some) => client.subscribe(...some));
    this.#confirmed = Promise.all(asked);
    // Lost once more: the next 'ready' tries again.
    this.#confirmed.then(this.#onBack, () => {});
  }
}

const SLICE = 1000;

function slices(keys: readonly string[]): string[][] {
  const out: string[][] = [];
  for (let i = 0; i < keys.length; i += SLICE) out.push(keys.slice(i, i + SLICE));
  return out;
}
