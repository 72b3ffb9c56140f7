// Telling workers: each method broadcasts one remote command; with `reply` it gathers what they answer.
// Not here: questions (inspect.ts); the wire (messaging/mailbox.ts); what the commands do (worker/panel).
// Holds: without `reply` nothing is waited for; arguments have Celery's names, since they are keyword arguments there.
// Celery 5.6: app/control.py Control
import type { BroadcastRequest, Mailbox } from '../messaging/mailbox.ts';
import { findCommand } from './commands.ts';
import { Inspect, type InspectOptions } from './inspect.ts';

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

  readonly broadcast: Broadcast = async (command, options = {}) => {
    const mailbox = await this.#host.mailbox();
    const { timeout, limit, ...rest } = options;
    const enough = limit ?? options.destination?.length;
    return mailbox.broadcast(command, {
      ...rest,
      timeoutMs: (timeout ?? this.#host.defaultTimeout ?? findCommand(command)?.timeout ?? 1) * 1000,
      ...(enough === undefined ? {} : { limit: enough }),
    });
  };

  inspect(options: InspectOptions = {}): Inspect {
    return new Inspect(this.broadcast, options);
  }

  ping(options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('ping', { timeout: 1, ...options, reply: true });
  }

  revoke(ids: string | readonly string[], options: RevokeCommandOptions = {}): Promise<Replies> {
    const { terminate = false, signal = null, ...rest } = options;
    return this.broadcast('revoke', {
      ...rest,
      arguments: { task_id: given(ids), terminate, signal: signal ?? 'SIGTERM' },
    });
  }

  terminate(ids: string | readonly string[], options: RevokeCommandOptions = {}): Promise<Replies> {
    return this.revoke(ids, { ...options, terminate: true });
  }

  revokeByStampedHeaders(
    headers: Record<string, unknown> | readonly string[],
    options: RevokeCommandOptions = {},
  ): Promise<Replies> {
    const { terminate = false, signal = null, ...rest } = options;
    return this.broadcast('revoke_by_stamped_headers', {
      ...rest,
      arguments: { headers, terminate, signal: signal ?? 'SIGTERM' },
    });
  }

  /** @param rate '5/s', '10/m', '100/h', a number per second; 0 or null: none */
  rateLimit(task: string, rate: string | number | null, options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('rate_limit', { ...options, arguments: { task_name: task, rate_limit: rate } });
  }

  /** @param limits seconds */
  timeLimit(
    task: string,
    limits: { soft?: number | null; hard?: number | null },
    options: CommandOptions = {},
  ): Promise<Replies> {
    return this.broadcast('time_limit', {
      ...options,
      arguments: { task_name: task, hard: limits.hard ?? null, soft: limits.soft ?? null },
    });
  }

  poolGrow(n = 1, options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('pool_grow', { ...options, arguments: { n } });
  }
  poolShrink(n = 1, options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('pool_shrink', { ...options, arguments: { n } });
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
  autoscale(max: number, min: number, options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('autoscale', { ...options, arguments: { max, min } });
  }

  addConsumer(
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
      arguments: { queue, exchange, exchange_type: exchangeType, routing_key: routingKey, ...more },
    });
  }
  cancelConsumer(queue: string, options: CommandOptions = {}): Promise<Replies> {
    return this.broadcast('cancel_consumer', { ...options, arguments: { queue } });
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

function given(ids: string | readonly string[]): string | string[] {
  return typeof ids === 'string' ? ids : [...ids];
}
