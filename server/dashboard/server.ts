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
/** How often it is looked which are late: Node's own interval lets one that says nothing stay for 40 s. */
const LOOK_MS = 2000;
/** Connections at a time; browsers use up to six each. */
const MAX_CONNECTIONS = 2000;
const LOG_DROPPED_EVERY_MS = 60_000;

/** With TLS as without. Without a Host it is refused by us, with the headers of every answer (access/upgrade.ts). */
const LIMITS = {
  maxHeaderSize: MAX_HEADER,
  headersTimeout: HEADERS_MS,
  connectionsCheckingInterval: LOOK_MS,
  requireHostHeader: false,
};

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
    http: LIMITS,
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
    rewriteUrl: ({ url = '/' }) => (url === '*' ? `${prefix}/api/*` : isBelow(prefix, url) ? url : prefix + url),
    ...(tls === null ? {} : { https: { ...LIMITS, handshakeTimeout: HEADERS_MS, ...tls } as unknown as null }),
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  app.server.on('checkExpectation', answerExpectation);
  app.server.on('connect', (_: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    socket.end(rawNoTunnel(), () => socket.destroy());
  });
  app.server.on('drop', logsDropped(log));
  app.register(plugin, { prefix });
  return app;
}

/** Connections that were closed unanswered, the first at once and then how many in a minute. */
function logsDropped(log: Logger): () => void {
  let dropped = 0;
  let loggedMs = Number.NEGATIVE_INFINITY;
  return () => {
    dropped++;
    const nowMs = performance.now();
    if (nowMs - loggedMs < LOG_DROPPED_EVERY_MS) return;
    log.warning(
      `${MAX_CONNECTIONS} connections are open: ${dropped === 1 ? 'a further one was' : `${dropped} further ones were`} closed unanswered`,
    );
    loggedMs = nowMs;
    dropped = 0;
  };
}

/** Also what is no path at all: it is answered as it stands. */
function isBelow(prefix: string, url: string): boolean {
  if (prefix === '' || !url.startsWith('/')) return true;
  return url.startsWith(prefix) && /^([/?#]|$)/.test(url.slice(prefix.length));
}
