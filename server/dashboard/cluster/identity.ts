// Which cluster this is, as far as its broker tells: what a history file remembers its owner by.
// Holds: the same broker written in several ways has one identity (localhost, 127.0.0.1; a default port or database said or not); no
// credentials in it.
import { resolve } from 'node:path';
import { parseUrl } from '../../transport/url.ts';

const DEFAULTS: Readonly<Record<string, { port: number; path: string }>> = {
  redis: { port: 6379, path: '0' },
  amqp: { port: 5672, path: '/' },
};
const SAME_SCHEME: Readonly<Record<string, string>> = { rediss: 'redis', amqps: 'amqp', pyamqp: 'amqp' };
const LOOPBACK: ReadonlySet<string> = new Set(['', 'localhost', '127.0.0.1', '::1']);

/** One for each address of a failover list. @param prefix `global_keyprefix`: clusters that share a database have different ones */
export function clusterAddresses(brokers: readonly string[], prefix = ''): string[] {
  return brokers.map((url) => {
    const { scheme: given, host, port, path } = parseUrl(url);
    const scheme = SAME_SCHEME[given] ?? given;
    if (scheme === 'sqlite') return `sqlite:///${resolve(path)}`;
    if (scheme === 'memory') return 'memory://';
    const standard = DEFAULTS[scheme];
    const name = LOOPBACK.has(host.toLowerCase()) ? 'localhost' : host.toLowerCase();
    const at = port ?? standard?.port;
    return `${scheme}://${name}${at ? `:${at}` : ''}/${path || (standard?.path ?? '')}${prefix ? `#${prefix}` : ''}`;
  });
}
