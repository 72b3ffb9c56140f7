// A server for a dashboard that has none: limits of requests and connections, what is refused before any route, the way to a prefix.
// Not here: the dashboard itself (plugin.ts).
import fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Logger } from '../log.ts';
import { SECURITY_HEADERS } from './access/headers.ts';
import { answerNotFound, answerProblem, rawProblem } from './routes/problem.ts';

/** @unit bytes */
const BODY_LIMIT = 1024 * 1024;
/** Address and headers: a query of some thousand letters of any alphabet fits. @unit bytes */
const MAX_HEADER = 64 * 1024;
/** A request must have come in within this, its headers within the other. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 10_000;
/** Connections at a time; browsers use up to six each. */
const MAX_CONNECTIONS = 2000;
/** @param prefix '' or '/prefix' */
export function createServer(plugin: FastifyPluginAsync, prefix: string, log: Logger): FastifyInstance {
  const app = fastify({
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
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  app.register(plugin, { prefix: prefix });
  if (prefix !== '') {
    // Outside of the prefix: nothing but the way to it.
    app.addHook('onRequest', async (_, reply) => void reply.headers(SECURITY_HEADERS));
    app.setNotFoundHandler(answerNotFound);
    app.get('/', async (_, reply) => reply.redirect(`${prefix}/`));
  }
  return app;
}
