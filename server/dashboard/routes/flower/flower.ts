// Flower's HTTP API at Flower's paths, for the scripts that call it: every row registered, its parameters read, its wrong methods and
// preflights answered. It only translates: what is told comes from views/ and cluster/, what is done from operations/.
// Not here: our own API (shared/wire/routes.ts, below /api/v2), /metrics and /healthcheck (../health.ts).
// Holds: every row says who may; what is not known of a request is ignored, as Flower does; pages of other sites read and do nothing, but
// for those of trusted_origins.
// Flower: urls.py, api/
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { Logger } from '../../../log.ts';
import { isTrustedOrigin } from '../../access/origin.ts';
import type { OpenSocket } from '../../live/socket.ts';
import type { RouteContext } from '../context.ts';
import { answerFlowerError, FlowerError, sendJson } from './answer.ts';
import { CONTROL_ROUTES } from './control.ts';
import { eventSockets } from './events.ts';
import { LIMIT_ROUTES } from './limits.ts';
import { oldPages } from './old-pages.ts';
import { parametersOf } from './parameters.ts';
import type { FlowerRoute } from './route.ts';
import { SENDING_ROUTES } from './sending.ts';
import { TASK_ROUTES } from './tasks.ts';
import { WORKER_ROUTES } from './workers.ts';

export const FLOWER_ROUTES: readonly FlowerRoute[] = [
  ...WORKER_ROUTES,
  ...CONTROL_ROUTES,
  ...TASK_ROUTES,
  ...SENDING_ROUTES,
  ...LIMIT_ROUTES,
];

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** What a page of a trusted origin may send. */
const CORS = {
  'access-control-allow-methods': 'PUT, DELETE, OPTIONS, POST, GET, PATCH',
  'access-control-allow-headers': 'x-requested-with, access-control-allow-origin, authorization, content-type',
};

export interface FlowerParts {
  readonly log: Logger;
  context(): RouteContext;
  /** Answers with our pages. */
  sendPage(reply: FastifyReply): Promise<FastifyReply>;
  readonly sockets: Set<OpenSocket>;
}

/** @param app a scope of its own: how it reads bodies and tells of errors is for these paths alone */
export function flowerRoutes(app: FastifyInstance, { context, log, sendPage, sockets }: FlowerParts): void {
  app.setErrorHandler((error, request, reply) => answerFlowerError(error, request, reply, log));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    reply.header('vary', 'Origin');
    if (isTrustedOrigin(origin, context().options.trusted_origins))
      reply.headers({ ...CORS, 'access-control-allow-origin': origin });
  });
  app.addHook('onSend', async (_, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-cache');
  });
  for (const route of FLOWER_ROUTES) register(app, context, route);
  eventSockets(app, sockets, context);
  oldPages(app, context, sendPage);
}

function register(app: FastifyInstance, context: () => RouteContext, route: FlowerRoute): void {
  const { access, action, answer, errors, method, path } = route;
  const allowed = method.split(', ') as HTTPMethods[];
  const allow = [...allowed, ...(allowed.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  const config = { access, scripts: true, allow, ...(errors && { errors }) } as const;
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const name = (request.params as { '*'?: string })['*'] ?? '';
    const parameters = await parametersOf(request);
    const value = await answer({ context: context(), request, reply, parameters, name });
    return value === reply ? reply : sendJson(request, reply, value);
  };
  app.route({ method: allowed, url: path, config: { ...config, ...(action && { action }) }, handler: handle });
  app.route({
    method: METHODS.filter((one) => !allowed.includes(one)),
    url: path,
    config,
    handler: async () => {
      throw new FlowerError(405, 'Method not allowed');
    },
  });
  app.route({ method: 'OPTIONS', url: path, config, handler: async (_, reply) => reply.code(204).send() });
}
