// One connection to a broker that may have several addresses: connect, back off, fail over, hand out channels, tell who listens.
// Nobody else reconnects a transport. Sending with retries: producer.ts. Which transport: transport/registry.ts.
//
// Modes: idle (not connected) -> connecting (`ensure`) -> connected -> idle again when the broker is lost -> ... -> closed (for good).
// A loss tells the `onLost` listeners once; the next `ensure` connects anew, the lost address first, then the next by `failover`.
// Holds: callers of `ensure` who come while it connects share that attempt; channels of a lost transport are never handed out.
// Kombu: connection.py
import { ImproperlyConfigured, OperationalError, toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Timer } from '../timer.ts';
import type { Channel, Transport } from '../transport/contract.ts';
import { createTransport } from '../transport/registry.ts';
import { safeUrl, splitFailover } from '../transport/url.ts';

export interface ConnectionRetry {
  /** false: one round over the addresses, then OperationalError. */
  readonly enabled: boolean;
  /** Rounds after the first; null or 0 = for ever. */
  readonly maxRetries: number | null;
  readonly intervalStartMs: number;
  readonly intervalStepMs: number;
  readonly intervalMaxMs: number;
}

/** Which address is tried after one that failed: the next, any, or what the function's iterator says (its first is the first). */
export type FailoverStrategy = 'round-robin' | 'shuffle' | ((urls: readonly string[]) => Iterable<string>);

export interface ConnectionOptions {
  readonly urls: readonly string[];
  readonly transportOptions: Readonly<Record<string, unknown>>;
  /** `broker_use_ssl`. Default false. */
  readonly ssl?: boolean | Readonly<Record<string, unknown>>;
  /** `broker_failover_strategy`. Default round-robin. */
  readonly failover?: FailoverStrategy | null;
  readonly connectTimeoutMs: number;
  /** `broker_heartbeat`. Default 0, none. @unit milliseconds */
  readonly heartbeatMs?: number;
  /** `broker_login_method`. Default: the broker's. */
  readonly loginMethod?: string;
  /** Before an address is tried: what has to be loaded for what will be sent and read; null = nothing. */
  readonly prepare?: () => Promise<void> | null;
  readonly retry: ConnectionRetry;
  readonly timer: Timer;
  readonly log: Logger;
}

export class Connection {
  readonly options: ConnectionOptions;
  readonly #urls: readonly string[];
  readonly #cycle: Iterator<string>;
  /** The address now used or tried. */
  #current: string;
  #transport: Transport | null = null;
  #ensuring: Promise<Transport> | null = null;
  #trying: Promise<Transport> | null = null;
  #default: Promise<Channel> | null = null;
  #closed = false;
  /** After `ending`: why the last try failed, once it has. */
  #ending: { refusal: unknown } | null = null;
  readonly #sleepers = new Set<() => void>();
  readonly #listeners = new Set<(error: Error) => void>();

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.#urls = splitFailover(options.urls);
    if (this.#urls.length === 0) throw new ImproperlyConfigured('No broker URL is given (broker_url).');
    this.#cycle = failoverCycle(this.#urls, options.failover ?? 'round-robin');
    this.#cycle.next();
    this.#current = this.#urls[0]!;
  }

  /** The address now used, without secrets. */
  get url(): string {
    return safeUrl(this.#current);
  }

  get connected(): boolean {
    return this.#transport !== null;
  }

  /** Why the broker takes no messages for now; null: it takes them, as far as it has said. */
  get blocked(): string | null {
    return this.#transport?.blocked ?? null;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get transport(): Transport {
    if (!this.#transport) throw new OperationalError(this.url, `Not connected to the broker at ${this.url}.`);
    return this.#transport;
  }

  /** Connect or reconnect, with back-off and over all addresses. */
  ensure(): Promise<Transport> {
    if (this.#transport) return Promise.resolve(this.#transport);
    if (!this.#ensuring) {
      this.#ensuring = this.#ensure().finally(() => {
        this.#ensuring = null;
      });
    }
    return this.#ensuring;
  }

  /** One round over all addresses, without back-off; shared with a concurrent `ensure`. */
  tryConnect(): Promise<Transport> {
    if (this.#transport) return Promise.resolve(this.#transport);
    if (!this.#trying) {
      this.#trying = this.#tryAll().finally(() => {
        this.#trying = null;
      });
    }
    return this.#trying;
  }

  async channel(): Promise<Channel> {
    return (await this.ensure()).channel();
  }

  /** One channel shared by everyone who only publishes or asks now and then; a new one after a reconnect, or when the broker closed it. */
  defaultChannel(): Promise<Channel> {
    if (!this.#default) {
      const opening = this.channel();
      this.#default = opening;
      const forget = () => {
        if (this.#default === opening) this.#default = null;
      };
      opening.then((channel) => channel.onClosed(forget), forget);
    }
    return this.#default;
  }

  onLost(fn: (error: Error) => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /** Wait as long, or until the connection is closed. */
  pause(delayMs: number): Promise<void> {
    if (delayMs <= 0 || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        handle.cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const handle = this.options.timer.after(delayMs, wake);
      this.#sleepers.add(wake);
    });
  }

  /** To be closed soon: a broker that does not answer is given up within seconds. */
  leaving(): void {
    this.#transport?.leaving?.();
  }

  /** Only last words are left to say: a broker that is away is tried once more, for all who still ask, and not waited for. */
  ending(): void {
    this.#ending ??= { refusal: null };
    this.#transport?.leaving?.(true);
    for (const wake of this.#sleepers) wake();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const transport = this.#transport;
    this.#transport = null;
    this.#default = null;
    for (const wake of this.#sleepers) wake();
    transport?.leaving?.();
    await transport?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #ensure(): Promise<Transport> {
    const { retry, log } = this.options;
    for (let tries = 1; ; tries++) {
      if (this.#ending?.refusal) throw this.#ending.refusal;
      try {
        return await this.tryConnect();
      } catch (error) {
        if (this.#ending) {
          this.#ending.refusal = error;
          throw error;
        }
        const last = retry.maxRetries ? tries > retry.maxRetries : false;
        if (!(error instanceof OperationalError) || !retry.enabled || last || this.#closed) throw error;
        const delayMs = backOff(retry, tries - 1);
        const count = retry.maxRetries ? ` (${tries}/${retry.maxRetries})` : '';
        // Celery 5.6, worker/consumer/consumer.py CONNECTION_ERROR: the words its users look for in logs
        log.error(`Cannot connect to ${this.url}: ${error.message}`);
        log.error(`Trying again in ${(delayMs / 1000).toFixed(2)} seconds...${count}`);
        await this.pause(delayMs);
      }
    }
  }

  async #tryAll(): Promise<Transport> {
    let first: Error | undefined;
    for (let i = 0; i < this.#urls.length; i++) {
      if (this.#closed) break;
      try {
        return await this.#connect(this.#current);
      } catch (error) {
        if (!(error instanceof OperationalError)) throw error;
        first ??= error;
        this.#current = this.#next();
      }
    }
    throw first ?? new OperationalError(this.url, `The connection to ${this.url} is closed.`);
  }

  #next(): string {
    const { value, done } = this.#cycle.next();
    if (!done && typeof value === 'string' && value !== '') return value;
    throw new ImproperlyConfigured('The function broker_failover_strategy has to give addresses without end.');
  }

  async #connect(url: string): Promise<Transport> {
    const { transportOptions, ssl, connectTimeoutMs, heartbeatMs, loginMethod, log } = this.options;
    await this.options.prepare?.();
    const context = { url, options: transportOptions, ssl, connectTimeoutMs, heartbeatMs, loginMethod, log };
    const transport = await createTransport(context);
    let lost: Error | undefined;
    transport.onLost((error) => {
      lost = error;
      this.#lose(transport, error);
    });
    try {
      await this.#inTime(transport.connect(), connectTimeoutMs, url);
    } catch (error) {
      await transport.close().catch(() => {});
      throw error instanceof OperationalError || error instanceof ImproperlyConfigured
        ? error
        : new OperationalError(safeUrl(url), undefined, { cause: toError(error) });
    }
    if (this.#closed) {
      await transport.close();
      throw new OperationalError(safeUrl(url), `The connection to ${safeUrl(url)} is closed.`);
    }
    if (lost) throw new OperationalError(safeUrl(url), undefined, { cause: lost });
    this.#transport = transport;
    if (this.#ending) transport.leaving?.(true);
    return transport;
  }

  async #inTime(connecting: Promise<void>, timeoutMs: number, url: string): Promise<void> {
    if (!(timeoutMs > 0)) return connecting;
    const { timer } = this.options;
    return new Promise((resolve, reject) => {
      const handle = timer.after(timeoutMs, () => {
        const text = `No answer from the broker at ${safeUrl(url)} within ${timeoutMs / 1000} s. Is it running, and may this host connect?`;
        reject(new OperationalError(safeUrl(url), text));
      });
      connecting.then(resolve, reject).finally(() => handle.cancel());
    });
  }

  #lose(transport: Transport, error: Error): void {
    if (this.#transport !== transport) return;
    this.#transport = null;
    this.#default = null;
    transport.close().catch(() => {});
    for (const listener of [...this.#listeners]) listener(error);
  }
}

// Kombu: utils/functional.py shufflecycle; itertools.cycle
function* roundRobin(urls: readonly string[]): Generator<string> {
  for (let i = 0; ; i++) yield urls[i % urls.length]!;
}

function* shuffled(urls: readonly string[]): Generator<string> {
  for (;;) yield urls[Math.floor(Math.random() * urls.length)]!;
}

function failoverCycle(urls: readonly string[], strategy: FailoverStrategy): Iterator<string> {
  if (typeof strategy === 'function') return strategy(urls)[Symbol.iterator]();
  return strategy === 'shuffle' ? shuffled(urls) : roundRobin(urls);
}

/** How long to wait before try n+1. @unit milliseconds */
export function backOff(
  policy: { intervalStartMs: number; intervalStepMs: number; intervalMaxMs: number },
  tries: number,
): number {
  return Math.min(policy.intervalStartMs + policy.intervalStepMs * tries, policy.intervalMaxMs);
}
