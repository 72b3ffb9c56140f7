// The dashboard's side of a cluster's wires: a connection for listening, one for commands and questions, the result store.
// Not here: the client they belong to (client.ts), what is done with them. Reconnecting: messaging/connection.ts, events/receiver.ts.
// Holds: nothing here waits for the broker to be reachable; whoever uses a connection does.
import type { EventEdge } from '../../../shared/events/edge.ts';
import type { Celery } from '../../app/celery.ts';
import type { Backend } from '../../backends/contract.ts';
import { Control } from '../../control/control.ts';
import { BackendError, SerializationError, toError } from '../../errors.ts';
import { EventReceiver } from '../../events/receiver.ts';
import type { Logger } from '../../log.ts';
import type { Connection } from '../../messaging/connection.ts';
import { type Timer, within } from '../../timer.ts';
import type { Resolved } from '../options.ts';
import { dashboardClient } from './client.ts';
import { LastTime } from './last-time.ts';
import { readableStore } from './result-store.ts';

/** A result store that takes so long to say that it has no record is away. @unit milliseconds */
const BACKEND_SILENT_MS = 5000;
/** How long one that is known to be away is waited for. @unit milliseconds */
const BACKEND_AWAY_MS = 250;
/** An id no task has. */
const CHECK_ID = '00000000-0000-0000-0000-000000000000';

export class ClusterLink {
  readonly options: Resolved;
  readonly timer: Timer;
  readonly log: Logger;
  readonly app: Celery;
  /** Events only, so that a flood of them never delays a command. */
  readonly listening: Connection;
  readonly asking: Connection;
  readonly control: Control;
  backendFailure: string | null = null;
  readonly #backendLastOk: LastTime;
  backendLatencyMs: number | null = null;
  #checking = false;

  constructor(options: Resolved, timer: Timer, log: Logger) {
    this.options = options;
    this.timer = timer;
    this.#backendLastOk = new LastTime(timer);
    this.log = log;
    this.app = dashboardClient(options, timer, log);
    this.listening = this.app.connection('read');
    this.asking = this.app.writeConnection;
    this.control = new Control({
      mailbox: () => this.app.mailbox,
      notes: () => this.app.producer().notes(),
      defaultTimeout: options.inspect_timeout / 1000,
    });
  }

  /** @unit seconds since the epoch */
  get backendLastOk(): number | null {
    return this.#backendLastOk.at;
  }

  /** null: none that can be read is configured. */
  backend(): Promise<Backend> | null {
    return readableStore(this.options) === null ? null : this.app.backend();
  }

  /**
   * Ask the result store something, and remember how that went. null: none that can be read is configured.
   * @throws BackendError also when it is silent: a client waits for a store that is away, and no page is to wait with it
   */
  async askBackend<T>(question: (backend: Backend) => Promise<T>): Promise<{ value: T } | null> {
    const opening = this.backend();
    if (opening === null) return null;
    const begun = this.timer.monotonic();
    const asked = (async () => {
      try {
        const value = await question(await opening);
        this.backendFailure = null;
        this.#backendLastOk.mark();
        this.backendLatencyMs = this.timer.monotonic() - begun;
        return { value };
      } catch (error) {
        // A record that cannot be read is no failure of the store: it has answered.
        const isUnread = error instanceof SerializationError;
        this.backendFailure = isUnread ? null : toError(error).message;
        throw error;
      }
    })();
    const answer = await within(this.timer, this.backendFailure === null ? BACKEND_SILENT_MS : BACKEND_AWAY_MS, asked);
    if (answer) return answer;
    this.backendFailure ??= `It has not answered for ${BACKEND_SILENT_MS / 1000} s`;
    throw new BackendError(this.backendFailure);
  }

  /** Is the result store there? Asked now and then, for nobody may ask it anything for hours. Never rejects. */
  async checkBackend(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    // What fails is kept as backendFailure.
    await this.askBackend((backend) => backend.getMany([CHECK_ID])).catch(() => null);
    this.#checking = false;
  }

  /** Only last words are left to say: a broker that is away or silent is not waited for any more. */
  ending(): void {
    this.listening.ending();
    this.asking.ending();
  }

  async close(): Promise<void> {
    await this.listening.close().catch(() => {});
    // A mailbox that waits for an unreachable broker is only freed by the end of its connection.
    if (!this.asking.connected) await this.asking.close().catch(() => {});
    await this.app.close().catch(() => {});
  }
}

/** What hears the events of the cluster, by the names and times of its settings. */
export function eventReceiver({ app, listening, timer }: ClusterLink, log: Logger, edge: EventEdge): EventReceiver {
  const { conf } = app;
  return new EventReceiver({
    connection: listening,
    timer,
    log,
    edge,
    clock: app.clock,
    exchange: conf.event_exchange,
    queuePrefix: conf.event_queue_prefix,
    queueTtlMs: conf.event_queue_ttl * 1000,
    queueExpiresMs: conf.event_queue_expires * 1000,
    queueDurable: conf.event_queue_durable,
    queueExclusive: conf.event_queue_exclusive,
  });
}
