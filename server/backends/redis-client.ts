// A client for the Redis of a result store: address, TLS, sentinels and patience out of the URL and the options.
// Holds: no import of a driver before a store is asked for; nothing connects before the first command; secrets are not shown.
// Celery 5.6: backends/redis.py (connection parameters, retry_policy); kombu: transport/redis.py for the meaning of options
import { readFileSync } from 'node:fs';
import { Redis, type RedisOptions } from 'ioredis';
import { BackendError, ImproperlyConfigured, toError } from '../errors.ts';
import { createTimer } from '../timer.ts';
import { healthOptions, watchHealth } from '../transport/redis/health.ts';
import { parseUrl, safeUrl, splitFailover } from '../transport/url.ts';

type Options = Readonly<Record<string, unknown>>;

export function createRedisClient(url: string, options: Options): Redis {
  const client = new Redis({ ...addressOf(url, options), ...patienceOf(options), ...SAME });
  // Given up, it connects anew, and what had no answer is asked again.
  const timer = createTimer({ unref: true });
  const unwatch = watchHealth(client, timer, healthOptions(options), () => client.disconnect(true));
  client.once('end', unwatch);
  // Commands carry their errors; without a listener the driver prints them.
  client.on('error', () => {});
  return client;
}

const SAME: RedisOptions = {
  lazyConnect: true,
  protocol: 2,
  disableClientInfo: true,
  // A line that is silent is not waited for.
  disconnectTimeout: 100,
  autoResubscribe: false,
};

function addressOf(url: string, options: Options): RedisOptions {
  const all = splitFailover(url).map(parseUrl);
  const first = all[0]!;
  const { query } = first;
  const username = first.username ?? query.username ?? null;
  const password = first.password ?? query.password ?? null;
  const who: RedisOptions = {
    ...(password === null ? {} : { password }),
    ...(username === null || password === null ? {} : { username }),
  };
  if (first.scheme === 'redis+socket' || first.scheme === 'socket' || first.scheme === 'unix') {
    const path = first.path.startsWith('/') ? first.path : `/${first.path}`;
    return { ...who, path, db: dbOf(query.virtual_host ?? query.db ?? '', url) };
  }
  const db = dbOf(query.virtual_host ?? query.db ?? first.path, url);
  if (first.scheme !== 'sentinel') {
    const tls = first.scheme === 'rediss' ? { tls: tlsOf(query, url) } : {};
    return { ...who, host: first.host || 'localhost', port: first.port ?? 6379, db, ...tls };
  }
  const name = options.master_name;
  if (typeof name !== 'string' || name === '') {
    throw new ImproperlyConfigured(
      `${safeUrl(url)} needs the name of the master: result_backend_transport_options: { master_name: '...' }`,
    );
  }
  const own = (options.sentinel_kwargs ?? {}) as Options;
  return {
    ...who,
    db,
    name,
    sentinels: all.map(({ host, port }) => ({ host: host || 'localhost', port: port ?? 26379 })),
    ...(typeof own.password === 'string' ? { sentinelPassword: own.password } : {}),
    ...(typeof own.username === 'string' ? { sentinelUsername: own.username } : {}),
  };
}

function dbOf(text: string, url: string): number {
  const digits = text.replace(/^\/+|\/+$/g, '');
  if (digits === '') return 0;
  if (!/^\d+$/.test(digits)) {
    throw new ImproperlyConfigured(`The database of a Redis is a number, not '${digits}' as in ${safeUrl(url)}`);
  }
  return Number(digits);
}

/** `ssl_cert_reqs` CERT_NONE or none: any certificate will do. `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile` are files. */
function tlsOf(query: Options, url: string): NonNullable<RedisOptions['tls']> {
  const read = (name: string): Buffer | undefined => {
    const path = query[name];
    if (typeof path !== 'string' || path === '') return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      throw new ImproperlyConfigured(`Cannot read ${name} of ${safeUrl(url)}: ${toError(error).message}`);
    }
  };
  const [ca, cert, key] = [read('ssl_ca_certs'), read('ssl_certfile'), read('ssl_keyfile')];
  const reqs = String(query.ssl_cert_reqs ?? 'required').toLowerCase();
  return {
    rejectUnauthorized: !/^(cert_)?(none|optional)$/.test(reqs),
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(query.ssl_check_hostname === 'false' ? { checkServerIdentity: () => undefined } : {}),
  };
}

/** Celery's policy of retries: 20 of them, 0 s then 1 s apart. */
function patienceOf(options: Options): RedisOptions {
  const policy = (options.retry_policy ?? {}) as Options;
  const seconds = (name: string, otherwise: number): number =>
    typeof policy[name] === 'number' ? (policy[name] as number) : otherwise;
  const [start, step, most] = [seconds('interval_start', 0), seconds('interval_step', 1), seconds('interval_max', 1)];
  const retries = policy.max_retries === undefined ? 20 : policy.max_retries;
  const timeout = options.socket_connect_timeout;
  return {
    maxRetriesPerRequest: typeof retries === 'number' ? retries : null,
    retryStrategy: (times) => Math.max(FIRST_RETRY_MS, Math.min(most, start + (times - 1) * step) * 1000),
    ...(typeof timeout === 'number' ? { connectTimeout: timeout * 1000 } : {}),
    ...(options.socket_keepalive === true ? { keepAlive: 30_000 } : {}),
  };
}

/** A server that is being restarted has its port back soon, but not at once. @unit milliseconds */
const FIRST_RETRY_MS = 50;

/** @param last the connection's latest error: it says more than that retries are used up */
export function redisError(url: string, thrown: unknown, last: Error | null): BackendError {
  const error = toError(thrown);
  const away = error.name === 'MaxRetriesPerRequestError' || /connection is closed/i.test(error.message);
  const cause = away && last ? last : error;
  const text = cause.message || (cause as { code?: string }).code || cause.name;
  return new BackendError(
    away
      ? `Cannot reach the result store ${safeUrl(url)} (${text}). Is it running, and may this host connect?`
      : `The result store ${safeUrl(url)} failed: ${text}`,
    { cause: error },
  );
}
