// The dashboard's side of a cluster's wires: a connection for listening, one for telling and asking, the result store.
// Not here: what is done with them. Reconnecting: messaging/connection.ts, events/receiver.ts.
// Holds: nothing here waits for the broker to be reachable; whoever uses a connection does.
import type { Backend, StoreSettings } from '../../backends/contract.ts';
import { createBackend } from '../../backends/registry.ts';
import { Control } from '../../control/control.ts';
import { SerializationError, toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { Connection } from '../../messaging/connection.ts';
import { LamportClock } from '../../messaging/lamport-clock.ts';
import { Mailbox } from '../../messaging/mailbox.ts';
import { acceptSet, decodeExact, encode } from '../../serialization/registry.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { Resolved } from '../options.ts';

/** A result store that takes so long to say that it has no record is away. @unit milliseconds */
const BACKEND_SILENT_MS = 5000;
/** An id no task has. */
const CHECK_ID = '00000000-0000-0000-0000-000000000000';

export class ClusterLink {
  readonly options: Resolved;
  readonly timer: Timer;
  readonly log: Logger;
  readonly clock = new LamportClock();
  /** Events only, so that a flood of them never delays a command. */
  readonly listening: Connection;
  readonly asking: Connection;
  readonly control: Control;
  backendFailure: string | null = null;
  backendLastOk: number | null = null;
  backendLatencyMs: number | null = null;
  #backend: Promise<Backend> | null = null;
  #mailbox: Mailbox | null = null;
  #checking = false;

  constructor(options: Resolved, timer: Timer, log: Logger) {
    this.options = options;
    this.timer = timer;
    this.log = log;
    this.listening = this.#connect();
    this.asking = this.#connect();
    this.control = new Control({ mailbox: () => this.mailbox(), defaultTimeout: options.inspect_timeout / 1000 });
  }

  mailbox(): Mailbox {
    this.#mailbox ??= new Mailbox({
      namespace: this.setting('control_exchange', 'celery'),
      connection: this.asking,
      clock: this.clock,
      timer: this.timer,
      queueTtlMs: this.setting('control_queue_ttl', 300) * 1000,
      queueExpiresMs: this.setting('control_queue_expires', 10) * 1000,
      durable: this.setting('control_queue_durable', false),
      exclusive: this.setting('control_queue_exclusive', false),
    });
    return this.#mailbox;
  }

  /** null: none is configured. */
  backend(): Promise<Backend> | null {
    const url = this.options.result_backend;
    if (url === null || url === '') return null;
    if (this.#backend === null) {
      const accept = acceptSet(this.setting('result_accept_content', ['json']));
      const opening = createBackend({
        url,
        options: this.setting('result_backend_transport_options', {}),
        settings: this.options.settings as StoreSettings,
        log: this.log.child('results'),
        expiresMs: 86_400_000,
        encode: (value) => encode(value, 'json'),
        decode: (body, contentType, contentEncoding) => decodeExact(body, contentType, contentEncoding, accept),
        now: () => this.timer.now(),
      });
      this.#backend = opening;
      opening.catch(() => {
        this.#backend = null;
      });
    }
    return this.#backend;
  }

  /** Ask the result store something, and remember how that went. null: none is configured. */
  async askBackend<T>(question: (backend: Backend) => Promise<T>): Promise<{ value: T } | null> {
    const opening = this.backend();
    if (opening === null) return null;
    const begun = this.timer.monotonic();
    try {
      const value = await question(await opening);
      this.backendFailure = null;
      this.backendLastOk = this.timer.now() / 1000;
      this.backendLatencyMs = this.timer.monotonic() - begun;
      return { value };
    } catch (error) {
      // A record that cannot be read is no failure of the store: it has answered.
      const isUnread = error instanceof SerializationError;
      this.backendFailure = isUnread ? null : toError(error).message;
      throw error;
    }
  }

  /** Is the result store there? Asked now and then, for nobody may ask it anything for hours. Never rejects. */
  async checkBackend(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    let silent: TimerHandle | undefined;
    const silence = new Promise<void>((resolve) => {
      silent = this.timer.after(BACKEND_SILENT_MS, () => {
        this.backendFailure = `It has not answered for ${BACKEND_SILENT_MS / 1000} s`;
        resolve();
      });
    });
    // What fails is kept as backendFailure.
    const asked = this.askBackend((backend) => backend.getMany([CHECK_ID])).catch(() => null);
    await Promise.race([asked, silence]);
    silent?.cancel();
    this.#checking = false;
  }

  setting<T>(name: string, otherwise: T): T {
    return (this.options.settings[name] as T | undefined | null) ?? otherwise;
  }

  async close(): Promise<void> {
    // A mailbox that waits for an unreachable broker is only freed by the end of its connection.
    const mailbox = this.asking.connected ? this.#mailbox : null;
    await mailbox?.close().catch(() => {});
    await this.listening.close().catch(() => {});
    await this.asking.close().catch(() => {});
    await (await this.#backend?.catch(() => null))?.close().catch(() => {});
  }

  #connect(): Connection {
    return new Connection({
      urls: this.options.broker,
      transportOptions: {
        event_exchange: this.setting('event_exchange', 'celeryev'),
        // What is shown is to be of now: a line that falls silent is noticed within 15 s, not within 50 s as in a worker.
        health_check_interval: 5,
        socket_timeout: 10,
        ...this.setting('broker_transport_options', {}),
      },
      ssl: this.setting('broker_use_ssl', false),
      failover: this.setting('broker_failover_strategy', null),
      connectTimeoutMs: this.setting('broker_connection_timeout', 4) * 1000,
      // Short steps: the pages are served meanwhile, and must be live again within seconds.
      retry: { enabled: true, maxRetries: null, intervalStartMs: 250, intervalStepMs: 500, intervalMaxMs: 3000 },
      timer: this.timer,
      log: this.log.child('broker'),
    });
  }
}
