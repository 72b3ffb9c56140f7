// Telling workers: each method broadcasts one remote command; with `reply` it gathers what they answer.
// Not here: questions (inspect.ts); the wire (messaging/mailbox.ts); what the commands do (worker/panel).
// Holds: without `reply` nothing is waited for; arguments have Celery's names, since they are keyword arguments there.
// Celery 5.6: app/control.py Control
import type { BroadcastRequest, Mailbox } from '../messaging/mailbox.ts';
import type { Notes } from '../transport/contract.ts';
import {
  checkBroadcast,
  countOf,
  idsOf,
  limitsOf,
  queueOf,
  rateOf,
  secondsOf,
  signalOf,
  taskNameOf,
} from './checks.ts';
import { findCommand } from './commands.ts';
import { Inspect, type InspectOptions } from './inspect.ts';
import { rememberRevokes, revokedBy } from './remembered-revokes.ts';

/** What the mailbox takes, with the wait in seconds as Celery's callers give it. */
export interface BroadcastOptions extends Omit<BroadcastRequest, 'timeoutMs'> {
  /** How long to gather replies. @unit seconds  @default 1 */
  readonly timeout?: number;
}

export type CommandOptions = Omit<BroadcastOptions, 'arguments'>;
export type Replies = Record<string, unknown>[];
export type Broadcast = (command: string, options?: BroadcastOptions) => Promise<Replies>;

/** What control asks of an app. */
export interface ControlHost {
  mailbox(): Promise<Mailbox> | Mailbox;
  /** What the broker keeps beside messages: revokes are remembered there. */
  notes?(): Promise<Notes | undefined>;
  /** Removes the waiting messages of every queue the app knows; how many. */
  purge?(): Promise<number>;
  /** Seconds to wait when the caller does not say. */
  readonly defaultTimeout?: number;
}

export interface RevokeCommandOptions extends CommandOptions {
  readonly terminate?: boolean;
  readonly signal?: string | null;
}

export class Control {
  readonly #host: ControlHost;

  constructor(host: ControlHost) {
    this.#host = host;
  }

  /** @throws TypeError for options that cannot be meant; the arguments are the command's */
  readonly broadcast: Broadcast = async (command, options = {}) => {
    checkBroadcast(command, options);
    const mailbox = await this.#host.mailbox();
    const { timeout, limit, ...rest } = options;
    const enough = limit ?? options.destination?.length;
    const everybody = !options.destination && !options.pattern;
    const revoked = everybody ? revokedBy(command, options.arguments as Record<string, unknown> | undefined) : [];
    // Before it is said: a worker that starts in between has it one way or the other. What cannot be kept is sent all the same.
    if (revoked.length > 0) await this.#remember(mailbox.namespace, revoked).catch(() => {});
    return mailbox.broadcast(command, {
      ...rest,
      timeoutMs: (timeout ?? this.#host.defaultTimeout ?? findCommand(command)?.timeout ?? 1) * 1000,
      ...(enough === undefined ? {} : { limit: enough }),
    });
  };

  async #remember(namespace: string, ids: readonly string[]): Promise<void> {
    await rememberRevokes(await this.#host.notes?.(), namespace, ids);
  }

  inspect(options: InspectOptions = {}): Inspect {
    return new Inspect(this.broadcast, options);
  }

  ping(options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('ping', { timeout: 1, ...options, reply: true });
  }

  async revoke(ids: string | readonly string[], options: RevokeCommandOptions = {}): Promise<Replies> {
    const { terminate = false, signal = null, ...rest } = options;
    return this.broadcast('revoke', {
      ...rest,
      arguments: { task_id: typeof ids === 'string' ? idsOf(ids)[0] : idsOf(ids), terminate, signal: signalOf(signal) },
    });
  }

  terminate(ids: string | readonly string[], options: RevokeCommandOptions = {}): Promise<Replies> {
    return this.revoke(ids, { ...options, terminate: true });
  }

  async revokeByStampedHeaders(
    headers: Record<string, unknown> | readonly string[],
    options: RevokeCommandOptions = {},
  ): Promise<Replies> {
    const { terminate = false, signal = null, ...rest } = options;
    return this.broadcast('revoke_by_stamped_headers', {
      ...rest,
      arguments: { headers, terminate, signal: signalOf(signal) },
    });
  }

  /** @param rate '5/s', '10/m', '100/h', a number per second; 0 or null: none */
  async rateLimit(task: string, rate: string | number | null, options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('rate_limit', {
      ...options,
      arguments: { task_name: taskNameOf(task), rate_limit: rateOf(rate) },
    });
  }

  /** @param limits seconds */
  async timeLimit(
    task: string,
    limits: { soft?: number | null; hard?: number | null },
    options: CommandOptions = {},
  ): Promise<Replies> {
    const { hard, soft } = limitsOf(limits);
    return this.broadcast('time_limit', {
      ...options,
      arguments: { task_name: taskNameOf(task), hard: secondsOf('hard', hard), soft: secondsOf('soft', soft) },
    });
  }

  async poolGrow(n = 1, options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('pool_grow', { ...options, arguments: { n: countOf('n', n) } });
  }
  async poolShrink(n = 1, options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('pool_shrink', { ...options, arguments: { n: countOf('n', n) } });
  }
  poolRestart(
    given: { modules?: readonly string[] | null; reload?: boolean } = {},
    options: CommandOptions = {},
  ): Promise<Replies> {
    return this.broadcast('pool_restart', {
      ...options,
      arguments: { modules: given.modules ?? null, reload: given.reload ?? false, reloader: null },
    });
  }
  async autoscale(max: number, min: number, options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('autoscale', {
      ...options,
      arguments: { max: countOf('max', max), min: countOf('min', min) },
    });
  }

  async addConsumer(
    queue: string,
    options: CommandOptions & {
      exchange?: string | null;
      exchangeType?: string;
      routingKey?: string | null;
      options?: Record<string, unknown>;
    } = {},
  ): Promise<Replies> {
    const { exchange = null, exchangeType = 'direct', routingKey = null, options: more = {}, ...rest } = options;
    return this.broadcast('add_consumer', {
      ...rest,
      arguments: { queue: queueOf(queue), exchange, exchange_type: exchangeType, routing_key: routingKey, ...more },
    });
  }
  async cancelConsumer(queue: string, options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('cancel_consumer', { ...options, arguments: { queue: queueOf(queue) } });
  }

  enableEvents(options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('enable_events', { ...options, arguments: {} });
  }
  disableEvents(options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('disable_events', { ...options, arguments: {} });
  }
  heartbeat(options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('heartbeat', { ...options, arguments: {} });
  }
  shutdown(options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('shutdown', { ...options, arguments: {} });
  }
  election(id: string, topic: string, action: unknown = null, options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('election', { ...options, arguments: { id, topic, action } });
  }

  /** Removes every waiting message of the queues the app knows. There is no undo. @returns how many */
  async purge(): Promise<number> {
    return (await this.#host.purge?.()) ?? 0;
  }
}
