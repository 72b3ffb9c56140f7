// A server for a dashboard that has none: limits of requests and connections, what is refused before any route, the way to a prefix.
// Not here: the dashboard itself (plugin.ts).
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Logger } from '../log.ts';
import { answerExpectation, answerProblem, rawNoTunnel, rawProblem } from './routes/problem.ts';
import type { ServerTls } from './tls.ts';

/** @unit bytes */
const BODY_LIMIT = 1024 * 1024;
/** Address and headers: a query of some thousand letters of any alphabet fits. @unit bytes */
const MAX_HEADER = 64 * 1024;
/** A request must have come in within this, its headers within the other. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 10_000;
/** Connections at a time; browsers use up to six each. */
const MAX_CONNECTIONS = 2000;

export interface ServerOptions {
  /** '' or '/prefix' */
  readonly prefix: string;
  /** null: plain HTTP. */
  readonly tls: ServerTls | null;
}

export function createServer(plugin: FastifyPluginAsync, { prefix, tls }: ServerOptions, log: Logger): FastifyInstance {
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    requestTimeout: REQUEST_MS,
    // Without a Host it is refused by us, with the headers of every answer (access/upgrade.ts).
    http: { maxHeaderSize: MAX_HEADER, headersTimeout: HEADERS_MS, requireHostHeader: false },
    routerOptions: { maxParamLength: 1024 },
    // What is refused before any route is found, an address with a bad escape for instance.
    frameworkErrors: (error, request, reply) =>
      answerProblem(error, request as FastifyRequest, reply as FastifyReply, log),
    clientErrorHandler: (error, socket) => {
      if (socket.writable && error.code !== 'ECONNRESET') socket.end(rawProblem(error));
      else socket.destroy();
    },
    ajv: {},
    // A proxy may take the prefix away or leave it.
    rewriteUrl: ({ url = '/' }) => (isBelow(prefix, url) ? url : prefix + url),
    ...(tls === null ? {} : { https: tls as unknown as null }),
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  app.server.on('checkExpectation', answerExpectation);
  app.server.on('connect', (_: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    socket.end(rawNoTunnel(), () => socket.destroy());
  });
  app.register(plugin, { prefix });
  return app;
}

/** Also what is no path at all: it is answered as it stands. */
function isBelow(prefix: string, url: string): boolean {
  if (prefix === '' || !url.startsWith('/')) return true;
  return url.startsWith(prefix) && /^([/?#]|$)/.test(url.slice(prefix.length));
}
