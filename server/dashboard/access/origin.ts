// Whether a request comes from our own pages: against other sites' forms and scripts, and against names that are bent to this host.
// Not here: who the user is (basic.ts).
// Holds: what changes something, and every WebSocket, must be of the same origin; without authentication the Host must be a loopback
// name or an allowed one, since a foreign page could otherwise reach us through a DNS name of its own.
import { isLoopback } from '../options.ts';

export interface Asked {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
}

/** null: all is well. */
export function refuseOrigin({ host, origin, fetchSite }: Asked): string | null {
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
  return `The request's Origin ${origin} is not this server (${host ?? 'no Host'}).`;
}

/** null: all is well. */
export function refuseHost(host: string | undefined, allowed: readonly string[]): string | null {
  const name = hostName(host ?? '');
  if (isLoopback(name) || allowed.includes(name)) return null;
  return `Without authentication this dashboard answers only as localhost, not as ${JSON.stringify(name)}. Configure basic_auth, or name the host in allowed_hosts.`;
}

function hostName(host: string): string {
  const bracket = /^\[([^\]]+)\]/.exec(host);
  return (bracket ? bracket[1]! : host.replace(/:\d+$/, '')).toLowerCase();
}
