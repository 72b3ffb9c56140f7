// /api/task/events/task-*/: a WebSocket that tells each task event of one kind as it is heard, of one task or of all; as Flower had it until 1.1.
// Not here: our own streams (routes/live.ts).
// Holds: an event is told as it came, its secrets masked; who reads too slowly is closed and told so, rather than spared some.
// Flower 1.0: api/events.py
import type { WebSocket } from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import { jsonText } from '../../../../shared/json-text.ts';
import { CLOSE_REFUSED } from '../../../../shared/wire/close-codes.ts';
import type { Identity } from '../../access/identity.ts';
import type { ClusterView } from '../../cluster/view.ts';
import type { OpenSocket } from '../../live/socket.ts';
import type { RouteContext } from '../context.ts';
import { admitSocket } from '../live.ts';
import { FlowerError } from './answer.ts';

const KINDS = ['sent', 'received', 'started', 'succeeded', 'failed', 'revoked', 'retried', 'custom'] as const;
/** What may wait for one reader. */
const HIGH = 1024 * 1024;
const PING_MS = 25_000;

class EventSocket implements OpenSocket {
  readonly reader: Identity;
  readonly #socket: WebSocket;

  /** @param uuid '': of every task */
  constructor(socket: WebSocket, cluster: ClusterView, reader: Identity, type: string, uuid: string) {
    this.reader = reader;
    this.#socket = socket;
    const unsubscribe = cluster.onEvents((events) => {
      for (const event of events) {
        if (event.type !== type || (uuid !== '' && event.uuid !== uuid) || socket.readyState !== 1) continue;
        if (socket.bufferedAmount > HIGH) socket.close(1013, 'Read too slowly: events would be missed.');
        else socket.send(jsonText(event));
      }
    });
    let isThere = true;
    socket.on('pong', () => {
      isThere = true;
    });
    const pings = cluster.timer.every(PING_MS, () => {
      if (!isThere && socket.bufferedAmount === 0) return socket.terminate();
      isThere = false;
      socket.ping();
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      unsubscribe();
      pings.cancel();
    });
  }

  bye(reason: string, code = 1001): void {
    this.#socket.close(code, reason);
  }

  refuse(reason: string): void {
    this.bye(reason, CLOSE_REFUSED);
  }
}

/** @param sockets those that are open */
export function eventSockets(app: FastifyInstance, sockets: Set<OpenSocket>, context: () => RouteContext): void {
  for (const kind of KINDS) {
    const url = `/api/task/events/task-${kind}/*`;
    const config = { access: 'viewer', scripts: true, allow: 'GET' } as const;
    // As Tornado's WebSocketHandler, which has no other method than GET.
    app.route({
      method: ['POST', 'PUT', 'PATCH', 'DELETE'],
      url,
      config,
      handler: async () => {
        throw new FlowerError(405, 'Method not allowed');
      },
    });
    app.route<{ Params: { '*': string } }>({
      method: 'GET',
      url,
      config: { ...config, upgrade: 'websocket' },
      handler: async () => {
        throw new FlowerError(426, 'These are events, as they come: they are read by a WebSocket.');
      },
      wsHandler: (socket, request) =>
        admitSocket(
          socket,
          request,
          sockets,
          () => new EventSocket(socket, context().cluster, request.identity, `task-${kind}`, request.params['*']),
        ),
    });
  }
}
