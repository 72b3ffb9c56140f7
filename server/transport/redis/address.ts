// Where a Redis is, which database, and who asks: the URL of a broker, a result store or a schedule, read once into the driver's options.
// redis://[user:password@]host:port/db, rediss://... (TLS), redis+socket:///path?virtual_host=db, sentinel://a;sentinel://b with the
// option master_name. Which server and database that is: place.ts. Certificates: tls.ts. What else options say: options.ts (broker),
// backends/redis-client.ts (store).
// Holds: no secret is in `safeUrl`, `identity` or an error; what cannot be an address is refused here, not by the driver.
// Kombu 5.6: transport/redis.py _connparams, SentinelChannel; Celery 5.6: backends/redis.py _params_from_url, SentinelBackend
import type { RedisOptions } from 'ioredis';
import { ImproperlyConfigured } from '../../errors.ts';
import { readTls } from '../tls.ts';
import { type ParsedUrl, safeUrl } from '../url.ts';
import { SecureLine, SteadySentinels } from './connectors.ts';
import { databaseOf, placeOf, type Refuse, takeApart } from './place.ts';

export type Given = Readonly<Record<string, unknown>>;

export interface RedisAddress {
  readonly safeUrl: string;
  /** Equal for the same database of the same server. */
  readonly identity: string;
  readonly db: number;
  readonly client: RedisOptions;
  /** Something its owner should hear, once. */
  readonly warning: string | null;
}

export interface AddressSource {
  readonly url: string;
  readonly of: 'broker' | 'result store' | 'schedule';
  /** `broker_transport_options` (for a schedule, too) or `result_backend_transport_options`: master_name, sentinel_kwargs. */
  readonly options: Given;
  /** `broker_use_ssl` or `redis_backend_use_ssl`. */
  readonly ssl?: unknown;
  /** What stands for parts the URL does not name: `redis_host` ... */
  readonly otherwise?: {
    readonly host?: string | null;
    readonly port?: number | null;
    readonly db?: number | null;
    readonly username?: string | null;
    readonly password?: string | null;
  };
}

const OPTIONS = {
  broker: 'broker_transport_options',
  'result store': 'result_backend_transport_options',
  schedule: 'broker_transport_options',
} as const;

export function readAddress(source: AddressSource): RedisAddress {
  const { of, options, otherwise = {} } = source;
  const shown = safeUrl(source.url);
  const refuse: Refuse = (why) => {
    throw new ImproperlyConfigured(`The URL of the ${of}, ${shown}, ${why}`);
  };
  const { kind, all, bare } = takeApart(source.url, refuse);
  const first = all[0]!;
  if (first.query.credential_provider ?? options.credential_provider) {
    refuse('names a credential_provider, which is a Python class: give user and password.');
  }
  // Of several sentinels any may carry what concerns the server behind them.
  const named = all.find((one) => one.password !== null) ?? first;
  const username = first.query.username ?? named.username ?? otherwise.username;
  const password = first.query.password ?? named.password ?? otherwise.password;
  const withPath = all.find((one) => one.path !== '') ?? first;
  // Celery: `redis_db` counts for a socket and for the bare word 'redis' only; any other URL without a number means 0.
  const db = databaseOf(kind, withPath, bare || kind === 'socket' ? otherwise.db : null, refuse);
  const { client: tls, warning } = readTls({ ...first, of, shown, kind, options: source.ssl });
  const where: RedisOptions =
    kind === 'sentinel' ? masterOf(all, source, shown, refuse) : placeOf(kind, first, otherwise, refuse);
  return {
    safeUrl: shown,
    identity: JSON.stringify([where.path ?? where.sentinels ?? [where.host, where.port], where.name, db]),
    db,
    client: {
      ...where,
      ...(tls
        ? { tls, ...(kind === 'sentinel' ? { enableTLSForSentinelMode: true } : { Connector: SecureLine }) }
        : {}),
      ...(username ? { username, password: password ?? '' } : password ? { password } : {}),
      db,
    },
    warning,
  };
}

function masterOf(
  all: readonly ParsedUrl[],
  { of, options }: AddressSource,
  shown: string,
  refuse: Refuse,
): RedisOptions {
  const { master_name: name, sentinel_kwargs: own = {} } = options;
  if (typeof name !== 'string' || name === '') {
    return refuse(`needs the name of the master: ${OPTIONS[of]}: { master_name: 'mymaster' }.`);
  }
  if (typeof own !== 'object' || own === null || Array.isArray(own)) {
    return refuse('has sentinel_kwargs that are no object.');
  }
  const { username, password, ssl, ...rest } = own as Given;
  const text = (value: unknown) => (value === undefined || value === null ? undefined : String(value));
  const given = Object.fromEntries(Object.entries(rest).filter(([key]) => key.startsWith('ssl_')));
  const tls = { of, shown, scheme: 'sentinel', kind: 'sentinel', host: '', query: {} } as const;
  return {
    sentinels: all.map(({ host, port }) => ({ host: host || '127.0.0.1', port: port ?? 26_379 })),
    name,
    Connector: SteadySentinels,
    sentinelRetryStrategy: () => null,
    // Sentinels are spoken to with what is theirs, and nothing else.
    sentinelUsername: text(username),
    sentinelPassword: text(password),
    sentinelTLS:
      ssl === true ? (readTls({ ...tls, options: { ssl_cert_reqs: 'required', ...given } }).client ?? {}) : undefined,
  };
}
