// The dashboard as a Fastify plugin: what every request passes, then the API, the probes and the pages.
// Not here: each route (routes/), the gate's questions (access/), a server of its own (server.ts).
// Holds: it is registered before the history is open, and answers after; every error is problem+json and shows no stack.
import compress from '@fastify/compress';
import websocket from '@fastify/websocket';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { jsonText } from '../../shared/json-text.ts';
import { fromSegment } from '../../shared/path-segment.ts';
import type { Readiness } from '../../shared/wire/cluster.ts';
import type { ClustersReply } from '../../shared/wire/clusters.ts';
import type { PageOptions } from '../../shared/wire/page-options.ts';
import type { Logger } from '../log.ts';
import type { Door } from './access/door.ts';
import { type Gate, NOBODY, requireDeclaredAccess } from './access/gate.ts';
import { securityHeaders } from './access/headers.ts';
import { type Identity, PUBLIC, VIEWER } from './access/identity.ts';
import type { Rules } from './access/rules.ts';
import { isWebSocket, refuseUpgrade } from './access/upgrade.ts';
import { MAX_FRAME, type OpenSocket } from './live/socket.ts';
import { pageOptionsMeta } from './options/page-options.ts';
import { alertRoutes } from './routes/alerts.ts';
import { aliveRoutes } from './routes/alive.ts';
import { automationRoutes } from './routes/automations.ts';
import { readBodies } from './routes/body.ts';
import { brokerRoutes } from './routes/broker.ts';
import type { RouteContext } from './routes/context.ts';
import { describeRoutes, docsRoutes } from './routes/docs.ts';
import { EVENT_STREAM, eventRoutes } from './routes/events.ts';
import { flowerRoutes } from './routes/flower/flower.ts';
import { healthRoutes } from './routes/health.ts';
import { liveRoute } from './routes/live.ts';
import { loginRoutes } from './routes/login.ts';
import { operationRoutes } from './routes/operations.ts';
import { overviewRoutes } from './routes/overview.ts';
import { answerNotFound, answerProblem } from './routes/problem.ts';
import { queueRoutes } from './routes/queues.ts';
import { ruleRoutes } from './routes/rules.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { serveOn } from './routes/serve.ts';
import { sessionRoutes } from './routes/session.ts';
import { taskValueRoutes } from './routes/task-values.ts';
import { taskRoutes } from './routes/tasks.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { validatorOf } from './routes/validation.ts';
import { viewRoutes } from './routes/views.ts';
import { workerRoutes } from './routes/workers.ts';
import { workflowRoutes } from './routes/workflows.ts';
import { pages } from './spa.ts';

/** @unit bytes */
const COMPRESS_FROM = 2048;
const ROUTES = [
  taskRoutes,
  workflowRoutes,
  taskValueRoutes,
  workerRoutes,
  queueRoutes,
  overviewRoutes,
  alertRoutes,
  automationRoutes,
  scheduleRoutes,
  brokerRoutes,
  viewRoutes,
  operationRoutes,
  aliveRoutes,
];

export interface PluginParts {
  readonly gate: Gate;
  readonly door: Door;
  /** Of the cluster. */
  readonly rules: Rules;
  /** Whether anybody has to say who they are. */
  readonly isGuarded: boolean;
  readonly log: Logger;
  readonly version: string;
  /** Origins whose pages may show these in a frame. */
  readonly frameAncestors: readonly string[];
  /** Live pages that are open. */
  readonly sockets: Set<OpenSocket>;
  readonly pageOptions: PageOptions;
  /** Folder of the built pages; null: none. Not given: found beside the sources or in dist. */
  readonly folder: string | null | undefined;
  /** Another dashboard has the history. Resolves once that is known. */
  isStandingBy(): Promise<boolean>;
  /** Answers, or passes on to that one. @param where the route's path, and what stands before it */
  standIn(request: FastifyRequest, reply: FastifyReply, where: { path: string; prefix: string }): Promise<FastifyReply>;
  /** Begins, if nobody has; awaited by every request before `context` is asked. */
  ready(): Promise<unknown>;
  context(): RouteContext;
}

/** What a plugin is among those of several clusters. */
export interface Place {
  /** '/c/orders'; '': at the root, where the first cluster answers programs. */
  readonly mount: string;
  /** Where the pages are for which the root is asked; null: here. */
  readonly pagesAt: string | null;
  /** Those that this reader may see. */
  list(request: FastifyRequest): ClustersReply;
  /** How many are ready, at the root. */
  readonly readiness: (() => Readiness) | null;
}

/** What is registered once for a server, however many clusters it shows. */
export async function registerTransport(root: FastifyInstance): Promise<void> {
  // A server of yours that compresses already goes on doing so.
  if (!root.hasReplyDecorator('compress'))
    await root.register(compress, { threshold: COMPRESS_FROM, globalDecompression: false });
  await root.register(websocket, { options: { maxPayload: MAX_FRAME } });
}

/** @param place null: there is one cluster */
export function dashboardPlugin(parts: PluginParts, place: Place | null = null): FastifyPluginAsync {
  const { context, door, folder, gate, log, ready, sockets, version } = parts;
  const { signIn } = door;
  const mount = place?.mount ?? '';
  let hasStarted = false;
  const headers = securityHeaders(parts.frameAncestors);
  return async (root) => {
    const prefix = root.prefix.slice(0, root.prefix.length - mount.length);
    if (mount === '') door.cookies.mount(prefix);
    root.decorateRequest<Identity | null>('identity', null);
    root.decorateRequest('refusal', null);
    root.decorateRequest('outerPrefix', '');
    root.setErrorHandler((error, request, reply) => answerProblem(error, request, reply, log));
    root.setNotFoundHandler(answerNotFound);
    root.setSerializerCompiler(() => jsonText);
    root.setValidatorCompiler(({ schema, httpPart }) => validatorOf(schema, httpPart));
    readBodies(root);
    root.addHook('onRoute', requireDeclaredAccess);
    root.addHook('onRequest', async (request, reply) => {
      reply.headers(headers);
      request.identity = NOBODY;
      request.outerPrefix = gate.outerPrefix(request, prefix) + mount;
      refuseUpgrade(request, reply);
      if (reply.sent) return reply;
      // As the router read it: an escaped letter makes no page of the API.
      const path = (request.routeOptions.url ?? request.url.split('?')[0] ?? '').slice(root.prefix.length);
      if (await parts.isStandingBy()) return parts.standIn(request, reply, { path, prefix: root.prefix });
      request.refusal = await gate.admit(request, reply, path, prefix);
      if (reply.sent) return reply;
      await ready();
      hasStarted = true;
      return undefined;
    });
    root.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url?.slice(root.prefix.length) || null;
      // A stream takes as long as its reader likes.
      if (hasStarted && !String(reply.getHeader('content-type')).startsWith(EVENT_STREAM))
        context()
          .metrics()
          .request(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
      // A refused upgrade leaves a socket that no server closes: it would hold up our own end.
      const { upgrade } = request.headers;
      if (upgrade !== undefined && (reply.statusCode >= 400 || !isWebSocket(upgrade))) request.raw.socket.destroySoon();
    });
    // After the hooks above: what is no WebSocket is told from one before it is taken for one.
    if (place === null) await registerTransport(root);
    await describeRoutes(root, version);
    await root.register(async (api) => {
      api.addHook('onSend', async (_, reply) => {
        if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
      });
      api.addHook('preValidation', async ({ params }) => {
        const named = params as Record<string, string>;
        for (const key of Object.keys(named)) named[key] = fromSegment(named[key]!);
      });
      const serve = serveOn(api, context);
      for (const routes of ROUTES) routes(serve);
      tokenRoutes(serve, door);
      sessionRoutes(serve, door);
      ruleRoutes(serve, door, parts.rules);
      healthRoutes(serve, place?.readiness ?? null);
      if (place !== null) serve('GET /clusters', async (_, request) => place.list(request));
      eventRoutes(serve, sockets);
      docsRoutes(serve, root);
      liveRoute(api, sockets, context);
    });
    // Below /api nothing is a page; nor is a worker without a name, or with one longer than a worker's can be: a probe would take a
    // page for a sign of life.
    for (const path of ['/api', '/api/*'])
      root.all(path, { config: VIEWER }, async (request, reply) => answerNotFound(request, reply));
    for (const path of ['/alive', '/alive/*'])
      root.get(path, { config: PUBLIC }, async (request, reply) => answerNotFound(request, reply));
    const { sendPage, sendSignIn } = await pages(root, folder, pageOptionsMeta(parts.pageOptions), place);
    loginRoutes(root, parts.isGuarded, signIn, { sendPage, sendSignIn });
    await root.register(async (flower) => flowerRoutes(flower, { context, log, sendPage, sockets }));
  };
}
