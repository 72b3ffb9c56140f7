// /live: the feed by a WebSocket. A page that is refused, or one too many, is told by the frame that closes it: it cannot read how a
// handshake was answered.
// Not here: what the feed tells (../live/feed.ts), one page's reading of it (../live/socket.ts).
import type { WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CLOSE_TOO_MANY } from '../../../shared/wire/close-codes.ts';
import { LiveSocket, type OpenSocket } from '../live/socket.ts';
import { ProblemError, type RouteContext } from './context.ts';
import { routeOf } from './serve.ts';

/** Live pages, and readers of events by either way, at a time. */
export const MAX_SOCKETS = 500;

/** @param sockets those that are open */
export function liveRoute(api: FastifyInstance, sockets: Set<OpenSocket>, context: () => RouteContext): void {
  api.route({
    ...routeOf('GET /live'),
    compress: false,
    handler: async () => {
      throw new ProblemError(426, 'Upgrade required', 'This is the live feed: it is read by a WebSocket.', {
        headers: { upgrade: 'websocket' },
      });
    },
    wsHandler: (socket, request) =>
      admitSocket(socket, request, sockets, () => {
        const { feed, progress, timer } = context();
        return new LiveSocket(socket, feed, progress, timer, request.identity);
      }),
  });
}

/** One of `sockets` while it is open, unless it is refused or one too many. */
export function admitSocket(
  socket: WebSocket,
  { refusal }: FastifyRequest,
  sockets: Set<OpenSocket>,
  open: () => OpenSocket,
): void {
  if (refusal || sockets.size >= MAX_SOCKETS) {
    const { code, reason } = refusal ?? {
      code: CLOSE_TOO_MANY,
      reason: `More than ${MAX_SOCKETS} pages are open.`,
    };
    // A close frame holds 123 bytes of words.
    socket.close(
      code,
      Buffer.from(reason)
        .subarray(0, 123)
        .toString()
        .replace(/\ufffd+$/, ''),
    );
    return;
  }
  const one = open();
  sockets.add(one);
  socket.on('close', () => sockets.delete(one));
}
