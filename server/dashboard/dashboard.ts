// createDashboard(options): a Fastify plugin and a server of its own. What is wired to what, and in which order it starts and stops.
// Not here: what each room does: cluster/ (now), history/ (then), live/ (to browsers), access/ (who may), operations/, routes/.
// Holds: it listens before it has read its history, and serves pages before the broker answers; every error is problem+json and
// shows no stack; stopping writes what is pending.
// Flower: app.py
import { readFileSync } from 'node:fs';
import compress from '@fastify/compress';
import helmet from '@fastify/helmet';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import websocket from '@fastify/websocket';
import fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { jsonText } from '../../shared/json-text.ts';
import { createMasking, NO_MASKING } from '../../shared/masking.ts';
import { fromSegment } from '../../shared/path-segment.ts';
import { ImproperlyConfigured, OperationalError, toError } from '../errors.ts';
import { createLogger, type Logger } from '../log.ts';
import { createTimer, type Timer } from '../timer.ts';
import { checkBasic } from './access/basic.ts';
import { PERMISSIONS_POLICY, SECURITY_HEADERS } from './access/headers.ts';
import { refuseHost, refuseOrigin } from './access/origin.ts';
import { Attention } from './attention/attention.ts';
import { Cluster } from './cluster/cluster.ts';
import { clusterAddresses } from './cluster/identity.ts';
import { ClusterLink } from './cluster/link.ts';
import { QueryTooCostly } from './history/budget.ts';
import type { HistoryStore } from './history/contract.ts';
import { openHistory } from './history/sqlite.ts';
import { Feed } from './live/feed.ts';
import { LiveSocket, MAX_FRAME } from './live/socket.ts';
import type { OperationDesk } from './operations/contract.ts';
import { Follower } from './operations/follow.ts';
import { Interventions } from './operations/interventions.ts';
import { StartRates } from './operations/start-rates.ts';
import { type DashboardOptions, type Resolved, resolveOptions } from './options.ts';
import { aliveRoutes } from './routes/alive.ts';
import { ProblemError, type RouteContext } from './routes/context.ts';
import { docsRoutes } from './routes/docs.ts';
import { EventTally } from './routes/event-tally.ts';
import { healthRoutes } from './routes/health.ts';
import { Metrics } from './routes/metrics.ts';
import { operationRoutes } from './routes/operations.ts';
import { overviewRoutes } from './routes/overview.ts';
import { queueRoutes } from './routes/queues.ts';
import { taskValueRoutes } from './routes/task-values.ts';
import { taskRoutes } from './routes/tasks.ts';
import { workerRoutes } from './routes/workers.ts';
import { pages } from './spa.ts';
import { Waiting } from './waiting/waiting.ts';

export type { DashboardOptions } from './options.ts';

/** What tests and embedding programs may hand in. */
export interface DashboardParts {
  readonly timer?: Timer;
  readonly log?: Logger;
  /** Folder of the built pages; null: none. Default: found beside the sources or in dist. */
  readonly pages?: string | null;
}

export interface Dashboard {
  /** The server of its own, with the plugin under `url_prefix`. `inject` works without listening. */
  readonly app: FastifyInstance;
  /** Everything as a plugin, for a Fastify server of yours; call `start` or let the first request do it, and `close` at the end. */
  readonly plugin: FastifyPluginAsync;
  readonly options: Resolved;
  /** Open the history and begin to listen to the cluster. Resolves before the broker answers. */
  start(): Promise<Cluster>;
  /** Start and serve; the address as a URL. */
  listen(): Promise<string>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const isOpen = (path: string): boolean => OPEN_PATHS.has(path) || path.startsWith('/alive/');
const OPEN_PATHS = new Set(['/healthcheck', '/readyz', '/metrics']);
/** Operations of the audit log whose traces tasks and limits may still bear. */
const REMEMBERED = 500;
const BODY_LIMIT = 1024 * 1024;
/** @unit bytes */
const COMPRESS_FROM = 2048;

export function createDashboard(given: DashboardOptions = {}, parts: DashboardParts = {}): Dashboard {
  const options = resolveOptions(given);
  const timer = parts.timer ?? createTimer({ unref: true });
  const log = (parts.log ?? createLogger({ level: 'WARNING' })).child('dashboard');
  const version = packageVersion();
  const link = new ClusterLink(options, timer, log);
  const lateHistory = late<HistoryStore>();
  const masking = options.mask_secrets ? createMasking(options.redact) : NO_MASKING;
  const cluster = new Cluster(options, link, lateHistory.value, timer, log, masking);
  const attention = new Attention(cluster, timer, log.child('attention'));
  const feed = new Feed(cluster, timer, version);
  const sockets = new Set<LiveSocket>();
  const tally = new EventTally();
  cluster.onEvents((events) => tally.add(events, (uuid) => cluster.state.tasks.get(uuid)?.name ?? null));
  cluster.onBatch((batch) => {
    for (const hostname of batch.workersGone) tally.forgetWorker(hostname);
  });
  const interventions = new Interventions();
  const waiting = new Waiting(cluster, interventions);
  const rates = new StartRates(() => timer.now() / 1000);
  cluster.onEvents((events) => rates.take(events, (uuid) => cluster.state.tasks.get(uuid)?.name ?? null));
  const follower = new Follower(timer, feed, lateHistory.value);
  const desk: OperationDesk = { cluster, feed, waiting, interventions, rates, follower };
  const context: RouteContext = {
    cluster,
    attention,
    feed,
    waiting,
    desk,
    options,
    masking,
    version,
    timer,
  };
  let metrics: Promise<Metrics> | null = null;
  let starting: Promise<Cluster> | null = null;
  let closed = false;

  const start = (): Promise<Cluster> => {
    starting ??= (async () => {
      const prefix = (options.settings.broker_transport_options as { global_keyprefix?: string } | undefined)
        ?.global_keyprefix;
      const addresses = clusterAddresses(options.broker, prefix);
      lateHistory.set(await openHistory(options.db, { timer, log, cluster: addresses, adopt: options.adopt_history }));
      await cluster.start();
      attention.start();
      // The newest come first.
      for (const record of (await cluster.history.operations(null, REMEMBERED)).reverse()) interventions.note(record);
      timer.every(10_000, () => {
        if (tally.runtimes.length > 0) void readMetrics().then((m) => m.drain());
      });
      return cluster;
    })();
    return starting;
  };
  const readMetrics = (): Promise<Metrics> => {
    metrics ??= Metrics.create(context, tally);
    return metrics;
  };

  const plugin: FastifyPluginAsync = async (root) => {
    root.decorateRequest('user', null);
    root.setErrorHandler((error, request, reply) => problem(error, request, reply, log));
    root.setNotFoundHandler((request, reply) => {
      send(reply, 404, 'Not found', `There is no ${request.method} ${request.url.split('?')[0]}.`);
    });
    root.setSerializerCompiler(() => jsonText);
    root.setValidatorCompiler(({ schema }) => validator(schema));
    await root.register(helmet, SECURITY_HEADERS);
    // A server of yours that compresses already goes on doing so.
    if (!root.hasReplyDecorator('compress'))
      await root.register(compress, { threshold: COMPRESS_FROM, globalDecompression: false });
    root.addHook('onRequest', async (request, reply) => {
      reply.header('permissions-policy', PERMISSIONS_POLICY);
      admit(request, reply, root.prefix);
      await start();
    });
    root.addHook('onResponse', async (request, reply) => {
      // A refused upgrade leaves a socket that no server closes: it would hold up our own end.
      if (request.headers.upgrade !== undefined && reply.statusCode >= 400) request.raw.socket.destroySoon();
    });
    await root.register(websocket, { options: { maxPayload: MAX_FRAME } });
    await root.register(
      async (api) => {
        api.addHook('onSend', async (_, reply) => {
          if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
        });
        api.addHook('preValidation', async ({ params }) => {
          const named = params as Record<string, string>;
          for (const key of Object.keys(named)) named[key] = fromSegment(named[key]!);
        });
        await docsRoutes(api, version);
        const typed = api.withTypeProvider<TypeBoxTypeProvider>();
        taskRoutes(typed, context);
        taskValueRoutes(typed, context);
        workerRoutes(typed, context);
        queueRoutes(typed, context);
        overviewRoutes(typed, context);
        operationRoutes(typed, context);
        api.get('/live', { websocket: true, compress: false }, (socket, request) => {
          const live = new LiveSocket(socket, feed, timer, request.user);
          sockets.add(live);
          socket.on('close', () => sockets.delete(live));
        });
        api.all('/*', async (request) => {
          throw new ProblemError(404, 'Not found', `There is no ${request.method} ${request.url.split('?')[0]}.`);
        });
      },
      { prefix: '/api/v2' },
    );
    healthRoutes(root, context, readMetrics);
    aliveRoutes(root.withTypeProvider<TypeBoxTypeProvider>(), context);
    await pages(root, parts.pages);
  };

  /** Who asks, and may they? */
  const admit = (request: FastifyRequest, reply: FastifyReply, prefix: string): void => {
    const path = request.url.slice(prefix.length).split('?')[0] ?? '';
    if (options.basic_auth.length === 0) {
      const refusal = refuseHost(request.headers.host, options.allowed_hosts);
      if (refusal) throw new ProblemError(403, 'Forbidden', refusal);
    } else if (!isOpen(path)) {
      request.user = checkBasic(request.headers.authorization, options.basic_auth);
      if (request.user === null) {
        reply.header('www-authenticate', 'Basic realm="umbel", charset="UTF-8"');
        throw new ProblemError(401, 'Unauthorized', 'A user and password are needed.');
      }
    }
    const upgrade = request.headers.upgrade?.toLowerCase() === 'websocket';
    if (!upgrade && (request.method === 'GET' || request.method === 'HEAD')) return;
    const { host, origin } = request.headers;
    const refusal = refuseOrigin({
      host,
      origin,
      fetchSite: upgrade ? undefined : (request.headers['sec-fetch-site'] as string | undefined),
    });
    if (refusal) throw new ProblemError(403, 'Forbidden', refusal);
    if (!upgrade && !/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
      throw new ProblemError(415, 'Unsupported media type', 'What changes something is sent as application/json.');
  };

  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 1024 },
    // What is refused before any route is found, an address with a bad escape for instance.
    frameworkErrors: (error, request, reply) => problem(error, request as FastifyRequest, reply as FastifyReply, log),
    ajv: {},
  });
  app.register(plugin, { prefix: options.url_prefix });
  if (options.url_prefix !== '') app.get('/', async (_, reply) => reply.redirect(`${options.url_prefix}/`));

  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    for (const socket of sockets) socket.bye('the server stops');
    feed.stop();
    attention.stop();
    follower.stop();
    await app.close();
    if (starting !== null) {
      const began = await starting.then(
        () => true,
        () => false,
      );
      if (began) await cluster.stop();
    }
    await link.close();
    await lateHistory.get()?.close();
    timer.clear();
  };

  return {
    app,
    plugin,
    options,
    start,
    async listen() {
      const address = await app.listen({ port: options.port, host: options.address });
      await start();
      return `${address}${options.url_prefix}`;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A store that is opened later than it is handed on. Using it before is a mistake of ours and throws. */
function late<T extends object>(): { value: T; set(value: T): void; get(): T | null } {
  let real: T | null = null;
  const value = new Proxy({} as T, {
    get(_, name) {
      if (real === null) throw new Error(`The history is not open yet (${String(name)}).`);
      const found = Reflect.get(real, name) as unknown;
      return typeof found === 'function' ? found.bind(real) : found;
    },
  });
  return {
    value,
    set: (v) => {
      real = v;
    },
    get: () => real,
  };
}

function problem(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  if (error instanceof ProblemError) {
    reply.headers(error.headers);
    send(reply, error.status, error.title, error.message, error.position);
    return;
  }
  const status = (error as { statusCode?: unknown }).statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    send(
      reply,
      status,
      status === 415 ? 'Unsupported media type' : status === 413 ? 'Too large' : 'Bad request',
      toError(error).message,
    );
    return;
  }
  if (error instanceof QueryTooCostly) {
    send(reply, 400, 'Too costly', error.message);
    return;
  }
  if (error instanceof OperationalError) {
    send(reply, 503, 'Broker unreachable', error.message);
    return;
  }
  if (error instanceof ImproperlyConfigured) {
    send(reply, 503, 'Not usable', error.message);
    return;
  }
  log.error(`${request.method} ${request.url.split('?')[0]}: ${toError(error).stack ?? String(error)}`);
  send(reply, 500, 'Internal error', 'The server failed to answer. Its log says more.');
}

function send(reply: FastifyReply, status: number, title: string, detail: string, position?: number): void {
  reply
    .code(status)
    .type('application/problem+json; charset=utf-8')
    .send(
      JSON.stringify({ type: 'about:blank', title, status, detail, ...(position === undefined ? {} : { position }) }),
    );
}

interface Described {
  properties?: Record<string, { type?: string; minimum?: number; maximum?: number; anyOf?: { const?: string }[] }>;
  required?: string[];
}

/** Query strings and paths: texts, numbers and choices. What is not described is let through unread. */
function validator(schema: unknown): (data: unknown) => true | { error: Error; value?: unknown } {
  const { properties = {}, required = [] } = schema as Described;
  const refuse = (text: string): { error: Error } => ({ error: Object.assign(new Error(text), { statusCode: 400 }) });
  return (data) => {
    const values = data as Record<string, unknown>;
    for (const name of required)
      if (values[name] === undefined || values[name] === '') return refuse(`'${name}' is required.`);
    for (const [name, rule] of Object.entries(properties)) {
      const value = values[name];
      if (value === undefined) continue;
      if (Array.isArray(value)) return refuse(`'${name}' is given more than once.`);
      if (rule.anyOf) {
        const choices = rule.anyOf.map((c) => c.const);
        if (!choices.includes(value as string))
          return refuse(`'${name}' must be one of ${choices.join(', ')}, not ${JSON.stringify(value)}.`);
      } else if (rule.type === 'integer' || rule.type === 'number') {
        const number = Number(value);
        if (value === '' || !Number.isFinite(number) || (rule.type === 'integer' && !Number.isInteger(number)))
          return refuse(
            `'${name}' must be ${rule.type === 'integer' ? 'a whole number' : 'a number'}, not ${JSON.stringify(value)}.`,
          );
        if (rule.minimum !== undefined && number < rule.minimum)
          return refuse(`'${name}' must be at least ${rule.minimum}.`);
        if (rule.maximum !== undefined && number > rule.maximum)
          return refuse(`'${name}' must be at most ${rule.maximum}.`);
        values[name] = number;
      }
    }
    return true;
  };
}

function packageVersion(): string {
  for (const up of ['../package.json', '../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        name: string;
        version: string;
      };
      if (name === 'umbel') return version;
    } catch {
      // From sources it lies two folders up, built one.
    }
  }
  return '0.0.0';
}
