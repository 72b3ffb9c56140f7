// Which cluster this is, as far as its broker tells: what a history file remembers its owner by.
// Holds: the same broker written in several ways has one identity (localhost, 127.0.0.1; a default port or database said or not), and two have
// two (databases of one server or socket, masters of the same sentinels); no credentials in it, whatever the URL is.
import { resolve } from 'node:path';
import { databaseOf, placeOf, takeApart } from '../../transport/redis/place.ts';
import { isUrl, parseUrl, safeUrl, splitFailover } from '../../transport/url.ts';

const DEFAULTS: Readonly<Record<string, { port: number; path: string }>> = {
  redis: { port: 6379, path: '0' },
  amqp: { port: 5672, path: '/' },
};
const SAME_SCHEME: Readonly<Record<string, string>> = {
  rediss: 'redis',
  amqps: 'amqp',
  pyamqp: 'amqp',
  pyamqps: 'amqp',
};
const LOOPBACK: ReadonlySet<string> = new Set(['', 'localhost', '127.0.0.1', '::1']);
const SENTINEL_PORT = 26_379;

/** Of `broker_transport_options`. */
export interface ClusterOptions {
  /** Clusters that share a database have different ones. */
  readonly global_keyprefix?: unknown;
  /** Clusters that share sentinels have different ones. */
  readonly master_name?: unknown;
}

/** One for each address of a failover list, and for each sentinel: any of them is enough to know the cluster by. */
export function clusterAddresses(brokers: readonly string[], options: ClusterOptions = {}): string[] {
  return splitFailover(brokers).flatMap((url) => addressesOf(url, options));
}

function addressesOf(url: string, { global_keyprefix: prefix, master_name: master }: ClusterOptions): string[] {
  const { scheme: given, host, port, path } = parseUrl(url);
  const scheme = SAME_SCHEME[given] ?? given;
  if (scheme === 'memory') return ['memory://'];
  // What cannot be taken apart may have a password anywhere.
  const refuse = (): never => {
    throw new Error('no address');
  };
  const mark = prefix ? `#${String(prefix)}` : '';
  try {
    if (/^(redis(\+socket)?|sentinel)$/.test(scheme)) {
      const { kind, all } = takeApart(url, refuse);
      const db = databaseOf(kind, all.find((one) => one.path !== '') ?? all[0]!, null, refuse);
      const name = encodeURIComponent(String(master ?? ''));
      return all.map((one) => {
        if (kind === 'sentinel')
          return `sentinel://${placed(one.host, one.port ?? SENTINEL_PORT)}/${db}?master_name=${name}${mark}`;
        const place = placeOf(kind, one, {}, refuse);
        if ('path' in place) return `redis+socket://${place.path}?db=${db}${mark}`;
        return `redis://${placed(place.host, place.port)}/${db}${mark}`;
      });
    }
    if (!isUrl(url) && path !== '') refuse();
  } catch {
    return [safeUrl(url)];
  }
  if (scheme === 'sqlite') return [`sqlite:///${resolve(path)}`];
  const standard = DEFAULTS[scheme];
  return [`${scheme}://${placed(host, port ?? standard?.port)}/${path || (standard?.path ?? '')}${mark}`];
}

function placed(host: string, port: number | undefined): string {
  const name = LOOPBACK.has(host.toLowerCase()) ? 'localhost' : host.toLowerCase();
  return `${name}${port ? `:${port}` : ''}`;
}

/**
 * As histories have them that were begun before databases, masters and sentinels were told apart: one whose file says that is known by it,
 * once. They may hold passwords: to compare, not to show.
 */
export function formerAddresses(
  brokers: readonly string[],
  { global_keyprefix: prefix }: ClusterOptions = {},
): string[] {
  return brokers.map((url) => {
    const { scheme: given, host, port, path } = parseUrl(url);
    const scheme = given === 'pyamqps' ? given : (SAME_SCHEME[given] ?? given);
    if (scheme === 'sqlite') return `sqlite:///${resolve(path)}`;
    if (scheme === 'memory') return 'memory://';
    const standard = DEFAULTS[scheme];
    const mark = prefix ? `#${String(prefix)}` : '';
    return `${scheme}://${placed(host, port ?? standard?.port)}/${path || (standard?.path ?? '')}${mark}`;
  });
}
