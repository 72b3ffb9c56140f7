// Who is at the other end of a connection, as the system says it.
// Not here: what proxies tell of whom they stand for (forwarded.ts).
// Holds: only who has come by a Unix socket has no address. Of a connection that was reset the system says none either, while what was
// sent by it can still be read: whoever is gone is not taken for this machine.
import type { Socket } from 'node:net';

export type Peer = Pick<Socket, 'remoteAddress' | 'localAddress' | 'destroyed'>;

const GONE = 'unknown';

/** An address, or 'unknown'; undefined: a Unix socket, of this machine. */
export function peerOf({ remoteAddress, localAddress, destroyed }: Peer): string | undefined {
  if (remoteAddress !== undefined) return remoteAddress;
  return localAddress !== undefined || destroyed ? GONE : undefined;
}
