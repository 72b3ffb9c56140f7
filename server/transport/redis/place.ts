// Which server, sentinels or socket a Redis URL means, and which database of it.
// Not here: who asks, and how (address.ts). Loads no driver: also who only compares addresses reads them so.
// Kombu 5.6: transport/redis.py _connparams; Celery 5.6: backends/redis.py _params_from_url
import { isUrl, type ParsedUrl, parseUrl, splitUrls } from '../url.ts';

const UNREADABLE =
  'cannot be read: write redis://[user:password@]host:port/database, with percent escapes for / ? # @ : % in user and password ' +
  '(encodeURIComponent).';

export type Kind = 'host' | 'socket' | 'sentinel';
/** Throws, with what is wrong. */
export type Refuse = (why: string) => never;

/** All of several sentinels; a bare word (`redis`) has the rest elsewhere. */
export function takeApart(url: string, refuse: Refuse): { kind: Kind; all: readonly ParsedUrl[]; bare: boolean } {
  const urls = splitUrls(url);
  // Of a bare word (`result_backend: 'redis'`) all else stands in settings.
  const bare = /^\w+$/.test(url);
  if (!bare && !urls.every(isUrl)) refuse(UNREADABLE);
  const all = urls.map(parseUrl);
  const { scheme } = all[0]!;
  const kind = scheme === 'sentinel' ? 'sentinel' : /^(redis\+)?socket$/.test(scheme) ? 'socket' : 'host';
  if (all.some((one) => one.scheme !== scheme) || (kind !== 'sentinel' && all.length > 1)) {
    refuse('names several servers: that can be a list of sentinels (sentinel://a;sentinel://b), all of them.');
  }
  for (const { port, path } of all) {
    if (port !== null && (port < 1 || port > 65_535)) refuse(`has no port ${port}: 1 to 65535.`);
    // It may be the end of a password.
    if (kind !== 'socket' && path.includes('@')) refuse(UNREADABLE);
  }
  return { kind, all, bare };
}

/** Celery: a query's `db` first; a socket's path is no database. */
export function databaseOf(
  kind: Kind,
  { path, query }: ParsedUrl,
  otherwise: number | null | undefined,
  refuse: Refuse,
): number {
  const text = query.db ?? (kind === 'socket' ? null : path || null) ?? query.virtual_host ?? otherwise ?? '';
  const digits = String(text).replace(/^\/+|\/+$/g, '');
  return /^\d*$/.test(digits) ? Number(digits) : refuse(`has to name a database by its number, not '${digits}'.`);
}

export function placeOf(
  kind: Kind,
  { host, port, path }: ParsedUrl,
  otherwise: { readonly host?: string | null; readonly port?: number | null },
  refuse: Refuse,
): { host: string; port: number } | { path: string } {
  if (kind === 'host') return { host: host || otherwise?.host || '127.0.0.1', port: port ?? otherwise?.port ?? 6379 };
  if (path === '') refuse('names no socket: write redis+socket:///path/to/redis.sock.');
  return { path: `/${path.replace(/^\/+/, '')}` };
}
