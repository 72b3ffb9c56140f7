// The two connections to a Redis server: one for commands, one that listens (pub/sub, and word of changed lists). Loss and health.
// What is sent when: batch.ts. Nobody reconnects here: messaging/connection.ts does.
// Holds: when either connection breaks both are dead, `onLost` is called once, and every command fails with OperationalError.
import { Redis } from 'ioredis';
import { OperationalError, toError } from '../../errors.ts';
import { createTimer, type Timer } from '../../timer.ts';
import { explanation, hintAtTls, isOtherDatabase, withoutCommand } from './failure.ts';
import { greetingError } from './greeting-error.ts';
import { type HealthWatch, watchHealth } from './health.ts';
import type { RedisBrokerOptions } from './options.ts';
import { SCRIPTS, type ScriptName } from './scripts.ts';

export type Argument = string | number;

const INVALIDATIONS = '__redis__:invalidate';

export interface PubSubHandlers {
  /** A message of a pattern subscription. */
  onMessage(pattern: string, text: string): void;
  /** These keys changed; null: any may have. */
  onKeysChanged(keys: readonly string[] | null): void;
}

export class Link {
  readonly options: RedisBrokerOptions;
  readonly timer: Timer = createTimer({ unref: true });
  readonly #main: Redis;
  #sub: Promise<Redis> | null = null;
  #listener: Redis | null = null;
  #shas: Record<ScriptName, string> | null = null;
  #lost: OperationalError | null = null;
  #closed = false;
  readonly #watches = new Set<HealthWatch>();
  /** Does the server tell of changed lists? */
  #tracksKeys = false;
  #onLost: (error: Error) => void = () => {};

  constructor(options: RedisBrokerOptions) {
    this.options = options;
    this.#main = this.#client();
  }

  get alive(): boolean {
    return this.#lost === null && !this.#closed;
  }

  get tracksKeys(): boolean {
    return this.#tracksKeys;
  }

  onLost(listener: (error: Error) => void): void {
    this.#onLost = listener;
  }

  async connect(): Promise<void> {
    await this.#open(this.#main);
    await this.#loadScripts();
    const role = await this.#main.call('ROLE').catch(() => null); // not every account may ask
    if (Array.isArray(role) && String(role[0]) !== 'master') {
      throw new OperationalError(
        this.options.safeUrl,
        `The Redis server at ${this.options.safeUrl} is a ${String(role[0])}: it can only be read. Name its master ` +
          `(${String(role[1])}:${String(role[2])}), or the sentinels that know it.`,
      );
    }
  }

  /** Several commands in one write; each answer or error in its place. */
  async send(commands: readonly (readonly Argument[])[]): Promise<unknown[]> {
    this.check();
    try {
      if (commands.length === 1) {
        const [name, ...args] = commands[0]!;
        return [await this.#main.call(String(name), ...args).catch((error: unknown) => this.#reply(error))];
      }
      const pipeline = this.#main.pipeline();
      for (const [name, ...args] of commands) pipeline.call(String(name), ...args);
      const replies = (await pipeline.exec()) ?? [];
      return replies.map(([error, value]) => (error ? this.#reply(error) : value));
    } catch (error) {
      throw this.failure(error);
    }
  }

  async command(name: string, ...args: Argument[]): Promise<unknown> {
    const [answer] = await this.send([[name, ...args]]);
    if (answer instanceof Error) throw this.failure(answer);
    return answer;
  }

  /** An EVALSHA for `send`. */
  script(name: ScriptName, keys: readonly string[], args: readonly Argument[]): Argument[] {
    return ['EVALSHA', this.#shas![name], keys.length, ...keys, ...args];
  }

  async run(name: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const [answer] = await this.send([this.script(name, keys, args)]);
    if (!(answer instanceof Error)) return answer;
    if (!isForgotten(answer)) throw this.failure(answer);
    await this.#loadScripts(); // SCRIPT FLUSH, or a server that started anew behind a proxy
    return this.command('EVAL', SCRIPTS[name], keys.length, ...keys, ...args);
  }

  /** Start to listen; the first call opens the second connection. */
  async listen(handlers: PubSubHandlers): Promise<void> {
    this.#sub ??= this.#openSubscriber(handlers);
    await this.#sub;
  }

  async subscribe(pattern: string): Promise<void> {
    try {
      await (await this.#sub)?.psubscribe(pattern);
    } catch (error) {
      throw this.failure(error);
    }
  }

  async unsubscribe(pattern: string): Promise<void> {
    if (this.alive) await (await this.#sub)?.punsubscribe(pattern);
  }

  /** For what the server refused or could not do: an error in our words. */
  failure(cause: unknown): OperationalError {
    if (cause instanceof OperationalError) return cause;
    const error = withoutCommand(toError(cause));
    const { safeUrl } = this.options;
    const text = explanation(error);
    return text
      ? new OperationalError(safeUrl, `The Redis server at ${safeUrl} ${text} (${error.message})`, { cause: error })
      : new OperationalError(safeUrl, undefined, { cause: this.#lost?.cause ?? error });
  }

  check(): void {
    if (this.#lost) throw this.#lost;
    if (this.#closed) throw new OperationalError(this.options.safeUrl, 'The connection to Redis is closed.');
  }

  lose(cause: unknown): void {
    if (!this.alive) return;
    this.#lost = this.failure(cause);
    this.#disconnect();
    this.#onLost(this.#lost);
  }

  /** Lost within seconds when the server does not answer now. */
  hurry(): void {
    for (const watch of this.#watches) watch.hurry();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#disconnect();
  }

  #client(): Redis {
    // Long enough for a goodbye; a line that is silent would hold up everybody who waits for an answer.
    const client = new Redis({ ...this.options.client, disconnectTimeout: 100 });
    hintAtTls(client);
    let last: Error | undefined;
    client.on('error', (error: Error) => {
      last = error;
    });
    client.on('close', () => this.lose(last ?? new Error('the server closed the connection')));
    this.#watches.add(watchHealth(client, this.timer, this.options, (error) => this.lose(error)));
    return client;
  }

  async #open(client: Redis): Promise<void> {
    let cause: Error | undefined;
    client.on('error', (error: Error) => {
      cause ??= error;
    });
    try {
      await client.connect();
      // Instead of the driver's ready check (options.ts): what was sent before it, password and database, has been answered too.
      await client.ping().catch((error: Error) => {
        if (!/^NOPERM/.test(error.message)) throw error;
      });
    } catch (error) {
      const known = cause ?? toError(error);
      const silent = /closed|EPIPE|ECONNRESET/.test(known.message);
      throw this.failure((silent && (await greetingError(this.options.client))) || known);
    }
    if (isOtherDatabase(cause)) throw this.failure(cause);
  }

  async #openSubscriber(handlers: PubSubHandlers): Promise<Redis> {
    const sub = this.#client();
    this.#listener = sub;
    await this.#open(sub);
    const id = await sub.client('ID').catch(() => null);
    sub.on('pmessage', (pattern: string, _channel: string, text: string) => handlers.onMessage(pattern, text));
    sub.on('messageBuffer', (_channel: Buffer, keys: unknown) => {
      handlers.onKeysChanged(Array.isArray(keys) ? keys.map(String) : null);
    });
    try {
      await sub.subscribe(INVALIDATIONS);
      await this.#main.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'NOLOOP');
      this.#tracksKeys = true;
    } catch (error) {
      if (!this.alive) throw this.failure(error);
      this.#tracksKeys = false; // before Redis 6, or not allowed: reader.ts looks again and again
    }
    return sub;
  }

  async #loadScripts(): Promise<void> {
    const names = Object.keys(SCRIPTS) as ScriptName[];
    const shas = await this.send(names.map((name) => ['SCRIPT', 'LOAD', SCRIPTS[name]]));
    const refused = shas.find((one) => one instanceof Error);
    if (refused) throw this.failure(refused);
    this.#shas = Object.fromEntries(names.map((name, i) => [name, String(shas[i])])) as Record<ScriptName, string>;
  }

  /** An error the server answered stays a value; a broken connection is thrown. */
  #reply(error: unknown): Error {
    if (error instanceof Error && error.name === 'ReplyError') return error;
    throw this.failure(error);
  }

  #disconnect(): void {
    this.timer.clear();
    this.#main.disconnect();
    this.#listener?.disconnect();
  }
}

export function isForgotten(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
