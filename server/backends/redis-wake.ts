// Being told of results as they are stored: one connection subscribed to the keys somebody waits for.
// Holds: subscriptions of one turn are one command; `settled` resolves when the server has confirmed all that was wanted by then;
// after a lost connection everything is subscribed again and `onBack` is called, since what was told meanwhile is gone.
import type { Redis } from 'ioredis';
import { createTimer, type TimerHandle } from '../timer.ts';

/** A key nobody waits for any more stays subscribed for a while: unsubscribed one by one, each result would cost two more messages. */
const LINGER_MS = 500;

export class RedisWake {
  readonly #connect: () => Redis;
  readonly #onMessage: (key: string, body: Buffer) => void;
  readonly #onBack: () => void;
  readonly #timer = createTimer({ unref: true });
  readonly #wanted = new Set<string>();
  readonly #subscribed = new Set<string>();
  /** Wanted, and not subscribed yet. */
  #added = new Set<string>();
  #tidying: TimerHandle | null = null;
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
    if (this.#subscribed.has(key)) return;
    this.#added.add(key);
    this.#schedule();
  }

  remove(key: string): void {
    this.#wanted.delete(key);
    this.#added.delete(key);
    if (!this.#subscribed.has(key)) return;
    this.#tidying ??= this.#timer.after(LINGER_MS, () => this.#tidy());
  }

  /** From here on nothing stored under a wanted key is missed. */
  async settled(): Promise<void> {
    this.#flush();
    await this.#confirmed;
  }

  close(): void {
    this.#closed = true;
    this.#timer.clear();
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
    if (this.#closed || this.#added.size === 0) return;
    const added = [...this.#added];
    this.#added = new Set();
    const client = this.#opened();
    for (const key of added) this.#subscribed.add(key);
    const asked = slices(added).map((keys) =>
      client.subscribe(...keys).catch((error) => {
        for (const key of keys) {
          this.#subscribed.delete(key);
          if (this.#wanted.has(key)) this.#added.add(key);
        }
        throw error;
      }),
    );
    this.#confirmed = Promise.all(asked);
    this.#confirmed.catch(() => {});
  }

  #tidy(): void {
    this.#tidying = null;
    const unwanted = [...this.#subscribed].filter((key) => !this.#wanted.has(key));
    for (const key of unwanted) this.#subscribed.delete(key);
    // One that fails leaves messages that nobody listens to.
    for (const keys of slices(unwanted)) this.#client?.unsubscribe(...keys).catch(() => {});
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
    this.#added.clear();
    this.#subscribed.clear();
    for (const key of keys) this.#subscribed.add(key);
    const asked = slices(keys).map((some) => client.subscribe(...some));
    this.#confirmed = Promise.all(asked);
    // Lost once more: the next 'ready' tries again.
    this.#confirmed.then(this.#onBack, () => {});
  }
}

const CHANNELS_PER_COMMAND = 1000;

function slices(keys: readonly string[]): string[][] {
  const out: string[][] = [];
  for (let i = 0; i < keys.length; i += CHANNELS_PER_COMMAND) out.push(keys.slice(i, i + CHANNELS_PER_COMMAND));
  return out;
}
