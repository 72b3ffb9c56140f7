// A broker URL and `broker_transport_options`, read once into what the rooms of this folder use, in our units.
// URLs: redis://[user:password@]host:port/db, rediss://... (TLS), redis+socket:///path?virtual_host=db, sentinel://a;sentinel://b.
// Options are kombu's, with its names and defaults; seconds there, milliseconds here. What only redis-py needs (max_connections,
// retry_on_timeout) is accepted and does nothing: there are two connections here, and messaging/connection.ts retries.
// Kombu 5.6: transport/redis.py Channel.from_transport_options, _connparams
import { readFileSync } from 'node:fs';
import type { RedisOptions } from 'ioredis';
import { ImproperlyConfigured, toError } from '../../errors.ts';
import type { TransportContext } from '../contract.ts';
import { parseUrl, safeUrl } from '../url.ts';
import { messageSizeLimit } from '../virtual/declaration.ts';

export type QueueOrder = 'round_robin' | 'sorted' | 'priority';

export interface RedisBrokerOptions {
  /** For errors and logs: no secrets. */
  readonly safeUrl: string;
  /** Same server, database and prefix: the same broker. */
  readonly identity: string;
  readonly client: RedisOptions;
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

type Given = Readonly<Record<string, unknown>>;

export function readOptions(context: TransportContext): RedisBrokerOptions {
  const given = context.options;
  const urls = context.url.split(';').map((one) => one.trim());
  const url = urls[0] ?? '';
  const { scheme } = parseUrl(url);
  const where = scheme === 'sentinel' ? sentinels(urls, given) : scheme === 'redis+socket' ? socket(url) : host(url);
  // Of several sentinels any may carry what concerns the server behind them.
  const db = databaseOf(urls.find((one) => parseUrl(one).path !== '') ?? url);
  const socketTimeout = seconds(given, 'socket_timeout', 0);
  const connectTimeout = seconds(given, 'socket_connect_timeout', 0);
  const globalKeyprefix = text(given, 'global_keyprefix', '');
  const prefix = given.fanout_prefix ?? true;
  const steps = given.priority_steps ?? [0, 3, 6, 9];
  if (!Array.isArray(steps) || steps.length === 0 || !steps.every((step) => Number.isInteger(step) && step >= 0)) {
    throw new ImproperlyConfigured(
      `The transport option priority_steps is a list of whole numbers, not ${show(steps)}.`,
    );
  }
  const healthCheckMs = seconds(given, 'health_check_interval', 25) * 1000;
  return {
    safeUrl: safeUrl(context.url),
    identity: JSON.stringify([
      where.path ?? where.sentinels ?? [where.host, where.port],
      where.name,
      db,
      globalKeyprefix,
    ]),
    client: {
      ...where,
      ...tls(url, given),
      ...credentials(urls.find((one) => parseUrl(one).password !== null) ?? url),
      db,
      // Any server since 2.8, and proxies: nothing here needs RESP3.
      protocol: 2,
      lazyConnect: true,
      retryStrategy: null,
      maxRetriesPerRequest: null,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      connectTimeout: connectTimeout > 0 ? connectTimeout * 1000 : context.connectTimeoutMs || 10_000,
      ...(given.socket_keepalive === false ? { keepAlive: -1 } : {}),
      connectionName: typeof given.client_name === 'string' ? given.client_name : undefined,
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
    fanoutPrefix: typeof prefix === 'string' ? prefix.replace('{db}', String(db)) : prefix ? `/${db}.` : '',
    fanoutPatterns: given.fanout_patterns !== false,
    eventExchange: text(given, 'event_exchange', 'celeryev'),
    healthCheckMs,
    answerWithinMs: socketTimeout > 0 ? socketTimeout * 1000 : Math.max(healthCheckMs, 5000),
    pollingMs: seconds(given, 'polling_interval', 0.05) * 1000 || 50,
    sizeLimit: messageSizeLimit(given),
  };
}

function host(url: string): RedisOptions {
  const { host, port } = parseUrl(url);
  return { host: host || '127.0.0.1', port: port ?? 6379 };
}

function socket(url: string): RedisOptions {
  const { path } = parseUrl(url);
  if (path === '') {
    throw new ImproperlyConfigured(
      `The broker URL ${safeUrl(url)} names no socket: write redis+socket:///path/to/redis.sock.`,
    );
  }
  return { path: `/${path}` };
}

function sentinels(urls: readonly string[], given: Given): RedisOptions {
  if (typeof given.master_name !== 'string' || given.master_name === '') {
    throw new ImproperlyConfigured(
      'A sentinel:// broker needs the name of its master: set master_name in broker_transport_options.',
    );
  }
  const options = given.sentinel_kwargs ?? {};
  if (typeof options !== 'object') {
    throw new ImproperlyConfigured(`The transport option sentinel_kwargs is an object, not ${show(options)}.`);
  }
  const { password, username, ssl } = options as Given;
  return {
    sentinels: urls.map((one) => {
      const { host, port } = parseUrl(one);
      return { host: host || '127.0.0.1', port: port ?? 26379 };
    }),
    name: given.master_name,
    sentinelRetryStrategy: () => null,
    ...(typeof password === 'string' ? { sentinelPassword: password } : {}),
    ...(typeof username === 'string' ? { sentinelUsername: username } : {}),
    ...(ssl === true ? { enableTLSForSentinelMode: true } : {}),
  };
}

function credentials(url: string): RedisOptions {
  const { username, password } = parseUrl(url);
  return { ...(username && password !== null ? { username } : {}), ...(password ? { password } : {}) };
}

function databaseOf(url: string): number {
  const { scheme, path, query } = parseUrl(url);
  const named =
    scheme === 'redis+socket' ? (query.virtual_host ?? query.db ?? '') : path || (query.virtual_host ?? query.db ?? '');
  const db = Number(named.replace(/^\/+|\/+$/g, '') || '0');
  if (!Number.isInteger(db) || db < 0) {
    throw new ImproperlyConfigured(
      `The broker URL ${safeUrl(url)} has to name a database by its number, not '${named}'.`,
    );
  }
  return db;
}

/** Certificates come in the URL's query (redis-py's names), or in the option `ssl`, which is Celery's `broker_use_ssl`. */
function tls(url: string, given: Given): RedisOptions {
  const { scheme, query, host } = parseUrl(url);
  const option = given.ssl;
  if (scheme !== 'rediss' && (option === undefined || option === null || option === false)) return {};
  const asked: Given = { ...(typeof option === 'object' ? option : {}), ...query };
  const reqs = String(asked.ssl_cert_reqs ?? 'required')
    .toLowerCase()
    .replace(/^(ssl\.)?cert_/, '');
  if (!['none', 'optional', 'required', '0', '1', '2'].includes(reqs)) {
    throw new ImproperlyConfigured(
      `ssl_cert_reqs is CERT_NONE, CERT_OPTIONAL or CERT_REQUIRED, not ${show(asked.ssl_cert_reqs)}.`,
    );
  }
  const named = !/^[\d.]+$|:/.test(host);
  const unchecked = ['false', 'False', '0', false].includes(asked.ssl_check_hostname as string | boolean);
  return {
    tls: {
      rejectUnauthorized: reqs !== 'none' && reqs !== '0',
      ...(named ? { servername: host } : {}),
      ...(unchecked ? { checkServerIdentity: () => undefined } : {}),
      ...pem('ca', asked.ssl_ca_certs),
      ...pem('cert', asked.ssl_certfile),
      ...pem('key', asked.ssl_keyfile),
    },
  };
}

function pem(name: string, path: unknown): Record<string, Buffer> {
  if (typeof path !== 'string' || path === '') return {};
  try {
    return { [name]: readFileSync(path) };
  } catch (error) {
    throw new ImproperlyConfigured(`Cannot read the certificate file ${path}: ${toError(error).message}`, {
      cause: error,
    });
  }
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
