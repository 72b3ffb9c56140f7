// /live: the feed by a WebSocket. A page that is refused, or one too many, is told by the frame that closes it: it cannot read how a
// handshake was answered.
// Not here: what the feed tells (../live/feed.ts), one page's reading of it (../live/socket.ts).
import type { WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CLOSE_TOO_MANY } from '../../../shared/wire/close-codes.ts';
import { LiveSocket } from '../live/socket.ts';
import { ProblemError, type RouteContext } from './context.ts';
import { routeOf } from './serve.ts';

/** Live pages at a time. */
const MAX_SOCKETS = 500;

/** @param sockets those that are open */
export function liveRoute(api: FastifyInstance, sockets: Set<LiveSocket>, context: () => RouteContext): void {
  const liveSocket = (socket: WebSocket, request: FastifyRequest): void => {
    const { code, reason } = request.refusal ?? {
      code: CLOSE_TOO_MANY,
      reason: `More than ${MAX_SOCKETS} pages are open.`,
    };
    if (request.refusal || sockets.size >= MAX_SOCKETS) {
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
    const { feed, progress, timer } = context();
    const live = new LiveSocket(socket, feed, progress, timer, request.identity);
    sockets.add(live);
    socket.on('close', () => sockets.delete(live));
  };
  api.route({
    ...routeOf('GET /live'),
    compress: false,
    handler: async () => {
      throw new ProblemError(426, 'Upgrade required', 'This is the live feed: it is read by a WebSocket.', {
        headers: { upgrade: 'websocket' },
      });
    },
    wsHandler: liveSocket,
  });
}
