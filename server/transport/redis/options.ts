// `broker_transport_options`, read once into what the rooms of this folder use, in our units. Where the server is: address.ts.
// Options are kombu's, with its names and defaults; seconds there, milliseconds here. What only redis-py needs (max_connections,
// retry_on_timeout) is accepted and does nothing: there are two connections here, and messaging/connection.ts retries.
// Kombu 5.6: transport/redis.py Channel.from_transport_options, _connparams
import type { RedisOptions } from 'ioredis';
import { ImproperlyConfigured } from '../../errors.ts';
import type { TransportContext } from '../contract.ts';
import { messageSizeLimit } from '../virtual/declaration.ts';
import { type Given, readAddress } from './address.ts';
import { healthOptions } from './health.ts';

export type QueueOrder = 'round_robin' | 'sorted' | 'priority';

export interface RedisBrokerOptions {
  /** For errors and logs: no secrets. */
  readonly safeUrl: string;
  /** Same server, database and prefix: the same broker. */
  readonly identity: string;
  readonly client: RedisOptions;
  /** What its owner should hear, once. */
  readonly warning: string | null;
  readonly globalKeyprefix: string;
  readonly sep: string;
  readonly prioritySteps: readonly number[];
  readonly queueOrder: QueueOrder;
  readonly ackEmulation: boolean;
  readonly unackedKey: string;
  readonly unackedIndexKey: string;
  readonly unackedMutexKey: string;
  readonly unackedMutexExpireMs: number;
  /** null: all at once. */
  readonly unackedRestoreLimit: number | null;
  readonly visibilityTimeoutMs: number;
  /** What a pub/sub channel of a fanout exchange starts with, the global prefix not counted. */
  readonly fanoutPrefix: string;
  readonly fanoutPatterns: boolean;
  /** Topic exchanges of these names are fanout here, as Celery makes its event exchange on Redis. */
  readonly eventExchange: string;
  readonly healthCheckMs: number;
  /** How long a health check may take. */
  readonly answerWithinMs: number;
  /** How often to look for messages when the server cannot tell of them. */
  readonly pollingMs: number;
  /** @unit bytes */
  readonly sizeLimit: number;
}

export function readOptions(context: TransportContext): RedisBrokerOptions {
  const given = context.options;
  const address = readAddress({ url: context.url, of: 'broker', options: given, ssl: context.ssl });
  seconds(given, 'health_check_interval', 0);
  seconds(given, 'socket_timeout', 0);
  const connectTimeout = seconds(given, 'socket_connect_timeout', 0);
  const globalKeyprefix = text(given, 'global_keyprefix', '');
  const prefix = given.fanout_prefix ?? true;
  const steps = given.priority_steps ?? [0, 3, 6, 9];
  if (!Array.isArray(steps) || steps.length === 0 || !steps.every((step) => Number.isInteger(step) && step >= 0)) {
    throw new ImproperlyConfigured(
      `The transport option priority_steps is a list of whole numbers, not ${show(steps)}.`,
    );
  }
  const { healthCheckMs, answerWithinMs } = healthOptions(given);
  return {
    safeUrl: address.safeUrl,
    identity: JSON.stringify([address.identity, globalKeyprefix]),
    warning: address.warning,
    client: {
      ...address.client,
      // Any server since 2.8, and proxies: nothing here needs RESP3.
      protocol: 2,
      lazyConnect: true,
      retryStrategy: null,
      // It would sit out what a starting server guesses its loading will take: link.ts asks by itself, and says what is wrong.
      enableReadyCheck: false,
      maxRetriesPerRequest: null,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      connectTimeout: connectTimeout > 0 ? connectTimeout * 1000 : context.connectTimeoutMs || 10_000,
      keepAlive: keepAliveMs(given),
      connectionName: text(given, 'client_name', '') || undefined,
    },
    globalKeyprefix,
    sep: text(given, 'sep', '\x06\x16'),
    prioritySteps: [...(steps as number[])].sort((a, b) => a - b),
    queueOrder: queueOrder(given),
    ackEmulation: given.ack_emulation !== false,
    unackedKey: text(given, 'unacked_key', 'unacked'),
    unackedIndexKey: text(given, 'unacked_index_key', 'unacked_index'),
    unackedMutexKey: text(given, 'unacked_mutex_key', 'unacked_mutex'),
    unackedMutexExpireMs: seconds(given, 'unacked_mutex_expire', 300) * 1000,
    unackedRestoreLimit: seconds(given, 'unacked_restore_limit', 0) || null,
    visibilityTimeoutMs: seconds(given, 'visibility_timeout', 3600) * 1000,
    fanoutPrefix:
      typeof prefix === 'string' ? prefix.replace('{db}', String(address.db)) : prefix ? `/${address.db}.` : '',
    fanoutPatterns: given.fanout_patterns !== false,
    eventExchange: text(given, 'event_exchange', 'celeryev'),
    healthCheckMs,
    answerWithinMs,
    pollingMs: seconds(given, 'polling_interval', 0.05) * 1000 || 50,
    sizeLimit: messageSizeLimit(given),
  };
}

/** On in any case but when it is false. Of redis-py's options Node knows the first wait only (TCP_KEEPIDLE, 4 on Linux). */
function keepAliveMs({ socket_keepalive: on, socket_keepalive_options: how }: Given): number | undefined {
  const { TCP_KEEPIDLE: idle = (how as Given)?.[4] } = (how ?? {}) as Given;
  if (on === false) return null as never; // undefined would be the driver's default
  return typeof idle === 'number' && idle > 0 ? idle * 1000 : 30_000;
}

function queueOrder(given: Given): QueueOrder {
  const order = given.queue_order_strategy ?? 'round_robin';
  if (order === 'round_robin' || order === 'sorted' || order === 'priority') return order;
  throw new ImproperlyConfigured(
    `The transport option queue_order_strategy is round_robin, sorted or priority, not ${show(order)}.`,
  );
}

function text(given: Given, name: string, standard: string): string {
  const value = given[name] ?? standard;
  if (typeof value === 'string') return value;
  throw new ImproperlyConfigured(`The transport option ${name} is a text, not ${show(value)}.`);
}

function seconds(given: Given, name: string, standard: number): number {
  const value = given[name] ?? standard;
  if (typeof value === 'number' && value >= 0) return value;
  throw new ImproperlyConfigured(`The transport option ${name} is a number, not ${show(value)}.`);
}

const show = (value: unknown) => JSON.stringify(value) ?? String(value);
