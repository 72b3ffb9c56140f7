// Where a Redis is, which database, and who asks: the URL of a broker or of a result store, read once into the driver's options.
// redis://[user:password@]host:port/db, rediss://... (TLS), redis+socket:///path?virtual_host=db, sentinel://a;sentinel://b with the
// option master_name. Certificates: tls.ts. What else options say: options.ts (broker), backends/redis-client.ts (store).
// Holds: no secret is in `safeUrl`, `identity` or an error; what cannot be an address is refused here, not by the driver.
// Kombu 5.6: transport/redis.py _connparams, SentinelChannel; Celery 5.6: backends/redis.py _params_from_url, SentinelBackend
import type { RedisOptions } from 'ioredis';
import { ImproperlyConfigured } from '../../errors.ts';
import { isUrl, type ParsedUrl, parseUrl, safeUrl, splitUrls } from '../url.ts';
import { SteadySentinels } from './sentinel.ts';
import { readTls, type TlsOptions } from './tls.ts';

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
  readonly of: 'broker' | 'result store';
  /** `broker_transport_options` or `result_backend_transport_options`: master_name, sentinel_kwargs. */
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

const UNREADABLE =
  'cannot be read: write redis://[user:password@]host:port/database, with percent escapes for / ? # @ : % in user and password ' +
  '(encodeURIComponent).';
const OPTIONS = { broker: 'broker_transport_options', 'result store': 'result_backend_transport_options' } as const;

export function readAddress(source: AddressSource): RedisAddress {
  const { of, otherwise = {} } = source;
  const shown = safeUrl(source.url);
  const refuse = (why: string): never => {
    throw new ImproperlyConfigured(`The URL of the ${of}, ${shown}, ${why}`);
  };
  const urls = splitUrls(source.url);
  // What stands in a bare word (`result_backend: 'redis'`) is all in settings.
  const bare = /^\w+$/.test(source.url);
  if (!bare && !urls.every(isUrl)) refuse(UNREADABLE);
  const all = urls.map(parseUrl);
  for (const { port } of all)
    if (port !== null && (port < 1 || port > 65_535)) refuse(`has no port ${port}: 1 to 65535.`);
  const first = all[0]!;
  const kind = first.scheme === 'sentinel' ? 'sentinel' : /^(redis\+)?socket$/.test(first.scheme) ? 'socket' : 'host';
  if (all.some((one) => one.scheme !== first.scheme) || (kind !== 'sentinel' && all.length > 1)) {
    refuse('names several servers: that can be a list of sentinels (sentinel://a;sentinel://b), all of them.');
  }
  if (first.query.credential_provider ?? source.options.credential_provider) {
    refuse('names a credential_provider, which is a Python class: give user and password.');
  }
  // Of several sentinels any may carry what concerns the server behind them.
  const named = all.find((one) => one.password !== null) ?? first;
  const username = first.query.username ?? named.username ?? otherwise.username;
  const password = first.query.password ?? named.password ?? otherwise.password;
  if (kind !== 'socket' && all.some(({ path }) => path.includes('@'))) refuse(UNREADABLE);
  const text = databaseText(
    kind,
    all.find((one) => one.path !== '') ?? first,
    bare || kind === 'socket' ? otherwise.db : null,
  );
  const db = /^\d*$/.test(text) ? Number(text) : refuse(`has to name a database by its number, not '${text}'.`);
  const tls = readTls({ ...first, of, shown, kind, options: source.ssl });
  const where = kind === 'sentinel' ? sentinels() : kind === 'socket' ? socket() : host();

  function host(): RedisOptions {
    return {
      host: first.host || otherwise.host || '127.0.0.1',
      port: first.port ?? otherwise.port ?? 6379,
      ...(tls.client ? { tls: tls.client } : {}),
    };
  }

  function socket(): RedisOptions {
    if (first.path === '') refuse('names no socket: write redis+socket:///path/to/redis.sock.');
    return { path: `/${first.path.replace(/^\/+/, '')}` };
  }

  function sentinels(): RedisOptions {
    const { master_name: name, sentinel_kwargs: own = {} } = source.options;
    if (typeof name !== 'string' || name === '') {
      return refuse(`needs the name of the master: ${OPTIONS[of]}: { master_name: 'mymaster' }.`);
    }
    if (typeof own !== 'object' || own === null || Array.isArray(own))
      return refuse('has sentinel_kwargs that are no object.');
    return {
      sentinels: all.map((one) => ({ host: one.host || '127.0.0.1', port: one.port ?? 26_379 })),
      name,
      Connector: SteadySentinels,
      sentinelRetryStrategy: () => null,
      ...askingSentinels(own as Given, { of, shown }),
      ...(tls.client ? { tls: tls.client, enableTLSForSentinelMode: true } : {}),
    };
  }

  return {
    safeUrl: shown,
    identity: JSON.stringify([where.path ?? where.sentinels ?? [where.host, where.port], where.name, db]),
    db,
    client: {
      ...where,
      ...(username ? { username, password: password ?? '' } : password ? { password } : {}),
      db,
    },
    warning: tls.warning,
  };
}

/** Celery: a query's `db` first. A socket's path is no database. `redis_db` counts for a socket and for the bare word 'redis' only. */
function databaseText(kind: string, { path, query }: ParsedUrl, otherwise: number | null | undefined): string {
  const text = query.db ?? (kind === 'socket' ? null : path || null) ?? query.virtual_host ?? otherwise;
  return String(text ?? '').replace(/^\/+|\/+$/g, '');
}

/** How the sentinels themselves are spoken to: with what `sentinel_kwargs` says, and nothing else. */
function askingSentinels(own: Given, source: { of: 'broker' | 'result store'; shown: string }): RedisOptions {
  const text = (name: string) => (typeof own[name] === 'string' ? (own[name] as string) : undefined);
  let sentinelTLS: TlsOptions | undefined;
  if (own.ssl === true) {
    const given = Object.entries(own).filter(([name]) => name.startsWith('ssl_'));
    const options = { ssl_cert_reqs: 'required', ...Object.fromEntries(given) };
    sentinelTLS =
      readTls({ ...source, scheme: 'sentinel', kind: 'sentinel', host: '', query: {}, options }).client ?? {};
  }
  return { sentinelUsername: text('username'), sentinelPassword: text('password'), sentinelTLS };
}
