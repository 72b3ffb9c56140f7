// Clients for the Redis of a result store: how patient they are and how they look after their connection, out of URL, options and
// settings. Where the server is, who asks and TLS: transport/redis/address.ts. Celery's order: settings, then the URL's query.
// Holds: no import of a driver before a store is asked for; nothing connects before the first command; secrets are not shown.
// Celery 5.6: backends/redis.py (connection parameters, retry_policy)
import { Redis, type RedisOptions } from 'ioredis';
import { BackendError, ImproperlyConfigured, toError } from '../errors.ts';
import { createTimer } from '../timer.ts';
import { type AddressSource, type Given, readAddress } from '../transport/redis/address.ts';
import { explanation, hintAtTls, isOtherDatabase, withoutCommand } from '../transport/redis/failure.ts';
import { healthOptions, watchHealth } from '../transport/redis/health.ts';
import { parseUrl, safeUrl, splitUrls } from '../transport/url.ts';
import type { BackendContext } from './contract.ts';
import type { RedisStoreSettings } from './redis-settings.ts';

/** @param of what is kept there  @returns makes one client after the other, all alike */
export function redisClients(context: BackendContext, of: AddressSource['of'] = 'result store'): () => Redis {
  const { url, options, log } = context;
  const settings: RedisStoreSettings = context.settings ?? {};
  const address = readAddress({
    url,
    of,
    options: { credential_provider: settings.redis_backend_credential_provider, ...options },
    ssl: settings.redis_backend_use_ssl,
    otherwise: {
      host: settings.redis_host,
      port: settings.redis_port,
      db: settings.redis_db,
      username: settings.redis_username,
      password: settings.redis_password,
    },
  });
  if (address.warning) log?.warning(address.warning);
  const line = lineOf(context, of);
  const clientOptions: RedisOptions = {
    ...address.client,
    ...patienceOf(options),
    connectTimeout: line.socket_connect_timeout ? line.socket_connect_timeout * 1000 : 10_000,
    keepAlive: line.socket_keepalive === false ? (null as never) : 30_000, // undefined would be the driver's default
    connectionName: line.client_name,
    // After a failover its old master may still be there, as a replica: ask the sentinels again, and send it again.
    reconnectOnError: address.client.sentinels ? (error) => (error.message.startsWith('READONLY') ? 2 : false) : null,
    // A server that has just been started guesses its loading to take seconds.
    maxLoadingRetryTime: 200,
    lazyConnect: true,
    protocol: 2,
    disableClientInfo: true,
    // A line that is silent is not waited for.
    disconnectTimeout: 100,
    autoResubscribe: false,
  };
  return () => {
    const client = new Redis(clientOptions);
    // Given up, it connects anew, and what had no answer is asked again.
    const timer = createTimer({ unref: true });
    const { stop: unwatch } = watchHealth(client, timer, healthOptions({ ...line }), (error) => {
      client.emit('error', error); // the driver has no words for silence
      client.disconnect(true);
    });
    client.once('end', unwatch);
    // Commands carry their errors; without a listener the driver prints them.
    client.on('error', (error) => {
      if (isOtherDatabase(error)) client.disconnect();
    });
    hintAtTls(client);
    return client;
  };
}

interface Line {
  /** @unit seconds, all of them */
  readonly socket_timeout?: number;
  readonly socket_connect_timeout?: number;
  readonly health_check_interval?: number;
  readonly socket_keepalive?: boolean;
  readonly client_name?: string;
}

function lineOf(context: BackendContext, of: string): Line {
  const { url, options } = context;
  const settings: RedisStoreSettings = context.settings ?? {};
  const { query } = parseUrl(splitUrls(url)[0] ?? '');
  const value = (name: keyof Line, setting: unknown): unknown => query[name] ?? options[name] ?? setting ?? undefined;
  const seconds = (name: keyof Line, setting: unknown): number | undefined => {
    const given = value(name, setting);
    if (given === undefined) return undefined;
    const number = typeof given === 'boolean' ? Number.NaN : Number(given);
    if (number >= 0) return number;
    throw new ImproperlyConfigured(`The ${name} of the ${of} ${safeUrl(url)} is a number of seconds, not '${given}'.`);
  };
  const name = value('client_name', settings.redis_client_name);
  return {
    socket_timeout: seconds('socket_timeout', settings.redis_socket_timeout),
    socket_connect_timeout: seconds('socket_connect_timeout', settings.redis_socket_connect_timeout),
    health_check_interval: seconds('health_check_interval', settings.redis_backend_health_check_interval),
    socket_keepalive: !/^(false|no|n|f|0)$/i.test(String(value('socket_keepalive', settings.redis_socket_keepalive))),
    ...(name ? { client_name: String(name) } : {}),
  };
}

/** Celery's policy of retries: 20 of them, 0 s then 1 s apart; no more than fit into its `timeout`. */
function patienceOf(options: Given): RedisOptions {
  const policy = (options.retry_policy ?? {}) as Given;
  const seconds = (name: string, otherwise: number): number =>
    typeof policy[name] === 'number' ? (policy[name] as number) : otherwise;
  const [start, step, most] = [seconds('interval_start', 0), seconds('interval_step', 1), seconds('interval_max', 1)];
  const waitMs = (times: number) => Math.max(FIRST_RETRY_MS, Math.min(most, start + (times - 1) * step) * 1000);
  const asked = policy.max_retries === undefined ? 20 : policy.max_retries;
  let retries = typeof asked === 'number' ? asked : null;
  if (typeof policy.timeout === 'number') {
    const until = retries ?? Number.POSITIVE_INFINITY;
    for (let spentMs = 0, times = 0; ; times++) {
      spentMs += waitMs(times + 1);
      if (times >= until || spentMs > policy.timeout * 1000) {
        retries = times;
        break;
      }
    }
  }
  return { maxRetriesPerRequest: retries, retryStrategy: waitMs };
}

/** A server that is being restarted has its port back soon, but not at once. @unit milliseconds */
const FIRST_RETRY_MS = 50;

/** @param last the connection's latest error: it says more than that retries are used up */
export function redisError(url: string, thrown: unknown, last: Error | null): BackendError {
  const error = withoutCommand(toError(thrown));
  const away = error.name === 'MaxRetriesPerRequestError' || /connection is closed/i.test(error.message);
  const cause = away && last ? withoutCommand(last) : error;
  const text = cause.message || (cause as { code?: string }).code || cause.name;
  const meaning = explanation(cause);
  return new BackendError(
    meaning
      ? `The result store ${safeUrl(url)} ${meaning} (${text})`
      : away
        ? `Cannot reach the result store ${safeUrl(url)} (${text}). Is it running, and may this host connect?`
        : `The result store ${safeUrl(url)} failed: ${text}`,
    { cause: error, temporary: away || /^(LOADING|READONLY|MASTERDOWN|TRYAGAIN|CLUSTERDOWN)/.test(text) },
  );
}
