// Whether a request comes from our own pages: against other sites' forms, scripts and pictures, and against names bent to this host.
// Not here: who the user is (basic.ts), what becomes of a refusal (gate.ts).
// Holds: what changes something, and every WebSocket, must be of the same origin or a trusted one; what only reads is refused to
// other sites too, but for a person who follows a link to a page. Without authentication the caller must be on this machine, by its
// socket and not by what it writes, and name a loopback or allowed host: a foreign page could reach us by a DNS name of its own.
import { isLoopback } from '../options.ts';

export interface Asked {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
}

export function isTrustedOrigin(origin: string | undefined, trusted: readonly string[]): boolean {
  return origin !== undefined && trusted.includes(origin.toLowerCase());
}

/** null: all is well. @param trusted further origins, as in the option trusted_origins */
export function refuseOrigin({ host, origin, fetchSite }: Asked, trusted: readonly string[] = []): string | null {
  if (isTrustedOrigin(origin, trusted)) return null;
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none')
    return `The request comes from another site (Sec-Fetch-Site: ${fetchSite}).`;
  if (origin === undefined) return null;
  try {
    // Through URL on both sides, so that a port that is the scheme's own may be written or not.
    const theirs = new URL(origin);
    if (theirs.host === new URL(`${theirs.protocol}//${host ?? ''}`).host) return null;
  } catch {
    // 'null', or a Host that is none: not ours.
  }
  return (
    `The request's Origin ${origin.slice(0, 200)} is not this server (Host: ${(host ?? 'none').slice(0, 200)}). ` +
    `Behind a proxy that changes Host, name the address of the pages in trusted_origins (--trusted-origins ${/^https?:\/\/[\w.:[\]-]+$/.test(origin) ? origin : 'https://...'}).`
  );
}

/** What a browser tells of a request that only reads. Older ones, and programs, tell nothing. */
export interface Read {
  readonly site: string | undefined;
  readonly mode: string | undefined;
  readonly dest: string | undefined;
  /** A path of the pages, not of the API. */
  readonly isPage: boolean;
  /** Pages of some other sites may frame ours: which, the browser holds to by the content security policy. */
  readonly mayBeFramed: boolean;
}

/** null: all is well. A link from another site, followed by a person, may open a page; nothing else of another site reads anything. */
export function refuseRead({ site, mode, dest, isPage, mayBeFramed }: Read): string | null {
  if (site === undefined || site === 'same-origin' || site === 'none') return null;
  if (isPage && mode === 'navigate' && (dest === 'document' || (mayBeFramed && dest === 'iframe'))) return null;
  return `The request comes from another site (Sec-Fetch-Site: ${site}): only links to pages may.`;
}

/** null: all is well. */
export function refuseHost(host: string | undefined, allowed: readonly string[]): string | null {
  const name = hostName(host ?? '');
  if (isLoopback(name) || allowed.includes(name)) return null;
  return `Without authentication this dashboard answers only as localhost, not as ${JSON.stringify(name)}. Configure basic_auth, or name the host in allowed_hosts.`;
}

/** null: all is well. @param address of the other end; undefined: no TCP (a Unix socket) */
export function refuseRemote(address: string | undefined): string | null {
  const plain = address?.replace(/^::ffff:/i, '');
  if (plain === undefined || isLoopback(plain)) return null;
  return 'Without authentication this dashboard answers only to its own machine. Configure basic_auth, or, where the server it is part of authenticates, set trust_server.';
}

function hostName(host: string): string {
  const bracket = /^\[([^\]]+)\]/.exec(host);
  return (bracket ? bracket[1]! : host.replace(/:\d+$/, '')).toLowerCase();
}
